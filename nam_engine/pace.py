"""How long a run will still take."""

from __future__ import annotations

import math

__all__ = ["Pace"]

# What is older than this counts for little: other programs come and go.
MEMORY_SECONDS = 30.0
# Validation only predicts, which is about this share of a training step.
PREDICTION_SHARE = 1 / 3


class Pace:
    """Seconds per step and, apart from that, per epoch for validating and saving.

    ``validation_share`` is how much audio is validated on for each second that is trained
    on: it gives the time of the first validation, which nobody has seen yet.
    """

    def __init__(self, steps_per_epoch: int, validation_share: float) -> None:
        self._steps_per_epoch = steps_per_epoch
        self._validation_steps = validation_share * steps_per_epoch * PREDICTION_SHARE
        self._first_step_seconds: float | None = None
        self._step = _RecentMean()
        self._rest = _RecentMean()
        self._seconds_in_steps = 0.0

    def step_done(self, seconds: float) -> None:
        """One step took this long."""
        self._seconds_in_steps += seconds
        if self._first_step_seconds is None:
            # It waits for memory, libraries and compilers and says little of the others.
            self._first_step_seconds = seconds
        else:
            self._step.add(seconds)

    def epoch_done(self, seconds: float) -> None:
        """One epoch took this long, from its shuffle until the next one's."""
        self._rest.add(max(0.0, seconds - self._seconds_in_steps))
        self._seconds_in_steps = 0.0

    def seconds_left(self, steps_left: int, epochs_left: int) -> float:
        """For so many steps and validations; NaN before the first step."""
        step = self._step.value(otherwise=self._first_step_seconds or math.nan)
        rest = self._rest.value(otherwise=step * self._validation_steps)
        return step * steps_left + rest * epochs_left


class _RecentMean:
    """A mean of durations in which the past fades."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._count = 0.0

    def add(self, seconds: float) -> None:
        fade = math.exp(-seconds / MEMORY_SECONDS)
        self._seconds = self._seconds * fade + seconds
        self._count = self._count * fade + 1

    def value(self, *, otherwise: float) -> float:
        return self._seconds / self._count if self._count else otherwise
