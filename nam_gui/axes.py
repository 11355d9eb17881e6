"""Axes of the charts: round numbers that do not crowd each other, said as people write them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QFontMetricsF

__all__ = ["EpochAxis", "FrequencyAxis", "LogAxis", "three_digits"]

# Room that a tick's text asks for, in multiples of its own size.
VERTICAL_ROOM = 1.6
HORIZONTAL_ROOM = 1.8
DECADE_STEPS = (1, 2, 3, 5, 10)


def three_digits(value: float) -> str:
    """``0.0112``, ``12.3``: three significant digits without trailing zeros; ``?`` if unknown."""
    if not math.isfinite(value):
        return "?"
    if value and abs(value) < 1e-6:
        return f"{value:.3g}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")


class NumberAxis(pg.AxisItem):  # type: ignore[misc]
    """Evenly spaced round numbers, as many as have room."""

    smallest_step = 0.0

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.enableAutoSIPrefix(False)

    def tickSpacing(  # noqa: N802
        self, low: float, high: float, size: float
    ) -> list[tuple[float, float]]:
        places = max(0, -math.floor(math.log10((high - low) / 5)))
        widest = f"{high:.{places}f}"
        step = _round_step((high - low) / max(2, size / _room(self, widest)))
        return [(max(step, self.smallest_step), 0.0)]


class EpochAxis(NumberAxis):
    """Whole numbers only."""

    smallest_step = 1.0

    def __init__(self) -> None:
        super().__init__("bottom")


class LogAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis whose positions are decimal logarithms of the values it shows.

    pyqtgraph's own log axis writes 5·10⁻³ and crowds its ticks.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.enableAutoSIPrefix(False)

    def tickValues(  # noqa: N802
        self, low: float, high: float, size: float
    ) -> list[tuple[float | None, list[float]]]:
        low, high = sorted((low, high))
        most = max(2, int(size / _room(self, "500")))
        return [(None, _round_logs(low, high, most))]

    def tickStrings(  # noqa: N802
        self, values: list[float], scale: float, spacing: float | None
    ) -> list[str]:
        return [self.text_of(10**value) for value in values]

    def text_of(self, value: float) -> str:
        return three_digits(value)


class FrequencyAxis(LogAxis):
    """100, 1k, 10k; the unit is in the label."""

    def __init__(self) -> None:
        super().__init__("bottom")

    def text_of(self, value: float) -> str:
        return f"{three_digits(value / 1000)}k" if value >= 999.5 else three_digits(value)


def _room(axis: pg.AxisItem, text: str) -> float:
    """Pixels that a tick with such a text wants along the axis."""
    metrics = QFontMetricsF(axis.style["tickFont"] or axis.font())
    if axis.orientation in ("left", "right"):
        return VERTICAL_ROOM * metrics.height()
    return HORIZONTAL_ROOM * metrics.horizontalAdvance(text)


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10 ... that is not less."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(m * decade for m in (1, 2, 5, 10, 20) if m * decade >= least)


def _round_logs(low: float, high: float, most: int) -> list[float]:
    """Logarithms of at most about ``most`` round values between 10^low and 10^high."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    fine = _within(low, high, (d + math.log10(m) for d in decades for m in (1, 2, 5)))
    if len(fine) < 3:
        return _linear_logs(low, high, most)
    # Their smallest distance, that from 1 to 2, decides whether they crowd.
    if (high - low) / math.log10(2) <= most:
        return fine
    for step in DECADE_STEPS:
        if (high - low) / step <= most:
            return _within(low, high, (float(d) for d in decades if d % step == 0))
    return []


def _linear_logs(low: float, high: float, most: int) -> list[float]:
    """For a range much shorter than a decade: evenly spaced values."""
    first, last = 10**low, 10**high
    if first == last:
        return []
    step = _round_step((last - first) / min(most, 5))
    numbers = range(math.ceil(first / step), math.floor(last / step) + 1)
    return [math.log10(n * step) for n in numbers if n > 0]


def _within(low: float, high: float, values: Iterable[float]) -> list[float]:
    return [value for value in values if low <= value <= high]
