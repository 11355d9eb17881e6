"""A passage of audio, the recording and what the models make of it over one another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, zip_longest

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QFont

from nam_gui import style
from nam_gui.axes import NumberAxis
from nam_gui.envelopes import envelope
from nam_gui.plots import Plot, submodel_colour, translucent

__all__ = ["TracePlot"]

Samples = NDArray[np.float32]

FEWEST_SAMPLES = 32  # nearer than this there is nothing to see
HEADROOM = 1.15  # above the recording's peak in view; a wild model must not make it small
QUIETEST = 1e-4
RECORDING_WIDTH, MODEL_WIDTH = 3.0, 1.0
AREA_ALPHA = 110
AREA_SAMPLES = 4  # per pixel


class TracePlot(Plot):
    """Audio against seconds; as high as the recording is in what is seen of it."""

    def __init__(self) -> None:
        super().__init__(NumberAxis("bottom"), NumberAxis("left"))
        self.setMouseEnabled(x=True, y=False)
        self._target: Samples = np.empty(0, np.float32)
        self._predictions: dict[str, Samples] = {}
        self._sample_rate_hz = 1
        self._curves: list[pg.PlotCurveItem] = []
        self._place = pg.InfiniteLine()
        self._place.hide()
        self.addItem(self._place, ignoreBounds=True)
        self.view.sigXRangeChanged.connect(self._draw)
        self.view.sigResized.connect(self._draw)

    def set_traces(
        self, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
    ) -> None:
        """Draw these, equally long, from the same seconds on as before."""
        self._target, self._predictions = target, dict(predictions)
        self._sample_rate_hz = sample_rate_hz
        self.setLimits(
            xMin=0,
            xMax=len(target) / sample_rate_hz,
            minXRange=FEWEST_SAMPLES / sample_rate_hz,
            maxXRange=len(target) / sample_rate_hz,
        )
        self._draw()

    def seconds_in_view(self) -> tuple[float, float]:
        (left, right), _ = self.view.viewRange()
        return left, right

    def show_seconds(self, start: float, stop: float) -> None:
        self.setXRange(start, stop, padding=0)

    def show_place(self, seconds: float | None) -> None:
        """Mark what was heard last; None: nothing yet."""
        self._place.setVisible(seconds is not None)
        if seconds is not None:
            self._place.setPos(seconds)

    def restyle(self, font: QFont) -> None:
        super().restyle(font)
        self._place.setPen(pg.mkPen(style.scheme().text))
        self._draw()

    def _draw(self) -> None:
        rate, (left, right) = self._sample_rate_hz, self.seconds_in_view()
        start = int(np.clip(np.floor(left * rate), 0, len(self._target)))
        stop = int(np.clip(np.ceil(right * rate) + 1, start, len(self._target)))
        traces = [self._target, *self._predictions.values()]
        colours = [style.scheme().recording, *map(submodel_colour, self._predictions, count())]
        while len(self._curves) < len(traces):
            self._curves.append(self.add_curve())
        # Where traces fill an area, the recording shows through the models.
        is_area = stop - start > AREA_SAMPLES * self.columns()
        peak = 0.0
        for curve, trace, colour in zip_longest(self._curves, traces, colours):
            if trace is None:
                curve.setData([], [])
                continue
            indices, heights = envelope(trace, start, stop, self.columns())
            is_recording = trace is self._target
            if is_recording:
                peak = float(np.abs(heights[np.isfinite(heights)]).max(initial=QUIETEST))
            width = RECORDING_WIDTH if is_recording and not is_area else MODEL_WIDTH
            shade = translucent(colour, AREA_ALPHA if is_area and not is_recording else 255)
            curve.setData(indices / rate, heights)
            curve.setPen(pg.mkPen(shade, width=width))
        self.setYRange(-HEADROOM * peak, HEADROOM * peak, padding=0)
