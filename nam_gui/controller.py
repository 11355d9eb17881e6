"""Owns the run: the queue, the input, and what is going on; the window only shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from nam_engine.errors import CheckpointError
from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Saved,
    StepsDone,
    TrainEvent,
    Warned,
)
from nam_gui.checker import Checker
from nam_gui.job import Job, JobState
from nam_gui.pair_reader import PairReader
from nam_gui.pairing import Sorted
from nam_gui.queue_model import QueueModel
from nam_gui.run import Run
from nam_gui.settings import Settings, default_output_folder
from nam_gui.tasks import DemoTask, Pair, PairSource, SignalTask, SortTask, TrainTask
from nam_gui.threads import Threads

__all__ = ["Controller", "RunState"]


class RunState(Enum):
    """What the program is doing with the queue as a whole."""

    IDLE = auto()
    TRAINING = auto()
    PAUSING = auto()
    PAUSED = auto()
    STOPPING = auto()


IN_LINE = (RunState.TRAINING, RunState.PAUSING, RunState.PAUSED)
"""What is ready is trained without another word."""


class Controller(QObject):
    """Single owner of the state; every change of it is a signal.

    Recordings are checked one after the other in one thread and trained so in another. An id
    of a recording that is gone is no error: what is said about it comes too late.
    """

    state_changed = Signal()
    input_changed = Signal()
    said = Signal(str)
    """A sentence for the user."""
    asked = Signal(str, list)
    """A question about dropped files, and the files."""
    happened = Signal(int, object)
    """A training event of a job."""
    job_ended = Signal(int)
    pair_loaded = Signal(int, object)
    """A job and its ``tasks.Pair``, which somebody wants to look at."""
    closed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.state = RunState.IDLE
        self.runs: dict[int, Run] = {}
        self.queue = QueueModel(self)
        self._threads = Threads(self)
        self._checker = Checker(self.queue, self._threads, self)
        self._reader = PairReader(self._threads, self)
        self._training: int | None = None
        self._train_task: TrainTask | None = None
        self._seconds_per_epoch = math.nan
        self.queue.renamed.connect(self._renamed)
        self._threads.failed.connect(self.said)
        self._threads.ended.connect(self.closed)
        self._checker.changed.connect(self._follow)
        self._checker.input_changed.connect(self.input_changed)
        self._reader.loaded.connect(self._pair_loaded)

    # What the user does

    def add_files(self, paths: Sequence[Path]) -> None:
        """Sort dropped files in the background; recordings join the queue and are checked."""
        task = SortTask(paths, self.input_path, self)
        task.succeeded.connect(self._sorted)
        self._threads.start(task)

    def set_input(self, path: Path) -> None:
        """Another input: everything that no training has begun on is checked again."""
        self._checker.set_input(path)
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

    def train(self) -> None:
        """Train everything that can be, one after the other; goes on where it was paused."""
        if self.state in (RunState.IDLE, RunState.PAUSED):
            self._train_next()

    def pause(self) -> None:
        """Stop after the step in progress, to go on later exactly from there."""
        if self.state is RunState.TRAINING:
            self._end_run(RunState.PAUSING)

    def stop(self) -> None:
        """Stop after the step in progress, keep the best and leave the queue alone."""
        if self.state in (RunState.TRAINING, RunState.PAUSING):
            self._end_run(RunState.STOPPING)
        elif self.state is RunState.PAUSED:
            for job in self.queue.jobs():
                if job.state is JobState.PAUSED:
                    self.queue.update(job.id, state=JobState.STOPPED)
            self._refresh(RunState.IDLE)

    def skip(self, job_id: int) -> None:
        """Leave a recording out of the run; if it is in training, keep its best and go on."""
        job = self.queue.find(job_id)
        if job_id == self._training and self._train_task is not None:
            self._train_task.control.stop()
        elif job is not None and job.state in (JobState.QUEUED, JobState.PAUSED):
            self.queue.update(job_id, state=JobState.STOPPED)
            self._refresh()

    def retry(self, job_id: int) -> None:
        """A training that failed can go on; everything else is checked and begins anew."""
        job = self.queue.find(job_id)
        if job is not None and job.state is JobState.FAILED and self._is_begun(job_id):
            self.queue.update(job_id, state=JobState.READY, message="")
            self._refresh()
        else:
            self._begin_anew(job_id)

    def train_more(self, job_id: int) -> None:
        """Continue a finished training with as many epochs again, as the next one."""
        job = self.queue.find(job_id)
        if job is None or job.state not in (JobState.DONE, JobState.STOPPED):
            return
        if not self._is_begun(job_id):
            return
        self.runs[job_id].extend(self.settings.epochs)
        self.queue.update(job_id, state=JobState.READY)
        if self.state in (RunState.IDLE, RunState.PAUSED):
            self._train(self.queue.job(job_id))
        else:
            self._refresh()

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

    def shut_down(self) -> None:
        """End all threads, keeping the best; ``closed`` is emitted when they have ended."""
        if self.is_training:
            self._end_run(RunState.STOPPING)
        self._threads.shut_down()

    # What can be asked

    @property
    def input_path(self) -> Path | None:
        return self._checker.input_path

    @property
    def input_info(self) -> tuple[str, float, str] | None:
        """The input's name, its seconds (NaN: not known yet) and what it was recognised as."""
        return self._checker.input_info

    @property
    def can_train(self) -> bool:
        return self.state in (RunState.IDLE, RunState.PAUSED) and self._next_job() is not None

    @property
    def is_training(self) -> bool:
        return self._train_task is not None

    @property
    def training_job(self) -> int | None:
        return self._training

    # Dropped files

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

    # The queue

    def _is_begun(self, job_id: int) -> bool:
        return job_id in self.runs and self.runs[job_id].is_begun

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

    def _refresh(self, state: RunState | None = None) -> None:
        """Say that something has changed, after what follows from it."""
        jobs = self.queue.jobs()
        self.state = state or self.state
        if self.state is RunState.PAUSED and all(j.state is not JobState.PAUSED for j in jobs):
            self.state = RunState.IDLE  # what was paused is gone
        was, now = JobState.QUEUED, JobState.READY
        if self.state in IN_LINE:
            was, now = now, was
        for job in jobs:
            if job.state is was:
                self.queue.update(job.id, state=now)
        self._estimate()
        self.state_changed.emit()

    def _estimate(self) -> None:
        """How long those in line will take, if they are as fast as the latest."""
        for job in self.queue.jobs():
            if job.state is JobState.QUEUED:
                run = self.runs.get(job.id)
                epochs = self.settings.epochs if run is None else run.epochs - len(run.history)
                self.queue.update(job.id, seconds_left=epochs * self._seconds_per_epoch)

    # Training

    def _next_job(self) -> Job | None:
        jobs = self.queue.jobs()
        paused = [job for job in jobs if job.state is JobState.PAUSED]
        ready = [job for job in jobs if job.state in (JobState.READY, JobState.QUEUED)]
        return next(iter(paused + ready), None)

    def _train_next(self) -> None:
        job = self._next_job()
        if job is None:
            self._refresh(RunState.IDLE)
        else:
            self._train(job)

    def _train(self, job: Job) -> None:
        if self.input_path is None or self._threads.is_closing:
            return
        if not self._is_begun(job.id):
            self.runs[job.id] = Run.begin(self.input_path, job, self.settings)
        self._training = job.id
        self.queue.update(job.id, state=JobState.TRAINING, message="")
        self._train_task = TrainTask(self.runs[job.id].next_job(job, self.settings), self)
        self._train_task.happened.connect(self._on_event)
        self._train_task.succeeded.connect(self._trained)
        self._train_task.failed.connect(self._train_failed)
        self._refresh(RunState.TRAINING)
        self._threads.start(self._train_task)

    def _end_run(self, state: RunState) -> None:
        assert self._train_task is not None
        self._train_task.control.stop()
        self._refresh(state)

    @Slot(object)
    def _on_event(self, event: TrainEvent) -> None:
        job_id = self._training
        if job_id is None:
            return
        run = self.runs[job_id]
        run.note(event)
        match event:
            case StepsDone() | EpochDone():
                self.queue.update(
                    job_id, progress=run.progress(event), seconds_left=event.seconds_left
                )
            case BestImproved() | Finished():
                self.queue.update(job_id, esr=run.esr())
            case Saved():
                self.queue.update(job_id, model_path=event.path)
            case Warned():
                self.said.emit(f"{event.message} {event.remedy}".strip())
        if isinstance(event, EpochDone):
            self._seconds_per_epoch = event.seconds
            self._estimate()
        self.happened.emit(job_id, event)

    @Slot(object)
    def _trained(self, _result: object) -> None:
        is_stopped = self._run().reason is FinishReason.STOPPED
        self._run_ended(self._state_of_stopped() if is_stopped else JobState.DONE)

    @Slot(str, str)
    def _train_failed(self, message: str, remedy: str) -> None:
        assert self._train_task is not None
        run, task = self._run(), self._train_task
        if isinstance(task.error, CheckpointError):
            run.is_begun = False  # the next try begins anew
        if task.control.should_stop() and not run.is_begun:
            # Nothing was trained, as it was wished.
            is_ready = self.state is RunState.STOPPING
            self._run_ended(JobState.READY if is_ready else self._state_of_stopped())
        else:
            self._run_ended(JobState.FAILED, f"{message} {remedy}".strip())

    def _run(self) -> Run:
        assert self._training is not None
        return self.runs[self._training]

    def _state_of_stopped(self) -> JobState:
        return JobState.PAUSED if self.state is RunState.PAUSING else JobState.STOPPED

    def _run_ended(self, job_state: JobState, message: str = "") -> None:
        job_id, self._training, self._train_task = self._training, None, None
        assert job_id is not None
        self.queue.update(job_id, state=job_state, message=message)
        if self.state is RunState.TRAINING:
            self._train_next()
        else:
            is_paused = self.state is RunState.PAUSING
            self._refresh(RunState.PAUSED if is_paused else RunState.IDLE)
        self.job_ended.emit(job_id)

    # Recordings to look at

    @Slot(int, object)
    def _pair_loaded(self, job_id: int, pair: Pair) -> None:
        job = self.queue.find(job_id)
        if job is not None and job.report is not None:
            self.pair_loaded.emit(job_id, pair)
