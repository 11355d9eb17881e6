"""When a run has won enough, or cannot win more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nam_engine.errors import TrainingError
from nam_engine.events import FinishReason, SubmodelResult

__all__ = ["StopRules"]


@dataclass(frozen=True)
class StopRules:
    """Ends of a run before its last epoch; None leaves a rule out.

    ``target_esr`` is reached when the best validation ESR of ``target_submodel`` (a name;
    None: the largest) is not above it. ``patience`` is how many epochs may pass in which no
    submodel improves. ``minutes`` limit one run, not all runs of a training together.
    """

    target_esr: float | None = None
    target_submodel: str | None = None
    patience: int | None = None
    minutes: float | None = None

    def require_submodel(self, names: Sequence[str]) -> None:
        """Raise TrainingError where ``target_submodel`` is none of ``names``."""
        if self.target_submodel is not None and self.target_submodel not in names:
            raise TrainingError(
                f"There is no submodel '{self.target_submodel}' to reach the target.",
                f"Choose one of {', '.join(names)}.",
            )

    def reason_after(
        self, epochs_done: int, best: Sequence[SubmodelResult | None]
    ) -> FinishReason | None:
        """Why to stop after this epoch, if at all. ``best`` are the submodels' so far."""
        reached = [b for b in best if b is not None]
        judged = [b for b in reached if self.target_submodel in (None, b.name)]
        if self.target_esr is not None and judged and judged[-1].metrics.esr <= self.target_esr:
            return FinishReason.TARGET_REACHED
        if self.patience is not None and reached:
            last_improvement = max(b.epoch for b in reached)
            if epochs_done - last_improvement >= self.patience:
                return FinishReason.NO_IMPROVEMENT
        return None
