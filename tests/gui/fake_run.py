"""The engine without PyTorch: a training whose pace the test sets."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nam_engine.control import RunControl
from nam_engine.errors import NothingTrainedError
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
    SubmodelMetrics,
    SubmodelResult,
    TrainEvent,
    TrainResult,
)
from nam_engine.train_job import TrainJob

SUBMODELS = ("channels_3", "channels_8")
STEPS_PER_EPOCH = 10
SECONDS_PER_EPOCH = 2.0
TIMEOUT_SECONDS = 5.0


@dataclass
class FakeRun:
    """``train`` stands for ``nam_engine.session.train``.

    ``jobs`` are those that it was given. It trains ``free_epochs`` epochs of each run at once
    and then waits to be stopped or released; None: it never waits. An exception in
    ``failures``, by the recording's stem, is raised in place of the first epoch, or, if
    ``fails_at_once``, before anything is said.
    """

    free_epochs: int | None = None
    fails_at_once: bool = False
    failures: dict[str, Exception] = field(default_factory=dict)
    jobs: list[TrainJob] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """The recordings whose generators were closed or ran to their ends."""
    _epochs_done: dict[Path, int] = field(default_factory=dict)
    _released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Wait nowhere any more."""
        self._released.set()

    def train(
        self, job: TrainJob, control: RunControl | None = None
    ) -> Generator[TrainEvent, None, None]:
        self.jobs.append(job)
        try:
            yield from self._train(job, control or RunControl())
        finally:
            self.left.append(job.output_path.stem)

    def _train(self, job: TrainJob, control: RunControl) -> Generator[TrainEvent, None, None]:
        name, path = job.output_path.stem, job.output_path
        failure = self.failures.pop(name, None)
        if failure is not None and self.fails_at_once:
            raise failure
        done = self._epochs_done.setdefault(path, 0) if job.resume else 0
        yield Checked(name, "v3.0.0", 0, "high", ())
        yield _started(name, job.recipe.epochs, done)
        free = self.free_epochs
        reason = FinishReason.COMPLETED
        for epoch in range(done + 1, job.recipe.epochs + 1):
            if free is not None and epoch - done > free and not self._wait(control):
                reason = FinishReason.STOPPED
                break
            if failure is not None:
                raise failure
            yield _steps((epoch - 1) * STEPS_PER_EPOCH + 1, job.recipe.epochs)
            row = _epoch(epoch, job.recipe.epochs)
            self._epochs_done[path] = epoch
            yield row
            for i, metrics in enumerate(row.metrics):
                yield BestImproved(i, epoch, metrics.esr)
        done = self._epochs_done.get(path, 0)
        if not done:
            raise NothingTrainedError(f"Training on {name} was stopped before its first step.")
        metrics = _epoch(done, done).metrics
        yield Saved(job.outdir / name / f"{name}.nam", is_final=True)
        yield Probed(())
        yield Finished(reason, TrainResult(_results(done, metrics), 48_000, done))

    def _wait(self, control: RunControl) -> bool:
        """Whether training goes on."""
        for _ in range(round(TIMEOUT_SECONDS / 0.002)):
            if control.should_stop():
                return False
            if self._released.wait(0.002):
                return True
        raise AssertionError("nobody has stopped or released the training")


def _started(name: str, epochs: int, done: int) -> Started:
    return Started(
        capture=name,
        submodels=SUBMODELS,
        epochs=epochs,
        epochs_done=done,
        steps_done=done * STEPS_PER_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
        device="cpu",
        device_name="a processor",
        sample_rate_hz=48_000,
        train_seconds=170.0,
        validation_seconds=9.0,
    )


def _steps(step: int, epochs: int) -> StepsDone:
    return StepsDone(
        step=step,
        loss=0.1,
        mse=0.05,
        mrstft=0.05,
        gradient_norm=1.0,
        learning_rate=0.004,
        skipped_steps=0,
        steps_per_second=STEPS_PER_EPOCH / SECONDS_PER_EPOCH,
        seconds_left=SECONDS_PER_EPOCH * (epochs - step / STEPS_PER_EPOCH),
    )


def _epoch(epoch: int, epochs: int) -> EpochDone:
    return EpochDone(
        epoch=epoch,
        step=epoch * STEPS_PER_EPOCH,
        metrics=tuple(SubmodelMetrics(esr / epoch, 1e-4, 0.1) for esr in (0.2, 0.1)),
        loss=0.1,
        mse=0.05,
        mrstft=0.05,
        gradient_norm=1.0,
        learning_rate=0.004,
        skipped_steps=0,
        steps_per_second=STEPS_PER_EPOCH / SECONDS_PER_EPOCH,
        memory_mb=100.0,
        seconds=SECONDS_PER_EPOCH,
        seconds_left=SECONDS_PER_EPOCH * (epochs - epoch),
    )


def _results(epoch: int, metrics: tuple[SubmodelMetrics, ...]) -> tuple[SubmodelResult, ...]:
    weights = np.zeros(4, np.float32)
    return tuple(
        SubmodelResult(name, weights, epoch, epoch * STEPS_PER_EPOCH, figures)
        for name, figures in zip(SUBMODELS, metrics, strict=True)
    )
