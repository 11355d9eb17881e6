"""What is kept of a run in its folder, whatever happens to the run or to the folder."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import RATE_HZ, container_of, playing, rig, small_packed
from torch import Tensor

from nam_engine import keeper, meter, picture, session
from nam_engine.audio import write_wav
from nam_engine.checkpoint import read_checkpoint
from nam_engine.control import RunControl
from nam_engine.errors import CheckpointError, NamFileError, TrainingError
from nam_engine.events import (
    BestImproved,
    Checked,
    EpochDone,
    Finished,
    FinishReason,
    Probed,
    Saved,
    Started,
    StepsDone,
    TrainEvent,
    Warned,
)
from nam_engine.nam_file import NamContainer, read_nam, write_nam
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


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Small networks; everything is saved as often as it may be, and nothing drawn."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(session, "parse_packed", lambda _: small_packed())
    monkeypatch.setattr(session, "draw_comparison", lambda *_: b"a picture")
    for interval in ("CHECKPOINT_SECONDS", "LONG_EPOCH_SECONDS", "MODEL_SECONDS"):
        monkeypatch.setattr(keeper, interval, 0.0)


@pytest.fixture
def job(tmp_path: Path) -> TrainJob:
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


def test_stopped_run_resumes_to_the_same_model(job: TrainJob) -> None:
    list(train(replace(job, outdir=job.outdir / "whole")))
    on = replace(job, resume=True)
    end = stop_at(job, is_epoch(2))[-1]
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOPPED
    seen = iter([False] * 3 + [True] * 1000)
    stop_at(on, lambda event: isinstance(event, StepsDone | EpochDone) and next(seen))
    started = next(e for e in train(on) if isinstance(e, Started))
    assert started.epochs_done >= 2
    list(train(on))
    assert visible(job.outdir) == {"amp", "whole"}
    ours, whole = job.outdir / "amp", job.outdir / "whole" / "amp"
    np.testing.assert_array_equal(weights(ours / "amp.nam"), weights(whole / "amp.nam"))
    assert history(ours) == history(whole)
    ours_best, whole_best = ((f / "packed_best.json").read_text() for f in (ours, whole))
    assert ours_best == whole_best


def test_finished_training_takes_more_epochs(job: TrainJob) -> None:
    list(train(replace(job, recipe=replace(RECIPE, epochs=2))))
    events = list(train(replace(job, resume=True)))
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [3, 4]
    assert [int(row["epoch"]) for row in history(job.outdir / "amp")] == [1, 2, 3, 4]


def test_resume_without_an_earlier_training_begins_one(job: TrainJob) -> None:
    events = list(train(replace(job, resume=True)))
    assert isinstance(events[-1], Finished)
    assert visible(job.outdir / "amp") == FILES


def test_resume_of_another_recording_is_refused_and_changes_nothing(
    job: TrainJob, tmp_path: Path
) -> None:
    list(train(job))
    before = (job.outdir / "amp" / "last.ckpt").read_bytes()
    write_wav(job.output_path, 0.5 * rig(playing(3)), RATE_HZ)
    with pytest.raises(CheckpointError, match="amp had another recording or latency"):
        list(train(replace(job, resume=True)))
    assert (job.outdir / "amp" / "last.ckpt").read_bytes() == before


def test_right_training_is_continued_among_others_of_its_name(
    job: TrainJob, tmp_path: Path
) -> None:
    shutil.copy(job.output_path, tmp_path / "amp (2).wav")
    other = replace(job, output_path=tmp_path / "amp (2).wav", seed=1)
    stop_at(job, is_epoch(2))
    for outputs in (other, replace(job, seed=2), other):
        list(train(outputs))
    started = next(e for e in train(replace(job, resume=True)) if isinstance(e, Started))
    assert started.epochs_done == 2
    with pytest.raises(CheckpointError, match="another seed"):
        list(train(replace(job, resume=True, seed=9)))


def test_resumed_warm_start_is_still_never_worse(job: TrainJob) -> None:
    list(train(job))
    wild = replace(RECIPE, learning_rate=5.0)
    start = job.outdir / "amp" / "amp.nam"
    warm = replace(job, recipe=wild, start_path=start, outdir=job.outdir / "warm")
    events = train(warm)
    assert [type(next(events)) for _ in range(2)] == [Checked, Started]
    events.close()  # as if killed before the first step
    events_again = list(train(replace(warm, resume=True)))
    assert any(
        isinstance(e, Warned) and e.message.startswith("amp.nam is not used") for e in events_again
    )
    end = events_again[-1]
    assert isinstance(end, Finished)
    assert [s.epoch for s in end.result.submodels] == [0, 0]


def test_model_to_start_from_must_play_numbers(job: TrainJob, tmp_path: Path) -> None:
    container = container_of(small_packed())
    wild = container.entries[1].model
    weights = np.full_like(wild.weights, 3e37)
    weights[-1] = 1e6  # a head_scale that can be read
    wild = replace(wild, weights=weights)
    entries = (container.entries[0], replace(container.entries[1], model=wild))
    write_nam(tmp_path / "wild.nam", replace(container, entries=entries))
    with pytest.raises(TrainingError, match="plays no finite numbers on amp"):
        list(train(replace(job, start_path=tmp_path / "wild.nam")))


def test_torn_checkpoint_falls_back_with_a_sentence(job: TrainJob) -> None:
    stop_at(job, is_epoch(3))
    last = job.outdir / "amp" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-100])
    events = list(train(replace(job, resume=True)))
    assert isinstance(events[-1], Finished)
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert warning.message.startswith("last.ckpt is damaged. Training goes on from")
    assert "last.ckpt is damaged" in (job.outdir / "amp" / "log.txt").read_text()


def test_another_run_is_never_touched(job: TrainJob) -> None:
    list(train(job))
    contents = {path: path.read_bytes() for path in (job.outdir / "amp").iterdir()}
    list(train(job))
    assert visible(job.outdir) == {"amp", "amp (2)"}
    assert {path: path.read_bytes() for path in (job.outdir / "amp").iterdir()} == contents


class Disk:
    """A disk that can be full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, only_in: Path = Path("/")) -> None:
        self.is_full = False
        self._folder = only_in
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._sync)

    def _sync(self, descriptor: int) -> None:
        if self.is_full and self._is_on_it(descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")
        self._fsync(descriptor)

    def _is_on_it(self, descriptor: int) -> bool:
        if self._folder == Path("/"):
            return True
        return Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(self._folder)

    def full_after_first_epoch(self, events: Iterable[TrainEvent]) -> Iterator[TrainEvent]:
        for event in events:
            yield event
            self.is_full = self.is_full or isinstance(event, EpochDone)


def test_full_disk_is_said_once_and_written_to_when_there_is_space(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    events: list[TrainEvent] = []
    for event in train(job):
        events.append(event)
        if isinstance(event, EpochDone):
            disk.is_full = event.epoch in (1, 2)
    full, again = (e.message for e in events if isinstance(e, Warned))
    assert "amp fails (No space left on device). What is won stays in memory" in full
    assert "works again; everything is saved" in again
    assert isinstance(events[-1], Finished)
    assert visible(job.outdir / "amp") == FILES
    assert [int(row["epoch"]) for row in history(job.outdir / "amp")] == [1, 2, 3, 4]


def test_another_folder_can_be_chosen_when_the_first_is_gone(job: TrainJob, tmp_path: Path) -> None:
    control = RunControl()
    events: list[TrainEvent] = []
    for event in train(job, control):
        events.append(event)
        if is_epoch(1)(event):
            shutil.rmtree(job.outdir)
            job.outdir.write_text("something else is here now")
            control.save_to(job.outdir / "nor here")
        if is_epoch(2)(event):
            control.save_to(tmp_path / "other")
    warnings = [e.message for e in events if isinstance(e, Warned)]
    assert [w.split(" /")[0] for w in warnings] == [
        "Nothing can be written to",
        "Saving to",
        "Saving to",
        "Everything is saved in",
    ]
    assert "works again; everything is saved" in warnings[2]
    assert isinstance(events[-1], Finished)
    assert visible(tmp_path / "other" / "amp") == FILES


def test_file_that_another_program_holds_is_no_reason_for_a_rescue(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history that is open in a spreadsheet cannot be replaced on Windows."""
    replace_file = os.replace

    def held(source: Path, target: Path) -> None:
        if target.name == "history.csv":
            raise PermissionError(errno.EACCES, "Permission denied")
        replace_file(source, target)

    events: list[TrainEvent] = []
    for event in train(job):
        events.append(event)
        if is_epoch(1)(event):
            monkeypatch.setattr(os, "replace", held)
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert "Permission denied" in warning.message
    assert isinstance(events[-1], Finished)
    assert isinstance(read_nam(job.outdir / "amp" / "amp.nam"), NamContainer)


def test_disk_that_stays_full_ends_in_a_rescue_not_in_success(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell one disk from the other")
    disk = Disk(monkeypatch, only_in=job.outdir)
    events: list[TrainEvent] = []
    with pytest.raises(NamFileError, match=r"can be written to .* any more") as caught:
        events.extend(disk.full_after_first_epoch(train(job)))
    saved = events[-1]
    assert isinstance(saved, Saved)
    assert not any(isinstance(e, Finished) for e in events)
    assert f"The model was saved as {saved.path} instead." in str(caught.value)
    assert isinstance(read_nam(saved.path), NamContainer)
    assert read_checkpoint(saved.path.parent / "last.ckpt").position.epochs_done == 4


def test_full_disk_at_the_beginning_leaves_nothing_elsewhere(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell one disk from the other")
    Disk(monkeypatch, only_in=job.outdir).is_full = True
    with pytest.raises(NamFileError, match="Nothing can be written to"):
        list(train(job))
    assert not list(tmp_path.glob("nam-rescued-*"))


def test_model_that_alone_finds_space_is_named(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The state is four times as large."""
    replace_file, first = os.replace, job.outdir / "amp" / "amp.nam"

    def on_small_disks(source: Path, target: Path) -> None:
        if first.exists() and (target.suffix != ".nam" or target == first):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", on_small_disks)
    with pytest.raises(NamFileError, match=r"The model was saved as .*amp\.nam instead"):
        list(train(job))
    (rescued,) = tmp_path.glob("nam-rescued-*/amp/amp.nam")
    assert isinstance(read_nam(rescued), NamContainer)


def test_two_failures_are_both_told(job: TrainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    faulty_after(monkeypatch, 12, lambda: RuntimeError("CUDA error: device lost"))
    with pytest.raises(TrainingError, match=r"device lost.* The model could not be saved"):
        list(disk.full_after_first_epoch(train(job)))


def test_no_space_anywhere_is_a_failure_in_words(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    with pytest.raises(NamFileError, match="The model could not be saved: nothing can be written"):
        list(disk.full_after_first_epoch(train(job)))


def faulty_after(
    monkeypatch: pytest.MonkeyPatch, steps: int, fault: Callable[[], BaseException]
) -> None:
    backward, count = Stepper.backward, iter(range(10**6))

    def failing(self: Stepper, audio: Tensor, target: Tensor) -> object:
        if next(count) >= steps:
            raise fault()
        return backward(self, audio, target)

    monkeypatch.setattr(Stepper, "backward", failing)


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


def test_abandoned_run_on_a_full_disk_is_rescued(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell one disk from the other")
    disk = Disk(monkeypatch, only_in=job.outdir)
    events = train(job)
    for event in disk.full_after_first_epoch(events):
        if is_epoch(3)(event):
            break
    events.close()
    (rescued,) = tmp_path.glob("nam-rescued-*/amp")
    assert read_checkpoint(rescued / "last.ckpt").position.epochs_done == 3
    assert isinstance(read_nam(rescued / "amp.nam"), NamContainer)


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
