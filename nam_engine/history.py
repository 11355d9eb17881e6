"""A training's history: one row an epoch, as an array for checkpoints and as CSV for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
from numpy.typing import NDArray

from nam_engine.events import EpochDone, SubmodelMetrics

__all__ = ["from_array", "to_array", "to_csv"]

_FIGURES = tuple(f.name for f in fields(EpochDone) if f.name != "metrics")
_WHOLE_NUMBERS = ("epoch", "step", "skipped_steps")
_METRICS = tuple(f.name for f in fields(SubmodelMetrics))


def to_array(history: Sequence[EpochDone]) -> NDArray[np.float64]:
    """(epochs, figures + submodels x metrics); every value survives exactly."""
    if not history:
        return np.zeros((0, 0))
    rows = [
        [*(getattr(row, name) for name in _FIGURES), *(v for m in row.metrics for v in astuple(m))]
        for row in history
    ]
    return np.array(rows, np.float64)


def from_array(array: NDArray[np.float64]) -> tuple[EpochDone, ...]:
    """The reverse of :func:`to_array`. Raises ValueError on an array of another shape."""
    if not len(array):
        return ()
    submodels, rest = divmod(array.shape[1] - len(_FIGURES), len(_METRICS))
    if submodels < 1 or rest:
        raise ValueError(f"a history has no {array.shape[1]} columns")
    history = []
    for row in array.tolist():
        figures = dict(zip(_FIGURES, row, strict=False))
        for name in _WHOLE_NUMBERS:
            figures[name] = int(figures[name])
        figures["is_complete"] = bool(figures["is_complete"])
        values = iter(row[len(_FIGURES) :])
        metrics = tuple(SubmodelMetrics(*m) for m in zip(*[values] * len(_METRICS), strict=True))
        history.append(EpochDone(metrics=metrics, **figures))
    return tuple(history)


def to_csv(history: Sequence[EpochDone], submodels: Sequence[str]) -> str:
    """A table with a header; the metrics' columns are called after the submodels."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_FIGURES, *(f"{metric}_{name}" for name in submodels for metric in _METRICS)])
    for row in history:
        figures = [getattr(row, name) for name in _FIGURES]
        table.writerow([*figures, *(v for m in row.metrics for v in astuple(m))])
    return text.getvalue()
