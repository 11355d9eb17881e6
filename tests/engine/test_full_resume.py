"""A full run goes on, from its own files and state and from no others."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import soundfile
from full_files import Documents
from full_runs import (
    EPOCHS,
    StopAfter,
    assert_best_three_are_kept,
    checkpoints,
    edit,
    go_on,
    history,
    leave,
    only_run,
    small,
    start,
)

from nam_engine.checkpoint import TrainState, encode, read_checkpoint
from nam_engine.errors import CheckpointError, ConfigError, OtherTrainingError
from nam_engine.events import EpochDone, Finished, FinishReason, Started, TrainEvent, Warned
from nam_engine.job_folder import JobFolder


@pytest.fixture(scope="module")
def restless() -> Documents:
    """A training whose learning rate depends on all that came before, judged within epochs."""
    plateau = {"factor": 0.5, "patience": 0}
    return small(
        ("model.lr_scheduler", {"class": "ReduceLROnPlateau", "kwargs": plateau}),
        ("model.lr_scheduler.monitor", "val_loss"),
        ("learning.trainer.val_check_interval", 2),
    )


@pytest.fixture(scope="module")
def whole(restless: Documents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    list(start(folder, restless))
    return only_run(folder)


def read_state(path: Path) -> TrainState:
    """Without what a clock says."""
    state = read_checkpoint(path)
    clocks = dict.fromkeys(("steps_per_second", "seconds", "seconds_left", "memory_mb"), 0.0)
    rows = tuple(EpochDone(**{**vars(row), **clocks}) for row in state.history)
    return TrainState(**{**vars(state), "history": rows})


def stop(events: Generator[TrainEvent, None, None]) -> None:
    *_, end = events
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOPPED


@pytest.mark.parametrize("end", [stop, leave])
def test_run_that_goes_on_is_the_one_that_was_not_interrupted(
    end: Callable[[Generator[TrainEvent, None, None]], None],
    restless: Documents,
    whole: Path,
    tmp_path: Path,
) -> None:
    end(start(tmp_path, restless, StopAfter(8) if end is stop else None))
    run = only_run(tmp_path)
    assert len(history(run)) < len(history(whole))
    *_, last = go_on(run.parent)
    assert isinstance(last, Finished)
    assert history(run) == history(whole)
    assert (run / "packed_best.json").read_text() == (whole / "packed_best.json").read_text()
    assert [path.name for path in checkpoints(run)] == [path.name for path in checkpoints(whole)]
    ours, expected = (
        [encode(read_state(path)) for path in (*checkpoints(folder), folder / "last.ckpt")]
        for folder in (run, whole)
    )
    assert ours == expected


def test_raised_number_of_epochs_goes_on(run: Path) -> None:
    before = history(run)
    edit(run, "learning", "trainer.max_epochs", EPOCHS + 3)
    first, *_ = go_on(run)
    assert isinstance(first, Started)
    assert (first.epochs_done, first.epochs) == (EPOCHS, EPOCHS + 3)
    rows = history(run)
    assert rows[:EPOCHS] == before
    assert [row["epoch"] for row in rows] == [*range(1, EPOCHS + 4)]
    assert_best_three_are_kept(run)
    best = [min(row[f"ESR_packed_{i}"] for row in rows) for i in range(2)]
    described = json.loads((run / "packed_best.json").read_text())["submodels"]
    assert [entry["best_metric"] for entry in described] == best


@pytest.mark.parametrize(
    ("part", "place", "value", "what"),
    [
        ("learning", "train_dataloader.batch_size", 2, "batch size"),
        ("learning", "trainer.limit_train_batches", 2, "order or number of batches"),
        ("learning", "trainer.max_steps", 9, "max_steps"),
        ("model", "optimizer.lr", 0.01, "optimizer or learning rate"),
        ("model", "lr_scheduler.kwargs.gamma", 0.5, "schedule of the learning rate"),
        ("model", "loss.mrstft_weight", 0.1, "loss"),
        ("model", "loss.val_loss", "mse", "figure that decides"),
        ("model", "net.config.submodels.1.config.layers_configs.0.channels", 4, "network"),
        ("data", "train.ny", 1500, "ny"),
        ("data", "common.delay", 1, "recording, passage or delay to train on"),
        ("data", "validation.start_seconds", -0.4, "recording, passage or delay to validate on"),
        ("data", "joint", [], "level of the targets"),
    ],
)
def test_other_training_is_refused_by_what_is_another(
    run: Path, part: str, place: str, value: object, what: str
) -> None:
    edit(run, part, place, value)
    with pytest.raises(OtherTrainingError, match=f"training of output had another {what}"):
        list(go_on(run))
    assert not JobFolder.is_in_use(run)


def test_changed_recording_is_another(run: Path, tmp_path: Path) -> None:
    path = json.loads((run / "config_data.json").read_text())["train"]["y_path"]
    samples, rate_hz = soundfile.read(path, dtype="float32")
    samples[5000] += 1e-4
    other = tmp_path / "output.wav"
    soundfile.write(other, samples, rate_hz, subtype="FLOAT")
    edit(run, "data", "train.y_path", str(other))
    with pytest.raises(OtherTrainingError, match="another recording"):
        list(go_on(run))


def test_run_goes_on_from_the_state_before_a_damaged_one(run: Path) -> None:
    expected = history(run)
    (run / "last.ckpt").write_bytes(b"nothing")
    warned, *_, end = go_on(run)
    assert isinstance(warned, Warned)
    assert "last.ckpt is not a checkpoint of this program" in warned.message
    assert isinstance(end, Finished)
    assert history(run) == expected
    assert_best_three_are_kept(run)


def test_folder_without_its_last_state_is_found_by_the_one_before(run: Path) -> None:
    (run / "last.ckpt").unlink()
    started, *_ = go_on(run.parent)
    assert isinstance(started, Started)


def test_run_without_any_state_cannot_go_on(run: Path) -> None:
    for name in ("last.ckpt", "previous.ckpt"):
        (run / name).unlink()
    with pytest.raises(CheckpointError, match=r"cannot be continued\. Its state is gone\. Train"):
        list(go_on(run))
    with pytest.raises(CheckpointError, match="There is no run to go on with in"):
        list(go_on(run.parent))


def test_folder_of_an_a2_training_is_no_full_run(run: Path) -> None:
    (run / "job.json").write_text('{"schema": 2, "ending": "done"}')
    with pytest.raises(CheckpointError, match="is no full run's: kind is missing"):
        list(go_on(run))


def test_damaged_config_is_named(run: Path) -> None:
    (run / "config_model.json").write_text("{")
    with pytest.raises(ConfigError, match=r"config_model\.json is not JSON: line 1"):
        list(go_on(run))
