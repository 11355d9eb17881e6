"""Which frequencies a recording has, and which of them the models get wrong."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from nam_engine.levels import level_over_frequency
from nam_gui import style
from nam_gui.axes import FrequencyAxis, NumberAxis
from nam_gui.plots import Plot, submodel_colour

__all__ = ["SpectrumPlot"]

Samples = NDArray[np.float32]
Levels = tuple[NDArray[np.float64], NDArray[np.float64]]

LOWEST_HZ = 20.0
DEEPEST_DB = 110.0  # below the recording's loudest band nothing is shown
MARGIN_DB = 6.0


class SpectrumPlot(Plot):
    """Levels in dBFS per twelfth of an octave, averaged over the whole passage."""

    def __init__(self) -> None:
        super().__init__(FrequencyAxis(), NumberAxis("left"))
        self._target: Samples | None = None
        self._recording: Levels = (np.empty(0), np.empty(0))
        self._errors: dict[str, Levels] = {}
        self._curves: list[pg.PlotCurveItem] = []

    def set_audio(
        self, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
    ) -> None:
        """Show these, equally long; takes about 25 ms for each 10 s, the same target once."""
        if target is not self._target:
            self._target = target
            self._recording = level_over_frequency(target, sample_rate_hz)
        with np.errstate(over="ignore", invalid="ignore"):  # such bands are left out
            self._errors = {
                name: level_over_frequency(samples - target, sample_rate_hz)
                for name, samples in predictions.items()
            }
        low, high = np.log10(LOWEST_HZ), np.log10(sample_rate_hz / 2)
        self.setLimits(xMin=low, xMax=high, yMin=-400, yMax=100)
        self.setXRange(low, high, padding=0)
        self._fit_height()
        self._draw()

    def restyle(self, font: QFont) -> None:
        super().restyle(font)
        self._draw()

    def _draw(self) -> None:
        shown = [(self._recording, style.scheme().recording, 2.0, Qt.PenStyle.SolidLine)]
        for place, (name, levels) in enumerate(self._errors.items()):
            shown.append((levels, submodel_colour(name, place), 1.5, Qt.PenStyle.DashLine))
        while len(self._curves) < len(shown):
            self._curves.append(self.add_curve())
        for curve, entry in zip_longest(self._curves, shown):
            if entry is None:
                curve.setData([], [])
                continue
            (centres_hz, levels_dbfs), colour, width, dashes = entry
            curve.setData(np.log10(centres_hz), levels_dbfs)
            curve.setPen(pg.mkPen(colour, width=width, style=dashes))

    def _fit_height(self) -> None:
        everything = np.concatenate(
            [levels for _, levels in (self._recording, *self._errors.values())]
        )
        known = everything[np.isfinite(everything)]
        if len(known):
            top = float(known.max())
            bottom = max(float(np.percentile(known, 1)), top - DEEPEST_DB)
            self.setYRange(bottom - MARGIN_DB, top + MARGIN_DB, padding=0)
