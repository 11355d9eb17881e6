"""The figures of a run's epochs as columns of numbers, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nam_engine.events import EpochDone

__all__ = ["EpochTable"]

FIRST_CAPACITY = 256


class EpochTable:
    """One column per figure, one row per epoch; epochs rise from row to row."""

    def __init__(self, submodels: tuple[str, ...] = ()) -> None:
        self.submodels = submodels
        self._numbers = np.empty((3 + len(submodels), FIRST_CAPACITY))
        self._length = 0

    @classmethod
    def of(cls, rows: Iterable[EpochDone], submodels: tuple[str, ...]) -> EpochTable:
        """The table of these rows. Raises ValueError as :meth:`append`."""
        table = cls(submodels)
        for row in rows:
            table.append(row)
        return table

    def __len__(self) -> int:
        return self._length

    def append(self, event: EpochDone) -> None:
        """Add a row. A run that went back repeats epochs: those rows are replaced.

        Raises ValueError where the event is not of as many submodels.
        """
        esrs = [metrics.esr for metrics in event.metrics]
        if len(esrs) != len(self.submodels):
            raise ValueError(f"{len(esrs)} submodels, {len(self.submodels)} expected")
        if self._length and event.epoch <= self.epochs[-1]:
            self._length = int(np.searchsorted(self.epochs, event.epoch))
        if self._length == self._numbers.shape[1]:
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)], axis=1)
        self._numbers[:, self._length] = (event.epoch, event.loss, event.learning_rate, *esrs)
        self._length += 1

    @property
    def epochs(self) -> NDArray[np.float64]:
        return self._numbers[0, : self._length]

    @property
    def losses(self) -> NDArray[np.float64]:
        return self._numbers[1, : self._length]

    @property
    def learning_rates(self) -> NDArray[np.float64]:
        return self._numbers[2, : self._length]

    def esrs(self, submodel: int) -> NDArray[np.float64]:
        return self._numbers[3 + submodel, : self._length]

    def best_row(self, submodel: int) -> int | None:
        """Where the submodel's ESR is lowest, the first time; None while no ESR is a number."""
        esrs = self.esrs(submodel)
        known = np.where(np.isfinite(esrs), esrs, np.inf)
        row = int(np.argmin(known)) if len(known) else None
        return row if row is not None and known[row] < np.inf else None

    def nearest_row(self, epoch: float) -> int | None:
        """The row whose epoch is nearest; None in an empty table."""
        if not self._length:
            return None
        after = int(np.searchsorted(self.epochs, epoch).clip(max=self._length - 1))
        before = max(0, after - 1)
        return before if epoch - self.epochs[before] < self.epochs[after] - epoch else after
