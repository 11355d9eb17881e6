"""Owns the run: the queue, the input, and what is going on; the window only shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Probed,
    Saved,
    Started,
    StepsDone,
    SubmodelResult,
    TrainEvent,
    Warned,
)
from nam_engine.intake import Choices
from nam_engine.presets import OFFICIAL_RECIPE
from nam_engine.stopping import StopRules
from nam_engine.train_job import TrainJob
from nam_gui.job import Job, JobState
from nam_gui.pairing import Sorted
from nam_gui.queue_model import QueueModel
from nam_gui.settings import Settings, default_output_folder
from nam_gui.tasks import (
    Checked,
    CheckTask,
    DemoTask,
    Pair,
    PairTask,
    SignalTask,
    SortTask,
    Task,
    TrainTask,
)

__all__ = ["Controller", "Run", "RunState"]


class RunState(Enum):
    """What the program is doing with the queue as a whole."""

    IDLE = auto()
    TRAINING = auto()
    PAUSING = auto()
    PAUSED = auto()
    STOPPING = auto()


class Controller(QObject):
    """Single owner of the state; every change of it is a signal.

    Recordings are checked one after the other in one thread and trained so in another.
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
        self.queue = QueueModel(self)
        self.settings = settings
        self.state = RunState.IDLE
        self.input_path: Path | None = None
        self.input_info: tuple[str, float, str] | None = None
        self.runs: dict[int, Run] = {}
        self._tasks: list[Task] = []
        self._checking: int | None = None
        self._looked_at: int | None = None
        self._training: int | None = None
        self._train_task: TrainTask | None = None
        self._is_closing = False

    # What the user does

    def add_files(self, paths: Sequence[Path]) -> None:
        """Sort dropped files in the background; recordings join the queue and are checked."""
        task = SortTask(paths, self.input_path, self)
        task.succeeded.connect(self._sorted)
        task.failed.connect(self._tell)
        self._start(task)

    def set_input(self, path: Path) -> None:
        """Another input: everything that is not trained is checked again."""
        self.input_path = path
        self.input_info = (path.name, math.nan, "")
        self.queue.remove([job.id for job in self.queue.jobs() if job.recording == path])
        for job in self.queue.jobs():
            self._check_again(job.id)
        self.input_changed.emit()

    def add_recordings(self, paths: Sequence[Path]) -> None:
        for job_id in self.queue.add(list(paths)):
            self.queue.update(job_id, metadata=self.settings.metadata)
        self._check_next()

    def set_latency(self, job_id: int, samples: int | None) -> None:
        """A delay set by hand, or None for the measured one."""
        self.queue.update(job_id, latency_samples=samples)
        self._check_again(job_id)

    def set_flip(self, job_id: int, flip: bool) -> None:
        self.queue.update(job_id, flip=flip)
        self._check_again(job_id)

    def proceed(self, job_id: int) -> None:
        """Train in spite of what the checks found."""
        self.queue.update(job_id, ignore_checks=True, state=JobState.READY, message="")
        self.state_changed.emit()

    def train(self) -> None:
        """Train everything that can be, one after the other; goes on where it was paused."""
        if self.state in (RunState.IDLE, RunState.PAUSED):
            self._train_next()

    def pause(self) -> None:
        """Stop after the step in progress, to go on later exactly from there."""
        self._end_run(RunState.PAUSING)

    def stop(self) -> None:
        """Stop after the step in progress, keep the best and leave the queue alone."""
        self._end_run(RunState.STOPPING)

    def retry(self, job_id: int) -> None:
        """Check a recording that failed once more."""
        self.runs.pop(job_id, None)
        self._check_again(job_id)

    def train_more(self, job_id: int) -> None:
        """Continue a finished training with as many epochs again."""
        run = self.runs[job_id]
        run.epochs += self.settings.epochs
        self.queue.update(job_id, state=JobState.PAUSED)
        self.train()

    def remove(self, job_id: int) -> None:
        """Take a recording out of the queue, unless it is in training now."""
        if job_id != self._training:
            self.queue.remove([job_id])
            self.runs.pop(job_id, None)
            self.state_changed.emit()

    def load_pair(self, job_id: int) -> None:
        """Read a job's recordings in the background to be looked at."""
        report = self.queue.job(job_id).report
        if report is None or self.input_path is None:
            return
        self._looked_at = job_id
        recording = self.queue.job(job_id).recording
        task = PairTask(self.input_path, recording, report.sample_rate_hz, self)
        task.succeeded.connect(self._pair_read)
        task.failed.connect(self._tell)
        self._start(task)

    def save_signal(self, path: Path) -> None:
        task = SignalTask(path, self)
        task.succeeded.connect(self._signal_saved)
        task.failed.connect(self._tell)
        self._start(task)

    def load_demo(self) -> None:
        """Make the built-in pair in the background and put it into the queue."""
        folder = (self.settings.output_folder or default_output_folder()) / "Demo"
        task = DemoTask(folder, self)
        task.succeeded.connect(self._demo_made)
        task.failed.connect(self._tell)
        self._start(task)

    def shut_down(self) -> None:
        """End all threads, keeping the best; ``closed`` is emitted when they have ended."""
        self._is_closing = True
        self._end_run(RunState.STOPPING)
        for task in self._tasks:
            task.cancel()
        if not self._tasks:
            self.closed.emit()

    # What can be asked

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
        for path, why in found.ignored:
            self.said.emit(self.tr("{name} was left out: {why}").format(name=path.name, why=why))
        if found.input is not None and found.input != self.input_path:
            self.set_input(found.input)
        if found.question:
            self.asked.emit(found.question, list(found.recordings))
            return
        self.add_recordings(found.recordings)

    # Checking

    def _check_again(self, job_id: int) -> None:
        if self.queue.job(job_id).state in (JobState.TRAINING, JobState.DONE):
            return
        self.queue.update(job_id, state=JobState.WAITING_FOR_CHECK, report=None, message="")
        self._check_next()

    def _check_next(self) -> None:
        self.state_changed.emit()
        if self._checking is not None or self.input_path is None or self._is_closing:
            return
        waiting = [j for j in self.queue.jobs() if j.state is JobState.WAITING_FOR_CHECK]
        if not waiting:
            return
        job = waiting[0]
        self._checking = job.id
        self.queue.update(job.id, state=JobState.CHECKING)
        task = CheckTask(self.input_path, job.recording, _choices(job), self)
        task.succeeded.connect(self._checked)
        task.failed.connect(self._check_failed)
        self._start(task)

    def _job_of_check(self) -> int | None:
        """The job whose check has ended; None where it is gone or to be checked again."""
        job_id, self._checking = self._checking, None
        if job_id is None or job_id not in {job.id for job in self.queue.jobs()}:
            return None
        return job_id if self.queue.job(job_id).state is JobState.CHECKING else None

    @Slot(object)
    def _checked(self, checked: Checked) -> None:
        report = checked.report
        known = "" if report.recognised is None else report.recognised.known.name
        self.input_info = (report.input_name, checked.input_seconds, known)
        self.input_changed.emit()
        job_id = self._job_of_check()
        if job_id is not None:
            state, message = JobState.READY, ""
            if report.stops and not self.queue.job(job_id).ignore_checks:
                overridable = all(finding.overridable for finding in report.stops)
                state = JobState.HAS_FINDINGS if overridable else JobState.BLOCKED
                message = report.stops[0].message
            self.queue.update(job_id, report=report, state=state, message=message)
        self._check_next()

    @Slot(str, str)
    def _check_failed(self, message: str, remedy: str) -> None:
        job_id = self._job_of_check()
        if job_id is not None:
            text = f"{message} {remedy}".strip()
            self.queue.update(job_id, state=JobState.BLOCKED, message=text)
            self.said.emit(text)
        self._check_next()

    # Training

    def _next_job(self) -> Job | None:
        jobs = self.queue.jobs()
        paused = [job for job in jobs if job.state is JobState.PAUSED]
        ready = [job for job in jobs if job.state in (JobState.READY, JobState.QUEUED)]
        return next(iter(paused + ready), None)

    def _train_next(self) -> None:
        job = self._next_job()
        if job is None or self.input_path is None or self._is_closing:
            self._set_state(RunState.IDLE)
            return
        run = self.runs.setdefault(job.id, Run(self.settings.epochs))
        self._training = job.id
        self.queue.update(job.id, state=JobState.TRAINING, message="")
        self._train_task = TrainTask(self._train_job(job, run), self)
        self._train_task.happened.connect(self._on_event)
        self._train_task.succeeded.connect(self._trained)
        self._train_task.failed.connect(self._train_failed)
        self._set_state(RunState.TRAINING)
        self._start(self._train_task)

    def _train_job(self, job: Job, run: Run) -> TrainJob:
        assert self.input_path is not None
        user = job.metadata if job.metadata.name else replace(job.metadata, name=job.name)
        return TrainJob(
            input_path=self.input_path,
            output_path=job.recording,
            outdir=self.settings.output_folder or default_output_folder(),
            recipe=replace(OFFICIAL_RECIPE, epochs=run.epochs),
            device=self.settings.device,
            choices=_choices(job),
            user=user,
            stop_rules=StopRules(target_esr=self.settings.target_esr),
            resume=run.was_started,
        )

    def _end_run(self, state: RunState) -> None:
        if self._train_task is not None and self.state is RunState.TRAINING:
            self._set_state(state)
            self._train_task.control.stop()

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
        self.happened.emit(job_id, event)

    @Slot(object)
    def _trained(self, _result: object) -> None:
        job_id, reason = self._training, None
        if job_id is not None:
            reason = self.runs[job_id].reason
            is_paused = self.state is RunState.PAUSING and reason is FinishReason.STOPPED
            is_stopped = reason is FinishReason.STOPPED
            state = JobState.STOPPED if is_stopped else JobState.DONE
            self.queue.update(job_id, state=JobState.PAUSED if is_paused else state)
        self._run_ended()

    @Slot(str, str)
    def _train_failed(self, message: str, remedy: str) -> None:
        text = f"{message} {remedy}".strip()
        if self._training is not None:
            self.queue.update(self._training, state=JobState.FAILED, message=text)
        self.said.emit(text)
        self._run_ended()

    def _run_ended(self) -> None:
        job_id, self._training, self._train_task = self._training, None, None
        ended, self.state = self.state, RunState.IDLE
        if job_id is not None:
            self.job_ended.emit(job_id)
        if ended is RunState.PAUSING:
            self._set_state(RunState.PAUSED)
        elif ended is RunState.STOPPING:
            self._set_state(RunState.IDLE)
        else:
            self._train_next()

    def _set_state(self, state: RunState) -> None:
        self.state = state
        self.state_changed.emit()

    # Threads

    def _start(self, task: Task) -> None:
        self._tasks.append(task)
        task.finished.connect(self._task_finished)
        task.start()

    @Slot()
    def _task_finished(self) -> None:
        for task in [task for task in self._tasks if task.isFinished()]:
            self._tasks.remove(task)
            task.deleteLater()
        if self._is_closing and not self._tasks:
            self.closed.emit()

    @Slot(object)
    def _pair_read(self, pair: Pair) -> None:
        if self._looked_at is not None:
            self.pair_loaded.emit(self._looked_at, pair)

    @Slot(object)
    def _signal_saved(self, path: Path) -> None:
        self.said.emit(
            self.tr("Saved {0}. Play it into the amp and record what comes out.").format(path)
        )

    @Slot(object)
    def _demo_made(self, paths: tuple[Path, Path]) -> None:
        source, recording = paths
        self.set_input(source)
        self.add_recordings([recording])

    @Slot(str, str)
    def _tell(self, message: str, remedy: str) -> None:
        self.said.emit(f"{message} {remedy}".strip())


@dataclass
class Run:
    """What a job's training has said so far."""

    epochs: int
    submodels: tuple[str, ...] = ()
    device_name: str = ""
    steps_per_epoch: int = 0
    was_started: bool = False
    history: list[EpochDone] = field(default_factory=list)
    best: dict[int, float] = field(default_factory=dict)
    result: tuple[SubmodelResult, ...] = ()
    probes: tuple[str, ...] = ()
    reason: FinishReason | None = None

    def note(self, event: TrainEvent) -> None:
        """Take what counts from an event."""
        match event:
            case Started():
                self.was_started = True
                self.submodels = event.submodels
                self.device_name = event.device_name
                self.steps_per_epoch = event.steps_per_epoch
                self.reason = None
                del self.history[event.epochs_done :]
            case EpochDone():
                self.history.append(event)
            case BestImproved():
                self.best[event.submodel] = event.esr
            case Probed():
                self.probes = event.warnings
            case Finished():
                self.reason = event.reason
                self.result = event.result.submodels
                self.best = {i: s.metrics.esr for i, s in enumerate(self.result)}

    def progress(self, event: StepsDone | EpochDone) -> float:
        """How much is done, from 0 to 1."""
        total = self.epochs * self.steps_per_epoch
        return event.step / total if total else 0.0

    def esr(self) -> tuple[float, ...]:
        """The best of each submodel; NaN where there is none yet."""
        return tuple(self.best.get(i, math.nan) for i in range(len(self.submodels)))


def _choices(job: Job) -> Choices:
    return Choices(
        latency_samples=job.latency_samples,
        flip_polarity=job.flip,
        ignore_checks=job.ignore_checks,
    )
