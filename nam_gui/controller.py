"""Owns the run: the queue, the input, and what is going on; the window only shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from nam_engine.job_file import Ending
from nam_engine.past import PastTraining
from nam_gui.checker import Checker
from nam_gui.compare_task import CompareTask, ModelSource
from nam_gui.devices_task import DevicesTask
from nam_gui.job import JobState
from nam_gui.pairing import Sorted
from nam_gui.past import Past, notes_on
from nam_gui.past_tasks import Opened
from nam_gui.reader import Reader
from nam_gui.run import Run
from nam_gui.settings import Settings, default_output_folder
from nam_gui.tasks import DemoTask, Pair, PairSource, PairTask, SignalTask, SortTask, Task
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
    models_found = Signal(list)
    """list[Path]: models among dropped files."""
    devices_known = Signal(tuple)
    """A tuple of ``DeviceReport``, GPUs first."""
    devices_unknown = Signal(str)
    """Why nothing is known of them."""
    pair_loaded = Signal(int, object)
    """A job and its ``tasks.Pair``, which somebody wants to look at."""
    opened = Signal(int)
    """A training of an earlier day is in the queue again."""
    comparison_loaded = Signal(int, object)
    """A job and what its models make of it, a ``comparison.Comparison``."""
    comparison_failed = Signal(int, str)
    closed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(settings, parent)
        self.input_info: tuple[str, float, str] | None = None
        self._checker = Checker(self.queue, self._threads, self)
        self.past = Past(self._threads, self)
        self._pairs = Reader(PairTask, self._threads, self)
        self._comparisons = Reader(CompareTask, self._threads, self)
        self.queue.renamed.connect(self._renamed)
        self._threads.ended.connect(self.closed)
        self._checker.changed.connect(self._follow)
        self._checker.input_checked.connect(self._input_checked)
        self.past.opened.connect(self._opened)
        self.job_ended.connect(self.look_back)
        self._pairs.loaded.connect(self._pair_loaded)
        self._comparisons.loaded.connect(self._compared)
        self._comparisons.failed.connect(self._compare_failed)

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
        """Put recordings into the queue, to be checked; the input is none.

        One that is there already is checked again, as it may have been recorded again, but for
        those that training has begun on.
        """
        source = self.input_path and self.input_path.absolute()
        wanted = {path.absolute(): path for path in paths if path.absolute() != source}
        known = [job for job in self.queue.jobs() if job.recording.absolute() in wanted]
        metadata = replace(self.settings.metadata, name=None)
        for job_id in self.queue.add(wanted.values()):
            self.queue.update(job_id, metadata=metadata)
        begun = [job for job in known if job.id == self._training or self._is_begun(job.id)]
        for job in known:
            if job not in begun:
                self._checker.check_again(job.id, ignore_checks=False)
        if begun:
            who = begun[0].name if len(begun) == 1 else self.tr("{0} recordings").format(len(begun))
            text = self.tr("{0}: left alone, as its training has begun. See Edit > Train again.")
            self.said.emit(text.format(who))
        self._checker.check_next()
        if self.input_path is None and any(job.is_being_checked for job in self.queue.jobs()):
            self.said.emit(
                self.tr("Now the input: choose or drop the file that you played into the amp.")
            )

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
        source = self._pair_source(job_id)
        if source is not None:
            self._pairs.load(source)

    def load_comparison(self, job_id: int) -> None:
        """Play a job's models in the background to be seen and heard beside its recording."""
        job, run = self.queue.find(job_id), self.runs.get(job_id)
        if job is not None and run is not None and job.model_path is not None:
            epochs_done = len(run.history)
            source = ModelSource(job_id, job.model_path, epochs_done, run.begun_with)
            self._comparisons.load(source)

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

    @Slot()
    def look_back(self) -> None:
        """Look in the background for earlier trainings; ``past`` says what was found."""
        folder = self.settings.output_folder or default_output_folder()
        self.past.look([folder, *self.settings.recent_folders])

    def open_capture(self, folder: Path) -> None:
        """Put an earlier training into the queue, with all that is known of it."""
        self.past.open([folder], goes_on=False)

    def continue_captures(self, folders: Sequence[Path]) -> None:
        """Put interrupted trainings into the queue and go on with them."""
        self.past.open(folders, goes_on=True)

    def probe_devices(self) -> None:
        """Find out in the background which processors can train here."""
        task = DevicesTask(self)
        task.succeeded.connect(self.devices_known)
        task.failed.connect(self._devices_unknown)
        self._threads.start(task)

    def start(self, task: Task) -> None:
        """Run a task that others listen to; it has ended when ``closed`` is emitted."""
        self._threads.start(task)

    @Slot()
    def shut_down(self) -> None:
        """End all threads, keeping the best; ``closed`` is emitted when they have ended.

        What is paused goes on another day, and what was said of a training since is kept.
        """
        if self.is_training:  # its folder can be written to when it has ended
            self.job_ended.connect(self.shut_down)
            if self.state is not RunState.PAUSING:
                self._end_run(RunState.STOPPING)
            return
        self.past.write_down(notes_on(self.queue.jobs(), self.runs))
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
        for _path, why in found.ignored:
            self.said.emit(why)
        if found.input is not None:
            self.set_input(found.input)
        if found.models:
            self.models_found.emit(list(found.models))
        if found.question:
            self.asked.emit(found.question, list(found.recordings))
        else:
            self.add_recordings(found.recordings)

    @Slot(object)
    def _demo_made(self, paths: tuple[Path, Path]) -> None:
        if self.queue.jobs():  # the user's own came meanwhile; theirs is another input
            return
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
            if self.input_path is None and job_id in self.runs:  # one of an earlier day
                self.set_input(self.runs[job_id].begun_with.input_path)
            self.runs.pop(job_id, None)
            self._checker.check_again(job_id, progress=0.0, esr=(), model_path=None, **changes)

    @Slot()
    def _follow(self) -> None:
        self._refresh()

    # Trainings of earlier days

    @Slot(object)
    def _opened(self, opened: Opened) -> None:
        for problem in opened.problems:
            self.said.emit(problem)
        for training in opened.trainings:
            self._restore(training, goes_on=opened.goes_on)
        self._refresh()
        if opened.goes_on and opened.trainings:
            self.train()

    def _restore(self, training: PastTraining, *, goes_on: bool) -> None:
        """Into the row of its recording, unless another training of that runs."""
        run = Run.restored(training)
        begun_with, choices = run.begun_with, run.begun_with.choices
        recording = begun_with.output_path
        self.queue.add([recording])
        job = next(job for job in self.queue.jobs() if job.recording.absolute() == recording)
        if self._refuses(job.id):
            return
        self.runs[job.id] = run
        is_done = training.file.ending is Ending.DONE
        ended = JobState.DONE if is_done else JobState.STOPPED
        self.queue.update(
            job.id,
            name=begun_with.user.name or recording.stem,
            metadata=begun_with.user,
            latency_samples=choices.latency_samples,
            flip=choices.flip_polarity,
            ignore_checks=choices.ignore_checks,
            report=None,
            state=JobState.READY if goes_on else ended,
            message="",
            progress=len(run.history) / run.epochs,
            esr=run.esr(),
            model_path=training.model_path,
        )
        if goes_on and self.input_path is None:
            self.set_input(begun_with.input_path)
        self._checker.report_on(job.id, begun_with.input_path)
        self.opened.emit(job.id)

    # Recordings to look at

    def _pair_source(self, job_id: int) -> PairSource | None:
        job = self.queue.find(job_id)
        path = self.runs[job_id].begun_with.input_path if self._is_begun(job_id) else None
        path = path or self.input_path
        if job is None or job.report is None or path is None:
            return None
        return PairSource(job_id, path, job.recording, job.report.sample_rate_hz)

    @Slot(object, object)
    def _pair_loaded(self, source: PairSource, pair: Pair) -> None:
        if source == self._pair_source(source.job_id):
            self.pair_loaded.emit(source.job_id, pair)

    @Slot(object, object)
    def _compared(self, source: ModelSource, comparison: object) -> None:
        if self._is_begun(source.job_id):
            self.comparison_loaded.emit(source.job_id, comparison)

    @Slot(object, str)
    def _compare_failed(self, source: ModelSource, sentence: str) -> None:
        self.comparison_failed.emit(source.job_id, sentence)
