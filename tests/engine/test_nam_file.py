from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import container_of, layer_array, small_packed, submodel, two_array_packed

from nam_engine.errors import NamFileError
from nam_engine.metadata import GearType, UserMetadata
from nam_engine.nam_file import NamContainer, NamModel, copy_nam, read_nam, write_nam
from nam_engine.presets import A2
from nam_engine.wavenet.parse import parse_packed


@pytest.mark.parametrize("packed", [small_packed(), two_array_packed(), parse_packed(A2)])
def test_container_reads_back_bit_for_bit(tmp_path: Path, packed: Any) -> None:
    container = container_of(packed)
    write_nam(tmp_path / "amp.nam", container)
    read = read_nam(tmp_path / "amp.nam")
    assert isinstance(read, NamContainer)
    assert read.metadata == container.metadata
    for ours, theirs in zip(container.entries, read.entries, strict=True):
        assert ours.max_value == theirs.max_value
        np.testing.assert_array_equal(ours.model.weights, theirs.model.weights)
        assert theirs.model.sample_rate_hz == 48_000
        assert theirs.model.config.layer_arrays == ours.model.config.layer_arrays
    assert read.to_json() == container.to_json()


def test_single_model_reads_back(tmp_path: Path) -> None:
    model = replace(container_of(small_packed()).entries[0].model, sample_rate_hz=None)
    write_nam(tmp_path / "amp.nam", model)
    read = read_nam(tmp_path / "amp.nam")
    assert isinstance(read, NamModel)
    assert read.sample_rate_hz is None
    assert "sample_rate" not in json.loads((tmp_path / "amp.nam").read_text())


def test_file_layout() -> None:
    """Every byte of a tiny file: a change of the format must be a decision."""
    array = layer_array(1, kernel_size=1, dilations=[1], activation="ReLU")
    packed = parse_packed({"submodels": [submodel("x", array, head_scale=0.5)]})
    document = container_of(packed).to_json()
    model = document["config"]["submodels"][0]["model"]
    weights = model.pop("weights")
    assert len(weights) == 10
    assert weights[-1] == 0.5
    inactive = '{"active": false, "shift": true, "groups": 1}'
    films = "conv_pre conv_post input_mixin_pre input_mixin_post activation_pre activation_post"
    film_json = "".join(
        f'"{name}_film": {inactive}, ' for name in [*films.split(), "layer1x1_post", "head1x1_post"]
    )
    assert json.dumps(document) == (
        '{"version": "0.7.0", "metadata": {"name": "Test", "loudness": -20.0, "gain": 0.5},'
        ' "architecture": "SlimmableContainer", "config": {"submodels": [{"max_value": 1.0,'
        ' "model": {"version": "0.7.0", "metadata": {"loudness": -20.0, "gain": 0.5},'
        ' "architecture": "WaveNet", "config": {"layers": [{"input_size": 1,'
        ' "condition_size": 1, "head": {"out_channels": 1, "kernel_size": 2, "bias": true},'
        ' "channels": 1, "kernel_sizes": [1], "dilations": [1],'
        ' "activation": [{"type": "ReLU"}], "bottleneck": 1,'
        ' "head1x1": {"active": false, "out_channels": 1, "groups": 1},'
        ' "layer1x1": {"active": true, "groups": 1}, "groups_input": 1,'
        f' "groups_input_mixin": 1, {film_json}"gating_mode": ["none"],'
        ' "secondary_activation": [null], "slimmable": null}], "head": null,'
        ' "head_scale": 0.5}, "sample_rate": 48000}}]}, "weights": [], "sample_rate": 48000}'
    )


@pytest.mark.parametrize(("slim", "place"), [(0.0, 0), (0.49, 0), (0.5, 1), (0.99, 1), (1.0, 1)])
def test_size_setting_selects_as_the_runtime_does(slim: float, place: int) -> None:
    container = container_of(small_packed())
    assert container.select(slim) is container.entries[place].model


def test_copy_has_the_words_of_today_and_all_else_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "amp.nam", tmp_path / "copy.nam"
    container = container_of(parse_packed(A2))
    document = container.to_json()
    document["metadata"]["date"] = {"year": 2024}
    document["metadata"]["modeled_by"] = "somebody"
    document["theirs"] = [1, None, "ö"]
    source.write_text(json.dumps(document))
    target.write_text("old")
    copy_nam(source, target, UserMetadata("Ämp", gear_type=GearType.AMP, input_level_dbu=12.5))
    written = json.loads(target.read_text())
    assert written.pop("metadata") == {
        "loudness": -20.0,
        "date": {"year": 2024},
        **UserMetadata("Ämp", gear_type=GearType.AMP, input_level_dbu=12.5).to_json(),
        "gain": 0.5,
    }
    del document["metadata"]
    assert written == document
    assert list(written) == list(document)
    read = read_nam(target)
    assert isinstance(read, NamContainer)
    for ours, theirs in zip(container.entries, read.entries, strict=True):
        assert ours.model.weights.tobytes() == theirs.model.weights.tobytes()


def test_damaged_model_is_not_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "amp.nam", tmp_path / "copy.nam"
    content = container_of(small_packed()).to_json()
    content["config"]["submodels"][0]["model"]["weights"].pop()
    source.write_text(json.dumps(content))
    with pytest.raises(NamFileError, match="weights"):
        copy_nam(source, target, UserMetadata())
    # Nested deeply enough to be read but perhaps not written.
    for depth in (100, 300, 500, 700, 900, 5_000):
        nested = "[" * depth + "]" * depth
        document = container_of(small_packed()).to_json()
        source.write_text(json.dumps({**document, "theirs": 0})[:-2] + nested + "}")
        try:
            copy_nam(source, target, UserMetadata())
        except NamFileError:
            assert depth > 100


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "amp.nam"
    container = container_of(small_packed())
    write_nam(path, container)
    before = path.read_bytes()

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(NamFileError, match="No space left on device"):
        write_nam(path, container_of(small_packed(), seed=1))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["amp.nam"]


def document() -> dict[str, Any]:
    return container_of(small_packed()).to_json()


def change(path: str, value: Any) -> dict[str, Any]:
    """The document with the value at a dotted path replaced (``del`` removes it)."""
    changed = copy.deepcopy(document())
    *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    node: Any = changed
    for key in parents:
        node = node[key]
    if value == "del":
        del node[last]
    else:
        node[last] = value
    return changed


MODEL = "config.submodels.1.model"
LAYER = f"{MODEL}.config.layers.0"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("architecture", "LSTM", r'architecture is "LSTM"; only WaveNet'),
        (f"{MODEL}.architecture", "SlimmableContainer", r"\[1\]\.model\.architecture is"),
        ("version", "0.5.4", r'version is "0\.5\.4"; only 0\.7'),
        ("version", 7, r"version should be a text"),
        ("version", "0.7.zzz", r"version is \"0\.7\.zzz\"; only 0\.7"),
        ("config", "del", r"config is missing"),
        ("weights", "del", r"weights is missing"),
        ("weights", [1.0], r"weights has 1 entries; a container has none"),
        ("sample_rate", 96_000, r"sample_rate is 96000 but the submodels' is 48000"),
        ("sample_rate", "x", r"sample_rate should be a number"),
        (f"{LAYER}.gating_mode", ["none"] * 9, r"gating_mode has 9 entries for 2 dilations"),
        (f"{LAYER}.channels", 256, r"weights has \d+ entries"),
        (f"{LAYER}.dilations", [1, 1_999_000], r"receptive field of .* more than can be played"),
        (f"{LAYER}.activation", {"type": "LeakyReLU", "negative_slope": 1e300}, r"beyond 1e\+06"),
        (
            f"{LAYER}.activation",
            {"type": "Hardtanh", "min_val": 1, "max_val": -1},
            r"min_val is above max_val",
        ),
        ("architecture", "\x1b]0;" + "x" * 10**5, r"architecture is \"\\u001b\]0;x{30,40}\.\.\.;"),
        ("config.submodels", [], r"config\.submodels has 0 entries"),
        (f"{MODEL}.weights", "del", r"config\.submodels\[1\]\.model\.weights is missing"),
        (f"{MODEL}.weights", [0.0], r"weights has 1 entries but the configuration needs \d+"),
        (f"{MODEL}.weights.0", None, r"weights\[0\] should be a number but is null"),
        (f"{MODEL}.weights.0", "1", r"weights\[0\] should be a number but is a text"),
        (f"{MODEL}.weights.0", 1e39, r"not a finite 32-bit number"),
        (f"{MODEL}.weights.0", 10**400, r"not a finite 32-bit number"),
        (f"{MODEL}.config.layers.0.channels", 10**9, r"channels should be an integer between"),
        (f"{MODEL}.sample_rate", 96_000, r"sample_rate is 96000 but the first submodel.s is 48000"),
        (f"{MODEL}.sample_rate", -1, r"sample_rate should be an integer between"),
        (f"{MODEL}.metadata", [], r"metadata should be an object"),
        (f"{MODEL}.metadata", {"a": 12345.5}, r"model\.metadata contains a number that is not"),
        ("config.submodels.1.max_value", 0.5, r"max_value is 0\.5 after 0\.5"),
        ("config.submodels.1.max_value", 0.9, r"last max_value is 0\.9"),
    ],
)
def test_broken_files_are_refused_with_the_place(
    tmp_path: Path, path: str, value: Any, expected: str
) -> None:
    file = tmp_path / "broken.nam"
    file.write_text(json.dumps(change(path, value)).replace("12345.5", "1e400"))
    with pytest.raises(NamFileError, match=expected) as caught:
        read_nam(file)
    assert caught.value.message.startswith("broken.nam: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not readable as JSON"),
        (b"\x00\xff", "not readable as JSON"),
        (b"[" * 20_000, "not readable as JSON"),
        (b'{"a":' * 20_000, "not readable as JSON"),
        (b"[]", r"damaged\.nam: what it holds should be an object but is a list\."),
        (b"7", r"damaged\.nam: what it holds should be an object but is a number \(7\)\."),
        (b'{"architecture": NaN}', "NaN is not a number"),
        (b" " * (8 * 2**20 + 1), "larger than 8 MiB"),
        (b"[" + b"[]," * 30_000 + b"0]", "more parts than any .nam file"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "damaged.nam"
    file.write_bytes(content)
    with pytest.raises(NamFileError, match=expected):
        read_nam(file)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NamFileError, match=r"missing\.nam cannot be read"):
        read_nam(tmp_path / "missing.nam")
