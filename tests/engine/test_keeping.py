"""What is kept of a run in its folder, whatever happens to the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from kept_jobs import FILES, faulty_after, history, visible, weights
from PIL import Image
from torch import Tensor

from nam_engine import keeper, meter, picture, session
from nam_engine.checkpoint import read_checkpoint
from nam_engine.errors import TrainingError
from nam_engine.events import BestImproved, Finished, Probed, Saved, TrainEvent, Warned
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.session import TrainJob, train
from nam_engine.stepping import Stepper


def test_folder_holds_everything_about_a_run(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "draw_comparison", picture.draw_comparison)
    events = list(train(job))
    folder = job.outdir / "amp"
    assert visible(folder) == FILES
    report = json.loads((folder / "report.json").read_text())
    assert report["verdict"] == "good"
    assert [m["name"] for m in report["models"]] == ["small", "large"]
    with Image.open(folder / "comparison.png") as image:
        assert image.size == (1600, 1000)
    best = json.loads((folder / "packed_best.json").read_text())["submodels"]
    end = events[-1]
    assert isinstance(end, Finished)
    for i, (entry, submodel) in enumerate(zip(best, end.result.submodels, strict=True)):
        assert entry == {
            "submodel_index": i,
            "submodel_name": submodel.name,
            "best_metric": submodel.metrics.esr,
            "epoch": submodel.epoch,
            "step": submodel.step,
            "checkpoint_path": f"packed_best_submodel_{i}.ckpt",
        }
        assert (folder / entry["checkpoint_path"]).is_file()
    assert [int(row["epoch"]) for row in history(folder)] == [1, 2, 3, 4]
    log = (folder / "log.txt").read_text()
    for said in ("latency 0 samples", "to train on", "epoch 4/4", "Saved", "large: ESR"):
        assert said in log


def test_model_is_refreshed_with_each_improvement(job: TrainJob) -> None:
    paths, errors = [], []
    for event in train(job):
        if isinstance(event, Saved):
            paths.append(event.path)
            file = read_nam(event.path)
            errors.append(file.metadata["training"]["validation_esr"])
    assert set(paths) == {job.outdir / "amp" / "amp.nam"}
    assert len(paths) > 2
    assert all(later <= earlier for earlier, later in pairwise(errors))
    assert errors[-1] < errors[0]


def test_model_is_not_refreshed_more_often_than_it_may_be(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "MODEL_SECONDS", 3600.0)
    finals = [e.is_final for e in train(job) if isinstance(e, Saved)]
    assert finals == [False, True]


def test_another_run_is_never_touched(job: TrainJob) -> None:
    list(train(job))
    contents = {path: path.read_bytes() for path in (job.outdir / "amp").iterdir()}
    list(train(job))
    assert visible(job.outdir) == {"amp", "amp (2)"}
    assert {path: path.read_bytes() for path in (job.outdir / "amp").iterdir()} == contents


FAULTS: list[tuple[Callable[[], BaseException], type[BaseException], str]] = [
    (lambda: RuntimeError("CUDA error: device lost"), TrainingError, "device lost"),
    (lambda: RuntimeError("CUDA out of memory"), TrainingError, "does not fit into the memory"),
    (lambda: ZeroDivisionError("a fault of ours"), ZeroDivisionError, "a fault of ours"),
    (KeyboardInterrupt, KeyboardInterrupt, "KeyboardInterrupt"),
    (lambda: MemoryError("main memory"), TrainingError, "memory of this computer"),
]


@pytest.mark.parametrize(("fault", "raised", "said"), FAULTS)
def test_fault_in_the_middle_keeps_the_best_and_can_be_resumed(
    job: TrainJob,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[], BaseException],
    raised: type[BaseException],
    said: str,
) -> None:
    list(train(replace(job, outdir=job.outdir / "whole")))
    events: list[TrainEvent] = []
    with monkeypatch.context() as patch:
        faulty_after(patch, 20, fault)
        with pytest.raises(raised):
            events.extend(train(job))
    assert not any(isinstance(e, Finished) for e in events)
    folder = job.outdir / "amp"
    assert isinstance(read_nam(folder / "amp.nam"), NamContainer)
    assert said in (folder / "log.txt").read_text()
    list(train(replace(job, resume=True)))
    whole = job.outdir / "whole" / "amp"
    np.testing.assert_array_equal(weights(folder / "amp.nam"), weights(whole / "amp.nam"))
    assert history(folder) == history(whole)


def test_lost_device_leaves_the_newest_state(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved within an epoch is newer than the last epoch's end."""
    monkeypatch.setattr(meter, "REPORT_SECONDS", 0.0)
    faulty_after(monkeypatch, 15, lambda: RuntimeError("CUDA error: device lost"))
    with pytest.raises(TrainingError, match="device lost"):
        list(train(job))
    position = read_checkpoint(job.outdir / "amp" / "last.ckpt").position
    assert position.steps_in_epoch > 0
    assert position.steps_done == 15


def test_interrupted_step_is_not_saved_as_done(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C for the second time, right after the weights have changed."""
    list(train(replace(job, outdir=job.outdir / "whole")))
    update, count = Stepper.update, iter(range(10**6))

    def interrupted(self: Stepper) -> None:
        update(self)
        if next(count) == 13:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(train(job))
    list(train(replace(job, resume=True)))
    ours, whole = job.outdir / "amp", job.outdir / "whole" / "amp"
    np.testing.assert_array_equal(weights(ours / "amp.nam"), weights(whole / "amp.nam"))


def test_model_is_a_success_even_if_it_cannot_be_looked_at(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise MemoryError("no room for a picture")

    monkeypatch.setattr(session, "draw_comparison", broken)
    *_, warning, end = train(job)
    assert isinstance(warning, Warned)
    assert "could not be looked at (no room for a picture)" in warning.message
    assert isinstance(end, Finished)
    assert "MemoryError" in (job.outdir / "amp" / "log.txt").read_text()


def test_fault_before_the_first_epoch_leaves_no_model(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty_after(monkeypatch, 2, lambda: RuntimeError("CUDA error: device lost"))
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match="device lost"):
        events.extend(train(job))
    assert not any(isinstance(e, Saved | Finished | Probed) for e in events)
    assert not (job.outdir / "amp" / "amp.nam").exists()


def test_abandoned_run_is_saved(job: TrainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window closes, or the program that reads the events ends."""
    for interval in ("CHECKPOINT_SECONDS", "LONG_EPOCH_SECONDS", "MODEL_SECONDS"):
        monkeypatch.setattr(keeper, interval, 3600.0)
    events = train(job)
    for event in events:
        if isinstance(event, BestImproved) and event.epoch == 2:
            break
    events.close()
    folder = job.outdir / "amp"
    state = read_checkpoint(folder / "last.ckpt")
    assert state.position.epochs_done == 2
    best = [b.metrics.esr for b in state.best if b is not None]
    training = read_nam(folder / "amp.nam").metadata["training"]
    assert list(training["submodel_validation_esr"].values()) == best


def test_unstable_training_exports_the_best_and_fails(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    backward, count = Stepper.backward, iter(range(10**6))

    def spoiling(self: Stepper, audio: Tensor, target: Tensor) -> object:
        return backward(self, audio, target + (float("nan") if next(count) >= 12 else 0.0))

    monkeypatch.setattr(Stepper, "backward", spoiling)
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match="amp is unstable"):
        events.extend(train(job))
    saved, probed = events[-2:]
    assert isinstance(saved, Saved)
    assert saved.is_final
    assert isinstance(probed, Probed)
    assert read_nam(saved.path).metadata["training"]["validation_esr"] < 1
    assert sum(isinstance(e, Warned) for e in events) == 2
