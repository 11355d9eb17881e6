"""The best state of each submodel so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nam_engine.events import BestImproved, SubmodelResult
from nam_engine.method import JudgedBy
from nam_engine.wavenet.config import PackedConfig

__all__ = ["Best"]


class Best:
    """Keeps, for each submodel of a network, the state whose validation had the lowest figure."""

    def __init__(self, network: PackedConfig, judged_by: JudgedBy) -> None:
        self._network = network
        self._judged_by = judged_by
        self.results: tuple[SubmodelResult | None, ...] = (None,) * len(network.submodels)

    def take(self, current: Sequence[SubmodelResult]) -> list[BestImproved]:
        """Keep what is better. The figures are finite: who validates has made sure."""
        improved = [
            best is None or self._figure(result) < self._figure(best)
            for result, best in zip(current, self.results, strict=True)
        ]
        self.results = tuple(
            result if is_better else best
            for result, best, is_better in zip(current, self.results, improved, strict=True)
        )
        return [
            BestImproved(i, result.epoch, result.metrics.esr)
            for i, result in enumerate(current)
            if improved[i]
        ]

    def _figure(self, result: SubmodelResult) -> float:
        figure: float = getattr(result.metrics, self._judged_by)
        return figure

    def complete(self) -> tuple[SubmodelResult, ...] | None:
        """One of every submodel, or None while one was never validated."""
        known = tuple(best for best in self.results if best is not None)
        return known if len(known) == len(self.results) else None

    def require_own(self, results: Sequence[SubmodelResult | None]) -> None:
        """Raise ValueError where these are another network's."""
        for submodel, best in zip(self._network.submodels, results, strict=True):
            if best is not None and (
                best.weights.shape != (submodel.config.weight_count,)
                or not np.isfinite(best.weights).all()
            ):
                raise ValueError("the best weights are another network's")
