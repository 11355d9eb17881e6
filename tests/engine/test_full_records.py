"""Which files of a full run are written and which are no longer wanted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from full_files import DELETED, read_changed
from full_runs import row_of

from nam_engine.checkpoint import StepperState, TrainState, decode
from nam_engine.events import EpochDone
from nam_engine.full.description import Description
from nam_engine.full.metrics import checkpoint_name
from nam_engine.full.records import FullRecords, config_files
from nam_engine.nam_file import NamFile
from nam_engine.position import Position


def state_of(history: list[EpochDone]) -> TrainState:
    return TrainState(
        identity={},
        stepper=StepperState({}, {}),
        epoch_start=None,
        shuffle=np.zeros(1, np.uint8),
        position=Position(),
        best=(),
        history=tuple(history),
    )


def no_export(_: object) -> NamFile:
    raise AssertionError("nothing is exported after an epoch")


@pytest.fixture
def description(tmp_path: Path) -> Description:
    return read_changed(tmp_path)


def test_checkpoints_are_those_of_the_three_best(description: Description) -> None:
    records = FullRecords(description, 0, no_export)
    history: list[EpochDone] = []
    kept: set[str] = set()
    wanted = []
    for epoch, esr in enumerate([5.0, 4.0, 6.0, 3.0, 7.0, 1.0, 2.0, 9.0], start=1):
        history.append(row_of(epoch, esr, esr))
        files = records.epoch(state_of(history))
        for name, content in files.items():
            if content is None:
                kept.remove(name)
            else:
                assert decode(content, name).history[-1] == history[-1]
                kept.add(name)
        wanted.append({row.epoch for row in history if checkpoint_name(row) in kept})
    assert wanted == [
        *({1}, {1, 2}, {1, 2, 3}),
        *({1, 2, 4}, {1, 2, 4}, {2, 4, 6}, {4, 6, 7}, {4, 6, 7}),
    ]


def test_run_that_goes_on_clears_what_an_earlier_one_left(description: Description) -> None:
    history = [row_of(epoch, epoch, epoch) for epoch in range(1, 5)]
    good, lost = checkpoint_name(history[0]), checkpoint_name(row_of(9, 1, 1))
    records = FullRecords(description, 0, no_export, [good, lost, "last.ckpt", "model.nam"])
    assert records.epoch(state_of(history)) == {lost: None}
    assert records.epoch(state_of(history)) == {}


def test_configs_name_recordings_by_their_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    entry = {"stop_seconds": -9.0, "ny": 8192, "x_path": "input.wav"}
    description = read_changed(
        tmp_path,
        ("data.train", [entry, {**entry, "y_path": "input.wav"}]),
        ("data.common.x_path", DELETED),
        ("data.validation.x_path", "output.wav"),
    )
    files = {
        name: json.loads(content or b"") for name, content in config_files(description).items()
    }
    assert set(files) == {"config_data.json", "config_model.json", "config_learning.json"}
    train, validation = (files["config_data.json"][part] for part in ("train", "validation"))
    input_path, output_path = str(tmp_path / "input.wav"), str(tmp_path / "output.wav")
    assert [(e["x_path"], e["y_path"]) for e in train] == [
        (input_path, output_path),
        (input_path, input_path),
    ]
    assert (validation["x_path"], validation["y_path"]) == (output_path, output_path)
    assert train[0]["ny"] == 8192
    for part in ("model", "learning"):
        assert files[f"config_{part}.json"] == json.loads((tmp_path / f"{part}.json").read_text())
