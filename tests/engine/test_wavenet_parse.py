from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from support import layer_array, small_packed, submodel, two_array_packed

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.json_node import Node
from nam_engine.presets import A2
from nam_engine.wavenet.parse import parse_packed, parse_plain, parse_wavenet


def test_a2_preset_has_the_published_figures() -> None:
    config = parse_packed(A2)
    assert config.names == ("channels_3", "channels_8")
    assert [s.config.weight_count for s in config.submodels] == [1871, 12146]
    assert config.receptive_field == 6347
    assert config.max_values == (0.5, 1.0)


def test_exported_form_reads_back_as_the_same_configuration() -> None:
    for packed in (parse_packed(A2), two_array_packed()):
        for part in packed.submodels:
            assert parse_wavenet(Node(part.config.to_json(), "config")) == part.config


def test_single_values_apply_to_every_layer() -> None:
    short = layer_array(kernel_size=4, activation="ReLU")
    long = layer_array(activation=["ReLU", {"type": "ReLU"}], kernel_sizes=[4, 4])
    parsed = [parse_packed({"submodels": [submodel("x", a)]}) for a in (short, long)]
    assert parsed[0] == parsed[1]


def test_spelled_out_default_equals_the_short_form() -> None:
    config = parse_packed(
        {
            "submodels": [
                submodel("a", layer_array(activation="LeakyReLU")),
                submodel(
                    "b", layer_array(activation={"name": "LeakyReLU", "negative_slope": 0.01})
                ),
            ]
        }
    )
    assert len(config.submodels) == 2


def two_arrays(**second: Any) -> list[dict[str, Any]]:
    first = layer_array(4, head={"out_channels": 2, "kernel_size": 1, "bias": False})
    return [first, layer_array(2, **{"input_size": 4, **second})]


SECOND = "submodels[1].config.layers_configs[0]"

# Each rule: the second submodel's change and what the message must contain.
INCOMPATIBLE: dict[str, tuple[list[dict[str, Any]], float, list[str]]] = {
    "number of layer arrays": (
        two_arrays(),
        0.1,
        ["number of layer arrays in submodels[1].config.layers_configs is 2", "has 1"],
    ),
    "depth": (
        [layer_array(dilations=[1])],
        0.1,
        [f"number of layers in {SECOND}.dilations is 1", "has 2"],
    ),
    "kernel sizes": (
        [layer_array(kernel_size=5)],
        0.1,
        [f"{SECOND}.kernel_size is", "[5, 5]", "[3, 3]"],
    ),
    "dilations": (
        [layer_array(dilations=[1, 4])],
        0.1,
        [f"{SECOND}.dilations", "[1, 4]", "[1, 2]"],
    ),
    "activations": (
        [layer_array(activation=["Tanh", "ReLU"])],
        0.1,
        [f"{SECOND}.activation", "ReLU", "Tanh"],
    ),
    "head_scale": ([layer_array()], 0.2, ["submodels[1].config.head_scale is 0.2", "0.1"]),
    "head kernel": (
        [layer_array(head={"out_channels": 1, "kernel_size": 9, "bias": True})],
        0.1,
        [f"{SECOND}.head.kernel_size", "9", "2"],
    ),
    "head bias": (
        [layer_array(head={"out_channels": 1, "kernel_size": 2, "bias": False})],
        0.1,
        [f"{SECOND}.head.bias", "false", "true"],
    ),
    "layer 1x1": (
        [layer_array(layer_1x1_config={"active": False})],
        0.1,
        [f"{SECOND}.layer_1x1_config.active", "false", "true"],
    ),
    "head 1x1": (
        [layer_array(head_1x1_config={"active": True, "out_channels": 2})],
        0.1,
        [f"{SECOND}.head_1x1_config.active", "true", "false"],
    ),
}


@pytest.mark.parametrize("rule", INCOMPATIBLE)
def test_incompatible_submodels_are_refused(rule: str) -> None:
    arrays, head_scale, expected = INCOMPATIBLE[rule]
    raw = {
        "submodels": [
            submodel("first", layer_array()),
            submodel("second", *arrays, head_scale=head_scale),
        ]
    }
    with pytest.raises(ConfigError) as caught:
        parse_packed(raw)
    for part in ("'first'", "'second'", *expected):
        assert part in caught.value.message


def test_condition_sizes_that_differ_are_refused() -> None:
    raw = {
        "submodels": [
            submodel("first", layer_array()),
            submodel("second", layer_array(condition_size=2)),
        ]
    }
    with pytest.raises(UnsupportedError, match=r"'second'.*condition_size is 2.*\(1\)"):
        parse_packed(raw)


CHAIN: dict[str, tuple[dict[str, Any], str]] = {
    "input size": ({"input_size": 3}, r"\[1\]\.input_size is 3 but .*\[0\]\.channels is 4"),
    "bottleneck": ({"bottleneck": 3}, r"\[1\]\.bottleneck is 3 but .*head\.out_channels is 2"),
    "head 1x1": (
        {"head_1x1_config": {"active": True, "out_channels": 7}},
        r"\[1\]\.head_1x1_config\.out_channels is 7 but .*head\.out_channels is 2",
    ),
}


@pytest.mark.parametrize("rule", CHAIN)
def test_layer_arrays_that_do_not_chain_are_refused(rule: str) -> None:
    change, expected = CHAIN[rule]
    with pytest.raises(ConfigError, match="Submodel 'x'.*" + expected):
        parse_packed({"submodels": [submodel("x", *two_arrays(**change))]})


ACTIVE = {"active": True}
UNSUPPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "grouped input": ({"groups_input": 2}, r"groups_input asks for grouped .*\(2\)"),
    "grouped mixin": ({"groups_input_mixin": 3}, r"groups_input_mixin asks .*\(3\)"),
    "grouped layer 1x1": (
        {"layer_1x1_config": {"active": True, "groups": 2}},
        r"layer_1x1_config\.groups asks .*\(2\)",
    ),
    "grouped head 1x1": (
        {"head_1x1_config": {"active": True, "out_channels": 2, "groups": 2}},
        r"head_1x1_config\.groups asks .*\(2\)",
    ),
    "FiLM": ({"film_params": {"conv_pre_film": ACTIVE}}, r"film_params\.conv_pre_film .*FiLM"),
    "exported FiLM": ({"head1x1_post_film": ACTIVE}, r"head1x1_post_film asks for FiLM"),
    "paired activation": (
        {"activation": {"name": "PairMultiply", "primary": "Tanh", "secondary": "Sigmoid"}},
        r"activation asks for paired \(gated\) activations",
    ),
    "old gating": ({"gated": True}, r"gated asks for gated activations \(true\)"),
    "exported gating": ({"gating_mode": ["none", "blended"]}, r'gating_mode\[1\].*\("blended"\)'),
    "trained activation": ({"activation": "PReLU"}, r'activation "PReLU"'),
    "slimmable": ({"slimmable": {"method": "slice_channels_uniform"}}, r"slimmable asks for"),
    "multi-channel input": ({"input_size": 2}, r"input_size is 2; only mono"),
    "multi-channel conditioning": ({"condition_size": 2}, r"condition_size is 2; only mono"),
    "two outputs": (
        {"head": {"out_channels": 2, "kernel_size": 1, "bias": True}},
        r"head\.out_channels is 2; only one output",
    ),
}


@pytest.mark.parametrize("feature", UNSUPPORTED)
def test_unsupported_features_are_refused(feature: str) -> None:
    change, expected = UNSUPPORTED[feature]
    raw = {
        "submodels": [submodel("fine", layer_array()), submodel("odd", layer_array(**change))],
    }
    with pytest.raises(UnsupportedError) as caught:
        parse_packed(raw)
    assert "Submodel 'odd'" in caught.value.message
    assert "submodels[1].config.layers_configs[0]" in caught.value.message
    with pytest.raises(UnsupportedError, match=expected):
        parse_packed(raw)


@pytest.mark.parametrize(
    ("key", "value"), [("condition_dsp", {"name": "WaveNet"}), ("head", {"channels": 4})]
)
def test_unsupported_network_parts_are_refused(key: str, value: object) -> None:
    odd = submodel("odd", layer_array())
    odd["config"][key] = value
    with pytest.raises(UnsupportedError, match=rf"Submodel 'odd': .*config\.{key} asks for"):
        parse_packed({"submodels": [odd]})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5], "has 1 values for 2 submodels"),
        ([0.5, 0.6, 1.0], "has 3 values for 2 submodels"),
        ([1.5, 1.0], "must ascend"),
        ([1.0, 1.0], "must ascend"),
        ([float("nan"), 1.0], "finite"),
        ("other", "a list"),
    ],
)
def test_bad_container_thresholds_are_refused(values: object, expected: str) -> None:
    raw = {**deepcopy(A2), "export": {"container_max_values": values}}
    with pytest.raises(ConfigError, match=expected):
        parse_packed(raw)


def test_last_container_threshold_counts_as_one() -> None:
    raw = {**deepcopy(A2), "export": {"container_max_values": [0.25, 0.75]}}
    assert parse_packed(raw).max_values == (0.25, 1.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"channels": 0}, r"channels should be an integer between 1"),
        ({"channels": "3"}, r"channels should be a number but is a text \(.3.\)"),
        ({"channels": True}, r"channels should be a number but is a boolean"),
        ({"dilations": []}, r"dilations has 0 entries"),
        ({"kernel_size": [3]}, r"kernel_size has 1 entries for 2 dilations"),
        ({"activation": {"name": "Tanh", "slope": 1}}, r"Tanh has no parameter \"slope\""),
        (
            {"bottleneck": 2, "layer_1x1_config": {"active": False}},
            r"bottleneck is 2 but channels is 3; without a layer 1x1",
        ),
        (
            {"head_1x1_config": {"active": True, "out_channels": 200}, "dilations": [1, 99_999]},
            r"receptive field of",
        ),
    ],
)
def test_malformed_values_are_refused_with_their_place(
    change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        parse_packed({"submodels": [submodel("x", layer_array(**change))]})


def test_missing_and_unknown_parts_are_named() -> None:
    with pytest.raises(ConfigError, match=r"submodels is missing"):
        parse_packed({})
    with pytest.raises(ConfigError, match=r"at least one submodel"):
        parse_packed({"submodels": []})
    with pytest.raises(ConfigError, match=r"^submodel is not a setting"):
        parse_packed({"submodel": [], "submodels": []})
    with pytest.raises(ConfigError, match=r"repeats the name 'x'"):
        parse_packed({"submodels": [submodel("x", layer_array()), submodel("x", layer_array())]})
    array = layer_array()
    del array["head"]
    with pytest.raises(ConfigError, match=r"layers_configs\[0\]\.head is missing"):
        parse_packed({"submodels": [submodel("x", array)]})


def test_long_lists_that_differ_are_told_by_the_layer() -> None:
    raw = deepcopy(A2)
    raw["submodels"][1]["config"]["layers_configs"][0]["dilations"] = [1] * 23
    with pytest.raises(ConfigError) as caught:
        parse_packed(raw)
    assert f"{SECOND}.dilations is [1, 1, 1" in caught.value.message
    raw = deepcopy(A2)
    leaky = {"name": "LeakyReLU", "negative_slope": 0.01}
    raw["submodels"][1]["config"]["layers_configs"][0]["activation"] = [leaky] * 22 + ["Tanh"]
    with pytest.raises(ConfigError, match=r'activation is \{"type": "Tanh"\} in layer 22 but'):
        parse_packed(raw)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", 3])
def test_names_that_cannot_be_shown_are_refused(name: object) -> None:
    odd = {**submodel("x", layer_array()), "name": name}
    with pytest.raises(ConfigError, match=r"^submodels\[0\]\.name should be"):
        parse_packed({"submodels": [odd]})


def test_more_submodels_or_weights_than_can_be_trained_are_refused() -> None:
    many = [submodel(f"s{i}", layer_array()) for i in range(17)]
    with pytest.raises(ConfigError, match=r"^submodels has 17 entries"):
        parse_packed({"submodels": many})
    wide = layer_array(250, dilations=[1] * 60, kernel_size=4)
    with pytest.raises(ConfigError, match=r"^submodels asks for \d+ weights; 10000000 can be"):
        parse_packed({"submodels": [submodel("x", wide)]})


def test_path_begins_where_the_network_stands_in_its_document() -> None:
    node = Node({"submodels": [submodel("x", layer_array(channels="3"))]}, "net.config")
    place = r"Submodel 'x': net\.config\.submodels\[0\]\.config\.layers_configs\[0\]\.channels"
    with pytest.raises(ConfigError, match=place):
        parse_packed(node)


def test_plain_network_is_a_packed_one_of_one_submodel() -> None:
    plain = parse_plain(Node(submodel("any", layer_array())["config"], "net.config"))
    assert plain.names == ("model",)
    assert plain.max_values == (1.0,)
    assert plain.submodels[0].config == small_packed().submodels[1].config
