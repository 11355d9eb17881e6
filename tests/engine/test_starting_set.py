"""``nam-engine new-config`` writes files that are right and overwrites none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nam_engine.errors import NamEngineError
from nam_engine.full.starting_set import write_starting_set
from nam_engine.presets import A2, STANDARD_RECIPE
from nam_engine.wavenet.parse import parse_packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_set(tmp_path / "new" / "set")
    return tmp_path / "new" / "set"


def document(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def test_all_files_are_written_with_notes(tmp_path: Path) -> None:
    written = write_starting_set(tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    assert {path.suffix for path in written} == {".json", ".md"}
    for path in written:
        if path.suffix == ".json":
            assert all(isinstance(note, str) for note in document(path)["_notes"])


def test_a2_is_the_preset(folder: Path) -> None:
    net = document(folder / "model_a2.json")["net"]
    assert net["name"] == "PackedWaveNet"
    assert parse_packed(net["config"]) == parse_packed(A2)


def test_training_is_our_recipe(folder: Path) -> None:
    learning = document(folder / "learning.json")
    data = document(folder / "data.json")
    assert learning["trainer"]["max_epochs"] == STANDARD_RECIPE.epochs
    assert learning["train_dataloader"]["batch_size"] == STANDARD_RECIPE.batch_size
    assert data["train"]["ny"] == STANDARD_RECIPE.window_samples
    assert data["joint"][0]["kwargs"]["level_rms_dbfs"] == STANDARD_RECIPE.target_rms_dbfs
    for name in ("model_a2.json", "model_three_sizes.json"):
        model = document(folder / name)
        assert model["optimizer"] == {"class": "SOAP", "lr": STANDARD_RECIPE.learning_rate}
        assert model["loss"]["mrstft_weight"] == STANDARD_RECIPE.mrstft_weight
        assert model["loss"]["log_mse"] is True
        assert model["lr_scheduler"]["kwargs"]["T_max"] == STANDARD_RECIPE.epochs


def test_three_sizes_are_a2_but_for_their_widths(folder: Path) -> None:
    network = parse_packed(document(folder / "model_three_sizes.json")["net"]["config"])
    assert [s.config.layer_arrays[0].channels for s in network.submodels] == [2, 5, 12]
    assert network.receptive_field == parse_packed(A2).receptive_field
    assert network.max_values == (0.33, 0.66, 1.0)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "learning.json"
    mine.write_text("mine", "utf-8")
    with pytest.raises(NamEngineError, match=r"has learning\.json already"):
        write_starting_set(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    assert mine.read_text("utf-8") == "mine"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "set"
    taken.write_text("mine", "utf-8")
    with pytest.raises(NamEngineError, match="set cannot be written to"):
        write_starting_set(taken)
