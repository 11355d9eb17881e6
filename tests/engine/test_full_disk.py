"""What becomes of a run whose folder cannot be written to, or is gone."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kept_jobs import FILES, faulty_after, history, is_epoch, visible

from nam_engine.checkpoint import read_checkpoint
from nam_engine.control import RunControl
from nam_engine.errors import NamFileError, TrainingError
from nam_engine.events import BestImproved, EpochDone, Finished, Saved, Started, TrainEvent, Warned
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.session import TrainJob, train


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


def test_full_disk_at_the_beginning_leaves_nothing_anywhere(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell one disk from the other")
    Disk(monkeypatch, only_in=job.outdir).is_full = True
    with pytest.raises(NamFileError, match="Nothing can be written to"):
        list(train(job))
    assert not list(tmp_path.glob("nam-rescued-*"))
    assert not list(job.outdir.iterdir())


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


def test_state_that_alone_finds_no_space_at_the_end_is_rescued_and_no_epochs_are_promised(
    job: TrainJob,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    replace_file = os.replace

    def full_for_states(source: Path, target: Path) -> None:
        if target.is_relative_to(job.outdir) and target.suffix == ".ckpt":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace_file(source, target)

    events: list[TrainEvent] = []
    for event in train(replace(job, recipe=replace(job.recipe, epochs=1))):
        events.append(event)
        if isinstance(event, BestImproved):  # the only epoch is saved by then
            monkeypatch.setattr(os, "replace", full_for_states)
    (warning,) = (e.message for e in events if isinstance(e, Warned))
    assert "every epoch" not in warning
    assert "else saved in a folder for temporary files" in warning
    assert isinstance(events[-1], Finished)
    assert isinstance(read_nam(job.outdir / "amp" / "amp.nam"), NamContainer)
    (rescued,) = tmp_path.glob("nam-rescued-*/amp")
    assert read_checkpoint(rescued / "last.ckpt").position.epochs_done == 1
    assert f"saved in {rescued} instead" in caplog.text


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


def test_abandoned_run_on_a_full_disk_is_rescued_and_where_is_logged(
    job: TrainJob,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
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
    failed = f"Nothing can be written to {job.outdir / 'amp'}; "
    assert caplog.messages == [f"{failed}what was trained is saved in {rescued} instead."]
    assert f"{failed}everything is saved here" in (rescued / "log.txt").read_text()


@pytest.mark.parametrize("last", [Started, EpochDone])
def test_abandoned_run_that_nothing_can_rescue_is_logged(
    last: type[TrainEvent],
    job: TrainJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = Disk(monkeypatch)
    events = train(job)
    for event in events:
        if isinstance(event, last):
            break
    disk.is_full = True
    events.close()
    (logged,) = caplog.messages
    assert logged.startswith("The model could not be saved: nothing can be written to")
