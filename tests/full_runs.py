"""Trainings of the full trainer that take a second, for tests."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import soundfile
from full_files import Documents, changed, example, write
from support import RATE_HZ, layer_array, playing, rig, submodel

from nam_engine.checkpoint import read_checkpoint
from nam_engine.control import RunControl
from nam_engine.events import EpochDone, SubmodelMetrics, TrainEvent
from nam_engine.full.job import FullJob
from nam_engine.full.session import train_full

__all__ = [
    "EPOCHS",
    "ROW",
    "StopAfter",
    "assert_best_three_are_kept",
    "checkpoints",
    "copied",
    "edit",
    "finished",
    "go_on",
    "history",
    "leave",
    "only_run",
    "row_of",
    "run",
    "small",
    "start",
]

CLOCKS = ("steps_per_second", "seconds", "memory_mb")
EPOCHS, SECONDS, VALIDATION_SECONDS = 4, 1.5, 0.5

ROW = EpochDone(
    epoch=12,
    step=60,
    metrics=(SubmodelMetrics(0.25, 0.125, 2.0), SubmodelMetrics(0.5, 0.0625, 1.0)),
    loss=0.1,
    mse=0.05,
    mrstft=3.0,
    gradient_norm=0.7,
    learning_rate=0.004,
    skipped_steps=2,
    steps_per_second=9.5,
    memory_mb=100.0,
    seconds=6.25,
    seconds_left=30.0,
)


def row_of(epoch: int, *esrs: float, mse: float = 0.0) -> EpochDone:
    """A validation with these figures, one ESR per submodel."""
    metrics = tuple(SubmodelMetrics(esr, mse, 0.0) for esr in esrs)
    return replace(ROW, epoch=epoch, step=5 * epoch, metrics=metrics)


class StopAfter(RunControl):
    """Stops a run after so many steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    def should_stop(self) -> bool:
        self._left -= 1
        return self._left < 0


def small(*changes: tuple[str, object], channels: tuple[int, ...] = (2, 3)) -> Documents:
    """Files of a training of five steps an epoch, in which the last epoch is not the best."""
    submodels = [submodel(f"channels_{c}", layer_array(c)) for c in channels]
    documents = example()
    for place, value in (
        ("data.common.require_input_pre_silence", None),
        ("data.train", {"stop_seconds": -VALIDATION_SECONDS, "ny": 2048}),
        ("data.validation", {"start_seconds": -VALIDATION_SECONDS}),
        ("model.net.config.submodels", submodels),
        ("model.optimizer.lr", 0.05),
        ("learning.train_dataloader.batch_size", 4),
        ("learning.trainer", {"accelerator": "cpu", "max_epochs": EPOCHS}),
        *changes,
    ):
        documents = changed(documents, place, value)
    return documents


def start(
    folder: Path, documents: Documents, control: RunControl | None = None, **options: Any
) -> Generator[TrainEvent, None, None]:
    """A training of a recording in ``folder``, kept in ``folder / "runs"``."""
    audio = playing(SECONDS)
    for name, samples in (("input", audio), ("output", rig(audio))):
        soundfile.write(folder / f"{name}.wav", samples, RATE_HZ, subtype="FLOAT")
    options = {"plots": False, **options}
    return train_full(FullJob(*write(folder, documents), folder / "runs", **options), control)


def go_on(run: Path, **options: Any) -> Generator[TrainEvent, None, None]:
    return train_full(FullJob(None, None, None, run, plots=False, resume=True, **options))


def copied(run: Path, folder: Path) -> Path:
    """A run that a test may change."""
    return Path(shutil.copytree(run, folder / "runs" / run.name))


def edit(run: Path, part: str, place: str, value: object) -> None:
    """Change a file that is kept with a run."""
    path = run / f"config_{part}.json"
    documents = changed({part: json.loads(path.read_text())}, f"{part}.{place}", value)
    path.write_text(json.dumps(documents[part]))


def history(run: Path) -> list[dict[str, float]]:
    """Its rows, without what a clock says."""
    with (run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [{key: float(row[key]) for key in row if key not in CLOCKS} for row in rows]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[TrainEvent]]:
    """A full run that was not interrupted, and what it said."""
    folder = tmp_path_factory.mktemp("full")
    events = list(start(folder, small(), plots=True, seed=3))
    (run,) = (folder / "runs").iterdir()
    return run, events


@pytest.fixture
def run(finished: tuple[Path, list[TrainEvent]], tmp_path: Path) -> Path:
    """A copy of it."""
    return copied(finished[0], tmp_path)


def only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def checkpoints(run: Path) -> list[Path]:
    return sorted(run.glob("epoch=*.ckpt"))


def assert_best_three_are_kept(run: Path) -> None:
    best = sorted(history(run), key=lambda row: row["val_loss"])[:3]
    states = {path.name: read_checkpoint(path) for path in checkpoints(run)}
    places = {(s.position.epochs_done, s.position.steps_done) for s in states.values()}
    assert places == {(row["epoch"], row["step"]) for row in best}
    for row in best:
        figures = f"ESR={row['ESR']:.3e}_MSE={row['MSE']:.3e}"
        assert f"epoch={row['epoch'] - 1:04.0f}_step={row['step']:.0f}_{figures}.ckpt" in states


def leave(events: Generator[TrainEvent, None, None]) -> None:
    """As a window that is closed, within the second epoch."""
    validations = (event for event in events if isinstance(event, EpochDone))
    list(islice(validations, 4))
    events.close()
