"""Network descriptions from the official forms, checked.

Two spellings are read: the training configuration (``layers_configs``,
``kernel_size`` or ``kernel_sizes``, ``layer_1x1_config``, ``head_1x1_config``,
activations by ``name``) and the exported one of a .nam file (``layers``,
``layer1x1``, ``head1x1``, activations by ``type``). Source: the configuration of
``neural-amp-modeler`` 0.13.0 and the .nam file version 0.7.0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.json_node import Node, quoted
from nam_engine.wavenet.config import (
    ACTIVATIONS,
    FILM_POSITIONS,
    Activation,
    LayerArrayConfig,
    PackedConfig,
    Submodel,
    WaveNetConfig,
)

__all__ = ["MAX_SUBMODELS", "parse_packed", "parse_plain", "parse_wavenet"]

T = TypeVar("T")

# Far above anything that runs in real time; they keep a hostile file from
# asking for absurd memory before its weights are even counted.
MAX_CHANNELS = 256
MAX_PARAMETER = 1e6
MAX_LAYERS = 256
MAX_ARRAYS = 8
MAX_KERNEL = 65_536
MAX_RECEPTIVE_FIELD = 2_000_000
MAX_SUBMODELS = 16
MAX_NAME = 100
MAX_SHOWN = 300
MAX_TRAINED_WEIGHTS = 10_000_000  # all submodels together; A2 has 14,017
MAX_CHANNEL_SAMPLES = 10_000_000  # receptive field times channels; A2-Full has 50,776

PACKED_SETTINGS = frozenset({"submodels", "export", "sample_rate"})


def parse_packed(raw: object) -> PackedConfig:
    """Parse a packed configuration (``submodels``, ``export``), decoded or as a :class:`Node`.

    Raises :class:`ConfigError` or :class:`UnsupportedError` with the submodel, the path of
    the value from the beginning of its document, and both values where two disagree.
    """
    node = raw if isinstance(raw, Node) else Node(raw, "")
    if unknown := sorted(set(node.keys()) - PACKED_SETTINGS):
        raise ConfigError(
            f"{node[unknown[0]].where} is not a setting of a packed network.",
            f"It has {', '.join(sorted(PACKED_SETTINGS))}.",
        )
    entries = node["submodels"]
    if not 1 <= len(entries) <= MAX_SUBMODELS:
        raise ConfigError(
            f"{entries.where} has {len(entries)} entries; a packed network needs at least one"
            f" submodel and can have {MAX_SUBMODELS}."
        )
    submodels: list[Submodel] = []
    for i, entry in enumerate(entries):
        named = entry.get("name", f"submodel_{i}")
        name = named.text()
        if not (name.isprintable() and 1 <= len(name) <= MAX_NAME):
            raise named.wrong(f"1 to {MAX_NAME} printable characters")
        if name in (s.name for s in submodels):
            raise ConfigError(f"{named.where} repeats the name '{name}'.")
        try:
            submodels.append(Submodel(name, parse_wavenet(entry["config"])))
        except ConfigError as error:
            raise type(error)(f"Submodel '{name}': {error.message}", error.remedy) from None
        _require_compatible(submodels[0], submodels[-1], entry["config"])
    _require_trainable(submodels, entries)
    return PackedConfig(tuple(submodels), _max_values(node.get("export", {}), len(submodels)))


def parse_plain(node: Node) -> PackedConfig:
    """Parse an ordinary WaveNet's ``config`` as a packed network of one submodel, ``model``."""
    only = Submodel("model", parse_wavenet(node))
    _require_trainable([only], node)
    return PackedConfig((only,), (1.0,))


def parse_wavenet(node: Node) -> WaveNetConfig:
    """Parse an ordinary WaveNet's ``config`` in either form."""
    if "condition_dsp" in node:
        raise _unsupported(node, "condition_dsp", "a condition DSP")
    if "head" in node:
        raise _unsupported(node, "head", "a top-level head")
    layers = _layers(node)
    if not 1 <= len(layers) <= MAX_ARRAYS:
        raise ConfigError(
            f"{layers.where} has {len(layers)} layer arrays; 1 to {MAX_ARRAYS} are possible."
        )
    arrays = tuple(_parse_layer_array(layer) for layer in layers)
    _require_chained(arrays, layers)
    head_scale = node.get("head_scale", 1.0)
    config = WaveNetConfig(arrays, head_scale.number())
    if abs(config.head_scale) > MAX_PARAMETER:
        raise ConfigError(f"{head_scale.where} is beyond {MAX_PARAMETER:g}.")
    widest = max(
        max(a.channels, a.bottleneck, a.head_input_channels, a.head_channels) for a in arrays
    )
    if widest * config.receptive_field > MAX_CHANNEL_SAMPLES:
        raise ConfigError(
            f"{layers.where} has {widest} channels and a receptive field of"
            f" {config.receptive_field} samples; together that is more than can be played."
        )
    return config


def _parse_layer_array(node: Node) -> LayerArrayConfig:
    layers = len(node["dilations"])
    if not 1 <= layers <= MAX_LAYERS:
        raise ConfigError(
            f"{node.where}.dilations has {layers} entries; 1 to {MAX_LAYERS} are possible."
        )
    _refuse_unsupported(node, layers)
    dilations = tuple(d.integer(1, MAX_RECEPTIVE_FIELD) for d in node["dilations"])
    kernels = _kernels(node)
    channels = node["channels"].integer(1, MAX_CHANNELS)
    bottleneck = node.get("bottleneck", channels).integer(1, MAX_CHANNELS)
    layer1x1 = _layer1x1(node).get("active", True).boolean()
    if not layer1x1 and bottleneck != channels:
        raise ConfigError(
            f"{node.where}.bottleneck is {bottleneck} but channels is {channels};"
            " without a layer 1x1 they must be equal."
        )
    head, head1x1 = node["head"], _head1x1(node)
    return LayerArrayConfig(
        input_size=node["input_size"].integer(1, MAX_CHANNELS),
        condition_size=node["condition_size"].integer(1, MAX_CHANNELS),
        channels=channels,
        bottleneck=bottleneck,
        kernel_sizes=_per_layer(kernels, layers, lambda k: k.integer(1, MAX_KERNEL)),
        dilations=dilations,
        activations=_per_layer(node["activation"], layers, _parse_activation),
        head_channels=head["out_channels"].integer(1, MAX_CHANNELS),
        head_kernel_size=head.get("kernel_size", 1).integer(1, MAX_KERNEL),
        head_bias=head.get("bias", True).boolean(),
        layer1x1=layer1x1,
        head1x1_channels=(
            head1x1.get("out_channels", 1).integer(1, MAX_CHANNELS)
            if head1x1.get("active", False).boolean()
            else None
        ),
    )


def _layers(node: Node) -> Node:
    return node["layers" if "layers" in node and "layers_configs" not in node else "layers_configs"]


def _kernels(node: Node) -> Node:
    return node["kernel_sizes" if "kernel_sizes" in node else "kernel_size"]


def _layer1x1(node: Node) -> Node:
    return node.get("layer_1x1_config" if "layer_1x1_config" in node else "layer1x1", {})


def _head1x1(node: Node) -> Node:
    return node.get("head_1x1_config" if "head_1x1_config" in node else "head1x1", {})


def _per_layer(node: Node, layers: int, parse: Callable[[Node], T]) -> tuple[T, ...]:
    """One value per layer, from a list or from a single value for all."""
    if not isinstance(node.value, list):
        return (parse(node),) * layers
    if len(node) != layers:
        raise ConfigError(f"{node.where} has {len(node)} entries for {layers} dilations.")
    return tuple(parse(item) for item in node)


def _parse_activation(node: Node) -> Activation:
    if isinstance(node.value, str):
        name, given = node.text(), Node({}, node.where)
    else:
        given = node
        name = given["name" if "name" in given else "type"].text()
    if name not in ACTIVATIONS:
        paired = name.startswith("Pair")
        what = "paired (gated) activations" if paired else f"activation {quoted(name)}"
        raise UnsupportedError(
            f"{node.where} asks for {what}, which is not supported.",
            f"Supported are {', '.join(ACTIVATIONS)}.",
        )
    defaults = ACTIVATIONS[name]
    if unknown := sorted(set(given.keys()) - {"name", "type", *defaults}):
        raise ConfigError(f"{node.where}: activation {name} has no parameter {quoted(unknown[0])}.")
    parameters = {key: given.get(key, value).number() for key, value in defaults.items()}
    if any(abs(value) > MAX_PARAMETER for value in parameters.values()):
        raise ConfigError(f"{node.where} has a parameter beyond {MAX_PARAMETER:g}.")
    if parameters.get("min_val", 0) > parameters.get("max_val", 0):
        raise ConfigError(f"{node.where}.min_val is above max_val.")
    return Activation(name, tuple(parameters.values()))


def _unsupported(node: Node, key: str, what: str) -> UnsupportedError:
    value = node.get(key).value
    shown = f" ({quoted(value)})" if isinstance(value, (bool, int, float, str)) else ""
    return UnsupportedError(f"{node.where}.{key} asks for {what}{shown}, which is not supported.")


def _refuse_unsupported(node: Node, layers: int) -> None:
    """Refuse what a layer array may ask for and packed training cannot do."""
    slimmable = node.get("slimmable")
    if slimmable.value is not None:
        raise _unsupported(node, "slimmable", "slimmable channels inside a submodel")
    if node.get("gated", False).boolean():
        raise _unsupported(node, "gated", "gated activations")
    for mode in _per_layer(node.get("gating_mode", "none"), layers, lambda mode: mode):
        if mode.text() != "none":
            raise UnsupportedError(
                f"{mode.where} asks for gated activations ({quoted(mode.text())}),"
                " which is not supported."
            )
    groups = [(node, "groups_input"), (node, "groups_input_mixin")]
    groups += [(_layer1x1(node), "groups"), (_head1x1(node), "groups")]
    for owner, key in groups:
        if owner.get(key, 1).integer(1, MAX_CHANNELS) != 1:
            raise _unsupported(owner, key, "grouped convolutions")
    films = node.get("film_params", {})
    for owner in (node, films):
        for position in FILM_POSITIONS:
            film = owner.get(position, False)
            active = film if isinstance(film.value, bool) else film.get("active", False)
            if active.boolean():
                raise _unsupported(owner, position, "FiLM")


def _require_chained(arrays: Sequence[LayerArrayConfig], layers: Node) -> None:
    """Each layer array must fit the one before it; input and output are mono."""
    where = layers.where
    if arrays[0].input_size != 1:
        raise UnsupportedError(
            f"{where}[0].input_size is {arrays[0].input_size}; only mono input (1) is supported."
        )
    for i, (array, layer) in enumerate(zip(arrays, layers, strict=True)):
        if array.condition_size != 1:
            raise UnsupportedError(
                f"{where}[{i}].condition_size is {array.condition_size};"
                " only mono conditioning (1) is supported."
            )
        if i == 0:
            continue
        before = arrays[i - 1]
        if array.input_size != before.channels:
            raise ConfigError(
                f"{where}[{i}].input_size is {array.input_size} but"
                f" {where}[{i - 1}].channels is {before.channels}; they must be equal."
            )
        if array.head_input_channels != before.head_channels:
            key = f"{layer.where}.bottleneck"
            if array.head1x1_channels is not None:
                key = f"{_head1x1(layer).where}.out_channels"
            raise ConfigError(
                f"{key} is {array.head_input_channels} but"
                f" {where}[{i - 1}].head.out_channels is {before.head_channels};"
                " they must be equal."
            )
    if arrays[-1].head_channels != 1:
        raise UnsupportedError(
            f"{where}[{len(arrays) - 1}].head.out_channels is {arrays[-1].head_channels};"
            " only one output channel per submodel is supported."
        )


# What must be the same in all submodels of a layer array: its key, and how to read it.
_SHARED: tuple[tuple[str, Callable[[LayerArrayConfig], object]], ...] = (
    ("dilations", lambda a: list(a.dilations)),
    ("kernel_sizes", lambda a: list(a.kernel_sizes)),
    ("activation", lambda a: [x.to_json() for x in a.activations]),
    ("head.kernel_size", lambda a: a.head_kernel_size),
    ("head.bias", lambda a: a.head_bias),
    ("layer_1x1_config.active", lambda a: a.layer1x1),
    ("head_1x1_config.active", lambda a: a.head1x1_channels is not None),
)


def _require_compatible(first: Submodel, other: Submodel, node: Node) -> None:
    """Refuse a submodel, from ``node``, that cannot share a packed network with the first."""

    def differ(what: str, theirs: object, ours: object) -> ConfigError:
        mine, yours = json.dumps(ours), json.dumps(theirs)
        if isinstance(ours, list) and isinstance(theirs, list) and len(mine + yours) > MAX_SHOWN:
            layer = next(i for i, (x, y) in enumerate(zip(ours, theirs, strict=True)) if x != y)
            mine, yours = json.dumps(ours[layer]), f"{json.dumps(theirs[layer])} in layer {layer}"
        return ConfigError(
            f"Submodel '{other.name}': {what} is {yours} but submodel '{first.name}' has {mine};"
            " packed submodels must agree."
        )

    ours, theirs = first.config, other.config
    if ours.head_scale != theirs.head_scale:
        raise differ(node.get("head_scale").where, theirs.head_scale, ours.head_scale)
    layers = _layers(node)
    if len(ours.layer_arrays) != len(theirs.layer_arrays):
        count = f"the number of layer arrays in {layers.where}"
        raise differ(count, len(theirs.layer_arrays), len(ours.layer_arrays))
    for layer, a, b in zip(layers, ours.layer_arrays, theirs.layer_arrays, strict=True):
        if len(a.dilations) != len(b.dilations):
            count = f"the number of layers in {layer['dilations'].where}"
            raise differ(count, len(b.dilations), len(a.dilations))
        for key, read in _SHARED:
            if read(a) != read(b):
                written = _kernels(layer).where if key == "kernel_sizes" else f"{layer.where}.{key}"
                raise differ(written, read(b), read(a))


def _require_trainable(submodels: Sequence[Submodel], node: Node) -> None:
    weights = sum(s.config.weight_count for s in submodels)
    if weights > MAX_TRAINED_WEIGHTS:
        raise ConfigError(
            f"{node.where} asks for {weights} weights; {MAX_TRAINED_WEIGHTS} can be trained."
        )


def _max_values(export: Node, submodels: int) -> tuple[float, ...]:
    """The container's thresholds; ``"uniform"`` gives (i + 1) / n."""
    node = export.get("container_max_values", "uniform")
    if node.value == "uniform":
        return tuple((i + 1) / submodels for i in range(submodels))
    if len(node) != submodels:
        raise ConfigError(f"{node.where} has {len(node)} values for {submodels} submodels.")
    values = [item.number() for item in node]
    values[-1] = 1.0
    for i in range(1, submodels):
        if values[i] <= values[i - 1]:
            raise ConfigError(
                f"{node.where}[{i}] is {values[i]} after {values[i - 1]}; values must ascend"
                " (the last counts as 1.0)."
            )
    return tuple(values)
