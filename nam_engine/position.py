"""Where a training stands: its counters and what the epoch in progress has seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["Position", "StepFigures"]


@dataclass(frozen=True)
class StepFigures:
    """What a step saw: the loss and of what it is made, all summed over submodels."""

    loss: float
    mse: float
    mrstft: float
    gradient_norm: float

    @property
    def is_finite(self) -> bool:
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)

    def __add__(self, other: StepFigures) -> StepFigures:
        return StepFigures(
            self.loss + other.loss,
            self.mse + other.mse,
            self.mrstft + other.mrstft,
            self.gradient_norm + other.gradient_norm,
        )

    def __truediv__(self, count: int) -> StepFigures:
        """The mean of ``count`` steps whose sum this is; NaN where there was none."""
        if not count:
            return StepFigures(math.nan, math.nan, math.nan, math.nan)
        return StepFigures(
            self.loss / count, self.mse / count, self.mrstft / count, self.gradient_norm / count
        )


NOTHING_SEEN = StepFigures(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Position:
    """A place between two steps.

    ``steps_done`` counts from the start of the training, ``steps_in_epoch`` within the epoch
    in progress; both count skipped steps, of which there were ``skipped_steps`` in all and
    ``skipped_in_a_row`` just now. ``seen`` sums what the epoch's other steps saw.
    ``rollbacks`` is how often training went back and halved its learning rate.
    """

    epochs_done: int = 0
    steps_done: int = 0
    steps_in_epoch: int = 0
    skipped_steps: int = 0
    skipped_in_epoch: int = 0
    skipped_in_a_row: int = 0
    rollbacks: int = 0
    seen: StepFigures = NOTHING_SEEN

    def after_step(self, figures: StepFigures) -> Position:
        """One step on; a step that is not finite was skipped."""
        skipped = not figures.is_finite
        return replace(
            self,
            steps_done=self.steps_done + 1,
            steps_in_epoch=self.steps_in_epoch + 1,
            skipped_steps=self.skipped_steps + skipped,
            skipped_in_epoch=self.skipped_in_epoch + skipped,
            skipped_in_a_row=self.skipped_in_a_row + 1 if skipped else 0,
            seen=self.seen if skipped else self.seen + figures,
        )

    def after_epoch(self) -> Position:
        """At the start of the next epoch."""
        return replace(
            self,
            epochs_done=self.epochs_done + 1,
            steps_in_epoch=0,
            skipped_in_epoch=0,
            seen=NOTHING_SEEN,
        )

    def at_epoch_start(self) -> Position:
        """Where the epoch in progress began."""
        return replace(
            self,
            steps_done=self.steps_done - self.steps_in_epoch,
            steps_in_epoch=0,
            skipped_in_epoch=0,
            seen=NOTHING_SEEN,
        )

    def mean_step(self) -> StepFigures:
        """The mean of the epoch's steps so far, without those that were skipped."""
        return self.seen / (self.steps_in_epoch - self.skipped_in_epoch)
