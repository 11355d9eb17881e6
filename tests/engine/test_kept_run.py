"""A kind of run with files of its own: what is kept of it, and what its review may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support import small_capture, small_packed
from trainers import trainer_of

from nam_engine import keeper
from nam_engine.checkpoint import TrainState, encode, read_checkpoint
from nam_engine.control import RunControl
from nam_engine.events import Finished, Probed, Saved, TrainEvent, TrainResult, Warned
from nam_engine.job_file import Ending
from nam_engine.job_folder import MODEL, JobFolder
from nam_engine.keeper import Keeper
from nam_engine.kept_run import Review, run_and_keep
from nam_engine.presets import Recipe
from nam_engine.records import Files

RECIPE = Recipe(epochs=4, window_samples=2048, batch_size=8, mrstft_weight=0.0)


class LastTwo:
    """Keeps the states at the ends of the last two epochs."""

    def epoch(self, state: TrainState) -> Files:
        epoch = state.position.epochs_done
        return {f"epoch_{epoch}.ckpt": encode(state), f"epoch_{epoch - 2}.ckpt": None}

    def state(self, state: TrainState) -> Files:
        return {"steps.txt": str(state.position.steps_done).encode()}

    def model(self, result: TrainResult) -> Files:
        return {MODEL: b"the best", "epochs.txt": str(result.epochs_done).encode()}

    def ending(self, ending: Ending) -> bytes:
        return ending.value.encode()


def nothing(_result: TrainResult) -> Iterator[TrainEvent]:
    return iter(())


def kept(tmp_path: Path, review: Review = nothing) -> Iterator[TrainEvent]:
    device = torch.device("cpu")
    trainer = trainer_of(small_capture(), small_packed(), RECIPE, device=device)
    control = RunControl()
    folder = JobFolder.create(tmp_path, "run", MODEL)
    keeper = Keeper(folder, trainer, LastTwo(), control, "my rig")
    return run_and_keep(trainer, keeper, control, review)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_files_are_those_of_the_kind_however_often_they_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    for interval in ("CHECKPOINT_SECONDS", "LONG_EPOCH_SECONDS", "MODEL_SECONDS"):
        monkeypatch.setattr(keeper, interval, seconds)
    events = list(kept(tmp_path))
    assert isinstance(events[-1], Finished)
    run = tmp_path / "run"
    ends = {"epoch_3.ckpt", "epoch_4.ckpt", "last.ckpt", "previous.ckpt"}
    others = {"steps.txt", "epochs.txt", "model.nam", "job.json", "log.txt"}
    assert {file.name for file in run.iterdir() if file.name != ".lock"} == ends | others
    for epoch in (3, 4):
        state = read_checkpoint(run / f"epoch_{epoch}.ckpt")
        assert (state.position.epochs_done, len(state.history)) == (epoch, epoch)
    last = read_checkpoint(run / "last.ckpt").position
    assert (run / "steps.txt").read_text() == str(last.steps_done)
    assert (run / "epochs.txt").read_text() == "4"
    assert (run / "job.json").read_text() == "done"
    assert (run / "model.nam").read_bytes() == b"the best"
    assert "epoch 4/4" in (run / "log.txt").read_text()


def test_review_comes_after_the_model_and_its_fault_is_a_warning(tmp_path: Path) -> None:
    def review(result: TrainResult) -> Iterator[TrainEvent]:
        assert result.epochs_done == 4
        assert (tmp_path / "run" / "model.nam").exists()
        yield Probed(("a little quiet",))
        raise ZeroDivisionError("a fault of ours")

    *_, saved, probed, warned, finished = kept(tmp_path, review)
    assert saved == Saved(tmp_path / "run" / "model.nam", is_final=True)
    assert isinstance(probed, Probed)
    assert isinstance(warned, Warned)
    assert "models of my rig could not be looked at (a fault of ours)" in warned.message
    assert isinstance(finished, Finished)
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "a little quiet" in log
    assert "ZeroDivisionError" in log
