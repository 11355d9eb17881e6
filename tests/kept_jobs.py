"""Small trainings whose folders are looked at, and what may happen to them."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import RATE_HZ, playing, rig, small_packed
from torch import Tensor

from nam_engine import keeper, session
from nam_engine.audio import write_wav
from nam_engine.control import RunControl
from nam_engine.events import EpochDone, TrainEvent
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.presets import Recipe
from nam_engine.session import TrainJob, train
from nam_engine.stepping import Stepper

RECIPE = Recipe(epochs=4, window_samples=2048, batch_size=8, learning_rate=0.03, mrstft_weight=0.0)
FILES = {
    "amp.nam",
    "last.ckpt",
    "previous.ckpt",
    "packed_best_submodel_0.ckpt",
    "packed_best_submodel_1.ckpt",
    "packed_best.json",
    "history.csv",
    "job.json",
    "comparison.png",
    "report.json",
    "log.txt",
}


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small networks; everything is saved as often as it may be, and nothing drawn."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(session, "parse_packed", lambda _: small_packed())
    monkeypatch.setattr(session, "draw_comparison", lambda *_: b"a picture")
    for interval in ("CHECKPOINT_SECONDS", "LONG_EPOCH_SECONDS", "MODEL_SECONDS"):
        monkeypatch.setattr(keeper, interval, 0.0)


@pytest.fixture
def job(tmp_path: Path, eager: None) -> TrainJob:
    x = playing(3)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", rig(x), RATE_HZ)
    outdir = tmp_path / "out"
    return TrainJob(tmp_path / "di.wav", tmp_path / "amp.wav", outdir, RECIPE, device="cpu")


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def weights(path: Path) -> np.ndarray:
    file = read_nam(path)
    assert isinstance(file, NamContainer)
    return np.concatenate([entry.model.weights for entry in file.entries])


def stop_at(job: TrainJob, stop: Callable[[TrainEvent], bool]) -> list[TrainEvent]:
    """The events of a run that the user stops at an event."""
    control, events = RunControl(), []
    for event in train(job, control):
        events.append(event)
        if stop(event):
            control.stop()
    return events


def is_epoch(number: int) -> Callable[[TrainEvent], bool]:
    return lambda event: isinstance(event, EpochDone) and event.epoch == number


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for clock in ("steps_per_second", "memory_mb", "seconds", "seconds_left"):
            del row[clock]
    return rows


def faulty_after(
    monkeypatch: pytest.MonkeyPatch, steps: int, fault: Callable[[], BaseException]
) -> None:
    backward, count = Stepper.backward, iter(range(10**6))

    def failing(self: Stepper, audio: Tensor, target: Tensor) -> object:
        if next(count) >= steps:
            raise fault()
        return backward(self, audio, target)

    monkeypatch.setattr(Stepper, "backward", failing)
