"""model.json: the network, its loss, the optimizer and the learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from nam_engine.errors import UnsupportedError
from nam_engine.full.json_file import JsonFile
from nam_engine.full.loss_part import parse_loss
from nam_engine.full.optimizer_part import parse_optimizer, parse_schedule
from nam_engine.json_node import Node, quoted
from nam_engine.method import JudgedBy, Objective, OptimizerChoice, RateDecay, TorchScheduler
from nam_engine.wavenet.config import FILM_POSITIONS, PackedConfig
from nam_engine.wavenet.parse import parse_packed, parse_plain

__all__ = ["Model", "parse_model"]

PACKED, PLAIN = "PackedWaveNet", "WaveNet"
TOP_LEVEL = ("net", "loss", "optimizer", "lr_scheduler", "checkpoint_path")
WAVENET = ("layers_configs", "layers", "head_scale", "head", "condition_dsp", "sample_rate")
LAYER_ARRAY = (
    "activation",
    "bottleneck",
    "channels",
    "condition_size",
    "dilations",
    "film_params",
    "gated",
    "gating_mode",
    "groups_input",
    "groups_input_mixin",
    "head",
    "head1x1",
    "head_1x1_config",
    "input_size",
    "kernel_size",
    "kernel_sizes",
    "layer1x1",
    "layer_1x1_config",
    "secondary_activation",
    "slimmable",
    *FILM_POSITIONS,
)
PARTS_OF_LAYER_ARRAY = {
    "head": ("out_channels", "kernel_size", "bias"),
    "head_1x1_config": ("active", "out_channels", "groups"),
    "layer_1x1_config": ("active", "groups"),
}


@dataclass(frozen=True)
class Model:
    """What the model file asks for; the fields are those of ``Method`` and ``Description``."""

    network: PackedConfig
    is_packed: bool
    objective: Objective
    judged_by: JudgedBy
    optimizer: OptimizerChoice
    schedule: RateDecay | TorchScheduler


def parse_model(file: JsonFile, epochs: int) -> Model:
    """What the model file asks for; its schedule must last for ``epochs`` epochs."""
    root = file.root
    file.warn_of_unknown(root, TOP_LEVEL)
    if "checkpoint_path" in root:
        raise UnsupportedError(
            "checkpoint_path asks for a checkpoint, which could run code.",
            "Go on with an earlier training with --resume.",
        )
    network, is_packed = _network(file, root["net"])
    objective, judged_by = parse_loss(file)
    optimizer = parse_optimizer(file)
    schedule = parse_schedule(file, optimizer, epochs, len(network.submodels))
    return Model(network, is_packed, objective, judged_by, optimizer, schedule)


def _network(file: JsonFile, net: Node) -> tuple[PackedConfig, bool]:
    file.warn_of_unknown(net, ("name", "config"))
    name, config = net["name"], net["config"]
    if name.text() not in (PACKED, PLAIN):
        raise UnsupportedError(
            f"{name.where} is {quoted(name.text())}, which cannot be trained here.",
            f"Possible are {PACKED} and {PLAIN}.",
        )
    if name.text() == PLAIN:
        network = parse_plain(config)
        _warn_of_unknown_in_wavenet(file, config)
        return network, False
    network = parse_packed(config)
    file.warn_of_unknown(config.get("export", {}), ("container_max_values",))
    for submodel in config["submodels"]:
        file.warn_of_unknown(submodel, ("name", "config"))
        _warn_of_unknown_in_wavenet(file, submodel["config"])
    return network, True


def _warn_of_unknown_in_wavenet(file: JsonFile, config: Node) -> None:
    file.warn_of_unknown(config, WAVENET)
    for array in config["layers_configs" if "layers_configs" in config else "layers"]:
        file.warn_of_unknown(array, LAYER_ARRAY)
        for key, known in PARTS_OF_LAYER_ARRAY.items():
            file.warn_of_unknown(array.get(key, {}), known)
