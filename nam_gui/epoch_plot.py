"""A chart of figures against epochs on a log axis; Curves puts several below one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont

from nam_gui import style
from nam_gui.axes import EpochAxis, LogAxis
from nam_gui.envelopes import envelope
from nam_gui.plots import Plot

__all__ = ["EpochPlot", "Line", "logs"]

# Zero has no place on a log axis; below this nothing is told apart, neither by ear nor in float32.
LOWEST = 1e-7
SHORTEST_DECADES = 0.3
ABOVE, BELOW = 0.06, 0.14
PIXELS_PER_EPOCH = 5  # with fewer, curves are thin
BLOCK_PIXELS = 2
WIDEST_EPOCHS = 1e6


@dataclass(frozen=True)
class Line:
    """What is drawn as one curve: figures (not their logarithms) against epochs."""

    epochs: NDArray[np.float64]
    values: NDArray[np.float64]
    colour: QColor
    width: float = 2.0


def logs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decimal logarithms; NaN for what is no number, that of 1e-7 for less."""
    raised = np.maximum(np.where(np.isfinite(values), values, np.nan), LOWEST)
    return np.log10(raised)


class EpochPlot(Plot):
    """Curves over epochs. The x axis belongs to the caller, who links or sets it."""

    def __init__(self) -> None:
        super().__init__(EpochAxis(), LogAxis("left"))
        self.setLimits(xMin=-WIDEST_EPOCHS / 100, xMax=WIDEST_EPOCHS, minXRange=2)
        self.setLimits(yMin=-12, yMax=12, minYRange=0.05)
        self._lines: list[tuple[Line, NDArray[np.float64]]] = []
        self._curves: list[pg.PlotCurveItem] = []
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        self.addItem(self._cursor, ignoreBounds=True)
        self.view.sigXRangeChanged.connect(self._draw)
        self.view.sigResized.connect(self._draw)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Draw these; later ones lie over earlier ones."""
        self._lines = [(line, logs(line.values)) for line in lines]
        self._draw()

    def fit_height(self, low: float = np.inf, high: float = 0.0) -> None:
        """Show all values of the lines, and ``low`` to ``high``, with room for texts around."""
        seen = [heights[np.isfinite(heights)] for _, heights in self._lines]
        bounds = [part for part in seen if len(part)]
        bottom = min([np.log10(low), *(part.min() for part in bounds)])
        top = max([np.log10(high) if high else -np.inf, *(part.max() for part in bounds)])
        if bottom <= top:
            span = max(SHORTEST_DECADES, top - bottom)
            self.setYRange(bottom - BELOW * span, top + ABOVE * span, padding=0)

    def set_cursor(self, epoch: float | None) -> None:
        """Stand a thin line at an epoch, or take it away."""
        self._cursor.setVisible(epoch is not None)
        if epoch is not None:
            self._cursor.setValue(epoch)

    def restyle(self, font: QFont) -> None:
        super().restyle(font)
        self._cursor.setPen(pg.mkPen(style.scheme().faint, style=Qt.PenStyle.DashLine))

    def _draw(self) -> None:
        while len(self._curves) < len(self._lines):
            self._curves.append(self.add_curve())
        (left, right), _ = self.view.viewRange()
        for curve, entry in zip_longest(self._curves, self._lines):
            if entry is None:
                curve.setData([], [])
                continue
            line, heights = entry
            # One more on each side: the line goes on to the edge.
            start = max(0, int(np.searchsorted(line.epochs, left)) - 1)
            stop = min(len(heights), int(np.searchsorted(line.epochs, right)) + 1)
            rows, shown = envelope(heights, start, stop, self.columns() // BLOCK_PIXELS)
            curve.setData(line.epochs[rows], shown)
            # A wide smooth line that jumps up and down every pixel takes 150 ms, a thin one 2 ms.
            is_crowded = PIXELS_PER_EPOCH * len(rows) > self.columns()
            curve.setPen(pg.mkPen(line.colour, width=1.0 if is_crowded else line.width))
