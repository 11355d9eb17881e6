"""Trains the recordings of the queue, one after the other in one thread."""

from __future__ import annotations

import math
from enum import Enum, auto
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from nam_engine.errors import CheckpointError, DeviceError, NothingTrainedError
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
from nam_gui.job import Job, JobState
from nam_gui.queue_model import QueueModel
from nam_gui.run import Run
from nam_gui.settings import Settings
from nam_gui.tasks import TrainTask
from nam_gui.threads import Threads

__all__ = ["RunState", "Training"]


class RunState(Enum):
    """What the program is doing with the queue as a whole."""

    IDLE = auto()
    TRAINING = auto()
    PAUSING = auto()
    PAUSED = auto()
    STOPPING = auto()


IN_LINE = (RunState.TRAINING, RunState.PAUSING, RunState.PAUSED)
"""What is ready is trained without another word."""


class Training(QObject):
    """The half of the controller that trains: what runs, what is in line, what has ended."""

    state_changed = Signal()
    settings_changed = Signal()
    said = Signal(str)
    """A sentence for the user."""
    happened = Signal(int, object)
    """A training event of a job."""
    job_ended = Signal(int)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.state = RunState.IDLE
        self.input_path: Path | None = None
        self.runs: dict[int, Run] = {}
        self.queue = QueueModel(self)
        self._threads = Threads(self)
        self._threads.failed.connect(self.said)
        self._training: int | None = None
        self._train_task: TrainTask | None = None
        self._seconds_per_epoch = math.nan

    @property
    def settings(self) -> Settings:
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.settings_changed.emit()

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

    @property
    def can_train(self) -> bool:
        return self.state in (RunState.IDLE, RunState.PAUSED) and self._next_job() is not None

    @property
    def is_training(self) -> bool:
        return self._train_task is not None

    @property
    def training_job(self) -> int | None:
        return self._training

    def _is_begun(self, job_id: int) -> bool:
        return job_id in self.runs and self.runs[job_id].is_begun

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
        if self._threads.is_closing:
            return
        if not self._is_begun(job.id):
            if self.input_path is None:
                return
            self.runs[job.id] = Run.begin(self.input_path, job, self.settings)
        self._training = job.id
        self.queue.update(job.id, state=JobState.TRAINING, is_preparing=True, message="")
        self._train_task = TrainTask(self.runs[job.id].next_job(job, self.settings), self)
        self._train_task.happened.connect(self._on_event)
        self._train_task.succeeded.connect(self._trained)
        self._train_task.failed.connect(self._train_failed)
        self._refresh(RunState.TRAINING)
        self._threads.start(self._train_task, tells=False)

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
                    job_id,
                    is_preparing=False,
                    progress=run.progress(event),
                    seconds_left=event.seconds_left,
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
        sentence = f"{message} {self._remedy(task.error) or remedy}".strip()
        if isinstance(task.error, NothingTrainedError):
            # As it was wished; what is paused has lost nothing.
            if self.state is not RunState.PAUSING:
                self.said.emit(sentence)
            is_ready = self.state is RunState.STOPPING
            self._run_ended(JobState.READY if is_ready else self._state_of_stopped())
        else:
            self.said.emit(sentence)
            self._run_ended(JobState.FAILED, sentence)

    def _remedy(self, error: Exception | None) -> str:
        """What to do in the window, where the engine speaks of its command line."""
        match error:
            case DeviceError():
                return self.tr("Choose another device in File > Settings.")
            case CheckpointError():
                return self.tr("Train again, in Edit, begins anew.")
            case _:
                return ""

    def _run(self) -> Run:
        assert self._training is not None
        return self.runs[self._training]

    def _state_of_stopped(self) -> JobState:
        return JobState.PAUSED if self.state is RunState.PAUSING else JobState.STOPPED

    def _run_ended(self, job_state: JobState, message: str = "") -> None:
        job_id, self._training, self._train_task = self._training, None, None
        assert job_id is not None
        self.queue.update(job_id, state=job_state, is_preparing=False, message=message)
        if self.state is RunState.TRAINING:
            self._train_next()
        else:
            is_paused = self.state is RunState.PAUSING
            self._refresh(RunState.PAUSED if is_paused else RunState.IDLE)
        self.job_ended.emit(job_id)
