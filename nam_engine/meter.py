"""Watches a run against the clock and puts its figures into events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from nam_engine.events import EpochDone, StepsDone, SubmodelMetrics
from nam_engine.pace import Pace
from nam_engine.position import NOTHING_SEEN, Position, StepFigures

__all__ = ["Meter"]

REPORT_SECONDS = 0.1


class Meter:
    """Counts from its making, which is the start of the run.

    ``memory_mb`` is asked at the end of an epoch. The run's time is up after ``minutes``.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        epochs: int,
        steps_per_epoch: int,
        minutes: float | None,
        memory_mb: Callable[[], float],
    ) -> None:
        self._pace = pace
        self._epochs = epochs
        self._steps_per_epoch = steps_per_epoch
        self._memory_mb = memory_mb
        now = time.monotonic()
        self._deadline = math.inf if minutes is None else now + 60 * minutes
        self._step_ended = self._epoch_started = self._previous_epoch_ended = now
        self._reported = now
        self._seen = NOTHING_SEEN
        self._steps = self._skipped = self._steps_in_epoch = 0

    def is_time_up(self) -> bool:
        return time.monotonic() >= self._deadline

    def start_epoch(self) -> None:
        self._step_ended = self._epoch_started = time.monotonic()
        self._steps_in_epoch = 0

    def step_done(
        self, figures: StepFigures, position: Position, learning_rate: float
    ) -> StepsDone | None:
        """Note a step; a report about ten times a second."""
        now = time.monotonic()
        self._pace.step_done(now - self._step_ended)
        self._step_ended = now
        self._steps += 1
        self._steps_in_epoch += 1
        if figures.is_finite:
            self._seen += figures
        else:
            self._skipped += 1
        seconds = now - self._reported
        if seconds < REPORT_SECONDS:
            return None
        mean = self._seen / (self._steps - self._skipped)
        report = StepsDone(
            step=position.steps_done,
            loss=mean.loss,
            mse=mean.mse,
            mrstft=mean.mrstft,
            gradient_norm=figures.gradient_norm,
            learning_rate=learning_rate,
            skipped_steps=position.skipped_steps,
            steps_per_second=self._steps / seconds,
            seconds_left=self._seconds_left(position),
        )
        self._reported, self._seen, self._steps, self._skipped = now, NOTHING_SEEN, 0, 0
        return report

    def validated(
        self,
        metrics: tuple[SubmodelMetrics, ...],
        position: Position,
        learning_rate: float,
        *,
        is_complete: bool,
    ) -> EpochDone:
        """The row of the epoch that was validated at ``position``, which may be its end."""
        now = time.monotonic()
        if is_complete:
            # From the end of the epoch before: saving it is a part of what an epoch takes.
            self._pace.epoch_done(now - self._previous_epoch_ended)
            self._previous_epoch_ended = now
        mean = position.mean_step()
        # None where the run was continued between the epoch's last step and its validation.
        stepping_seconds = self._step_ended - self._epoch_started or math.inf
        return EpochDone(
            epoch=position.epochs_done + 1,
            step=position.steps_done,
            metrics=metrics,
            loss=mean.loss,
            mse=mean.mse,
            mrstft=mean.mrstft,
            gradient_norm=mean.gradient_norm,
            learning_rate=learning_rate,
            skipped_steps=position.skipped_steps,
            steps_per_second=self._steps_in_epoch / stepping_seconds,
            memory_mb=self._memory_mb(),
            seconds=now - self._epoch_started,
            seconds_left=self._seconds_left(position.after_epoch() if is_complete else position),
            is_complete=is_complete,
        )

    def _seconds_left(self, position: Position) -> float:
        epochs_left = self._epochs - position.epochs_done
        steps_left = epochs_left * self._steps_per_epoch - position.steps_in_epoch
        left = self._pace.seconds_left(steps_left, epochs_left)
        return min(left, max(0.0, self._deadline - time.monotonic()))
