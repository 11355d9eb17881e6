"""Owns the run: the queue, the input, and what is going on; the window only shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from nam_gui.checker import Checker
from nam_gui.devices_task import DevicesTask
from nam_gui.job import JobState
from nam_gui.pair_reader import PairReader
from nam_gui.pairing import Sorted
from nam_gui.settings import Settings, default_output_folder
from nam_gui.tasks import DemoTask, Pair, PairSource, SignalTask, SortTask
from nam_gui.training import RunState, Training

__all__ = ["Controller", "RunState"]


class Controller(Training):
    """Single owner of the state; every change of it is a signal.

    Recordings are checked one after the other in one thread and trained so in another. An id
    of a recording that is gone is no error: what is said about it comes too late.
    ``input_info`` is the input's name, its seconds (NaN: not known yet) and what kind it is.
    """

    input_changed = Signal()
    asked = Signal(str, list)
    """A question about dropped files, and the files."""
    devices_known = Signal(tuple)
    """A tuple of ``device_words.Device``, the fastest first."""
    devices_unknown = Signal(str)
    """Why nothing is known of them."""
    pair_loaded = Signal(int, object)
    """A job and its ``tasks.Pair``, which somebody wants to look at."""
    closed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(settings, parent)
        self.input_info: tuple[str, float, str] | None = None
        self._checker = Checker(self.queue, self._threads, self)
        self._reader = PairReader(self._threads, self)
        self.queue.renamed.connect(self._renamed)
        self._threads.ended.connect(self.closed)
        self._checker.changed.connect(self._follow)
        self._checker.input_checked.connect(self._input_checked)
        self._reader.loaded.connect(self._pair_loaded)

    # What the user does

    def add_files(self, paths: Sequence[Path]) -> None:
        """Sort dropped files in the background; recordings join the queue and are checked."""
        task = SortTask(paths, self.input_path, self)
        task.succeeded.connect(self._sorted)
        self._threads.start(task)

    def set_input(self, path: Path) -> None:
        """Another input: everything that no training has begun on is checked again."""
        self.input_path = path
        self._checker.set_input(path)
        self._input_checked((path.name, math.nan, ""))
        for job in self.queue.jobs():
            if job.recording.absolute() == path.absolute():
                self.remove(job.id)
            elif job.id != self._training and not self._is_begun(job.id):
                self._checker.check_again(job.id, ignore_checks=False)

    def add_recordings(self, paths: Sequence[Path]) -> None:
        """Put recordings into the queue, to be checked; the input is none."""
        source = self.input_path and self.input_path.absolute()
        metadata = replace(self.settings.metadata, name=None)
        for job_id in self.queue.add(path for path in paths if path.absolute() != source):
            self.queue.update(job_id, metadata=metadata)
        self._checker.check_next()

    def set_latency(self, job_id: int, samples: int | None) -> None:
        """A delay set by hand, or None for the measured one; training begins anew with it."""
        self._begin_anew(job_id, latency_samples=samples)

    def set_flip(self, job_id: int, flip: bool) -> None:
        """Turn the recording over; training begins anew with it."""
        self._begin_anew(job_id, flip=flip)

    def proceed(self, job_id: int) -> None:
        """Train in spite of what the checks found."""
        job = self.queue.find(job_id)
        if job is not None and job.state is JobState.HAS_FINDINGS:
            self.queue.update(job_id, ignore_checks=True, state=JobState.READY, message="")
            self._refresh()

    def retry(self, job_id: int) -> None:
        """A training that failed can go on; everything else is checked and begins anew."""
        job = self.queue.find(job_id)
        if job is not None and job.state is JobState.FAILED and self._is_begun(job_id):
            self.queue.update(job_id, state=JobState.READY, message="")
            self._refresh()
        else:
            self._begin_anew(job_id)

    def remove(self, job_id: int) -> None:
        """Take a recording out of the queue, unless it is in training now."""
        if self.queue.find(job_id) is not None and not self._refuses(job_id):
            self.queue.remove([job_id])
            self.runs.pop(job_id, None)
            self._refresh()

    def load_pair(self, job_id: int) -> None:
        """Read a checked job's recordings in the background to be looked at."""
        job = self.queue.find(job_id)
        source = self.runs[job_id].begun_with.input_path if self._is_begun(job_id) else None
        source = source or self.input_path
        if job is not None and job.report is not None and source is not None:
            rate = job.report.sample_rate_hz
            self._reader.load(PairSource(job_id, source, job.recording, rate))

    def save_signal(self, path: Path) -> None:
        """Write the test signal in the background."""
        task = SignalTask(path, self)
        task.succeeded.connect(self._signal_saved)
        self._threads.start(task)

    def load_demo(self) -> None:
        """Make the built-in pair in the background and put it into the queue."""
        folder = (self.settings.output_folder or default_output_folder()) / "Demo"
        task = DemoTask(folder, self)
        task.succeeded.connect(self._demo_made)
        self._threads.start(task)

    def probe_devices(self) -> None:
        """Find out in the background which processors can train here."""
        task = DevicesTask(self)
        task.succeeded.connect(self.devices_known)
        task.failed.connect(self._devices_unknown)
        self._threads.start(task)

    def shut_down(self) -> None:
        """End all threads, keeping the best; ``closed`` is emitted when they have ended."""
        if self.is_training:
            self._end_run(RunState.STOPPING)
        self._threads.shut_down()

    # The input and dropped files

    @Slot(tuple)
    def _input_checked(self, info: tuple[str, float, str]) -> None:
        self.input_info = info
        self.input_changed.emit()

    @Slot(object)
    def _sorted(self, found: Sorted) -> None:
        if self._threads.is_closing:
            return
        for path, why in found.ignored:
            self.said.emit(self.tr("{name} was left out: {why}").format(name=path.name, why=why))
        if found.input is not None:
            self.set_input(found.input)
        if found.question:
            self.asked.emit(found.question, list(found.recordings))
        else:
            self.add_recordings(found.recordings)

    @Slot(object)
    def _demo_made(self, paths: tuple[Path, Path]) -> None:
        source, recording = paths
        self.set_input(source)
        self.add_recordings([recording])

    @Slot(object)
    def _signal_saved(self, path: Path) -> None:
        self.said.emit(
            self.tr("Saved {0}. Play it into the amp and record what comes out.").format(path)
        )

    @Slot(str, str)
    def _devices_unknown(self, message: str, remedy: str) -> None:
        self.devices_unknown.emit(f"{message} {remedy}".strip())

    # The queue

    def _refuses(self, job_id: int) -> bool:
        """Whether a recording must be left as it is; the user is told."""
        if job_id != self._training:
            return False
        name = self.queue.job(job_id).name
        self.said.emit(self.tr("{0} is in training. Stop that first.").format(name))
        return True

    @Slot(int, str)
    def _renamed(self, job_id: int, name: str) -> None:
        """The model is called as the recording, the latest name counts."""
        metadata = self.queue.job(job_id).metadata
        if metadata.name is not None:
            self.queue.update(job_id, metadata=replace(metadata, name=name))

    def _begin_anew(self, job_id: int, **changes: Any) -> None:
        """Check again and forget a former training, whose files stay where they are."""
        if self.queue.find(job_id) is not None and not self._refuses(job_id):
            self.runs.pop(job_id, None)
            self._checker.check_again(job_id, progress=0.0, esr=(), model_path=None, **changes)

    @Slot()
    def _follow(self) -> None:
        self._refresh()

    # Recordings to look at

    @Slot(int, object)
    def _pair_loaded(self, job_id: int, pair: Pair) -> None:
        job = self.queue.find(job_id)
        if job is not None and job.report is not None:
            self.pair_loaded.emit(job_id, pair)
