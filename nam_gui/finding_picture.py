"""The picture of a finding: where it happens, or what it is seen in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from nam_engine.findings import Finding
from nam_engine.intake import CaptureReport
from nam_gui import style
from nam_gui.severity_mark import severity_colour
from nam_gui.small_plot import SmallPlot

__all__ = ["picture_of"]

Array = NDArray[Any]

# As much of a swing as still shows its waves, and the share of it that sets the scale.
SWING_SECONDS, SWING_PERCENTILES = 4.0, (2, 98)
# Below this the levels are those of silence.
LOWEST_DB = -100.0


def picture_of(finding: Finding, report: CaptureReport) -> SmallPlot | None:
    """The arrays of a finding, drawn; None where it has none that are known."""
    picture = _Picture(finding, report)
    match finding.picture:
        case {"input_db": input_db, "output_db": output_db}:
            picture.draw_levels(input_db, output_db)
        case {"first": first, "second": second}:
            picture.draw_repeats(first, second)
        case {"seconds": seconds, "delays": delays}:
            picture.draw_swing(seconds, delays)
        case {"seconds": seconds, "samples": samples}:
            picture.draw_jumps(seconds, samples)
        case {"seconds": seconds, "lengths": lengths}:
            picture.draw_places(seconds, 1000 * lengths)
        case {"seconds": seconds, **others} if not others:
            picture.draw_places(seconds, None)
        case _:
            return None
    return picture


class _Picture(SmallPlot):
    """A plot in the colour of its finding. Places are those of the recording."""

    def __init__(self, finding: Finding, report: CaptureReport) -> None:
        super().__init__()
        self._finding = finding
        self._rate_hz = report.sample_rate_hz
        self._before_seconds = max(0, report.latency_samples) / self._rate_hz
        self._end_seconds = self._before_seconds + report.seconds
        self._colour = severity_colour(finding.severity)

    def draw_places(self, seconds: Array, milliseconds: Array | None) -> None:
        """A stem at each place, as high as it lasts, where that is known."""
        heights = np.ones(len(seconds)) if milliseconds is None else milliseconds
        feet_and_heads = np.stack([np.zeros(len(seconds)), heights], axis=1).ravel()
        pen = pg.mkPen(self._colour, width=2)
        self.item.plot(np.repeat(seconds, 2), feet_and_heads, connect="pairs", pen=pen)
        self._scatter(seconds, heights, self._colour, 6)
        self.item.setXRange(0, self._end_seconds, padding=0.01)
        self.item.setYRange(0, 1.15 * float(heights.max()), padding=0)
        y_label = "" if milliseconds is None else self.tr("how long, ms")
        self._name(self.tr("Where in the recording it happens"), y_label=y_label)

    def draw_levels(self, input_db: Array, output_db: Array) -> None:
        """The recording's level for each of the input's, and where the gate shuts."""
        played, heard = (np.maximum(levels, LOWEST_DB) for levels in (input_db, output_db))
        self._scatter(played, heard, style.scheme().recording, 3)
        pen = pg.mkPen(self._colour, width=1.5, style=Qt.PenStyle.DashLine)
        threshold = self._finding.numbers["threshold_dbfs"]
        self.item.addItem(pg.InfiniteLine(threshold, angle=90, pen=pen))
        self._name(
            self.tr(
                "How loud the recording is for each level of the input; the gate shuts"
                " left of the dashed line"
            ),
            x_label=self.tr("input, dBFS"),
            y_label=self.tr("recording, dBFS"),
        )

    def draw_repeats(self, first: Array, second: Array) -> None:
        """The first time, and what the second adds to it."""
        seconds = np.arange(len(first)) / self._rate_hz
        recording = style.scheme().recording
        self.add_line(seconds, first, colour=recording, width=1)
        self.add_line(seconds, second - first, colour=self._colour, width=1)
        self.set_caption(
            (recording, "■", self.tr("the first time")),
            (self._colour, "■", self.tr("what differs the second time")),
        )
        self._name(
            self.tr("The passage that is played twice"),
            x_label=self.tr("seconds of the passage"),
            y_label=self.tr("of full scale"),
        )

    def draw_swing(self, seconds: Array, delays: Array) -> None:
        """The delay in the stretch that shows most of it."""
        ends = np.searchsorted(seconds, seconds + SWING_SECONDS)
        start = int(np.argmax(ends - np.arange(len(ends))))
        shown = slice(start, int(ends[start]))
        at, delay = self._before_seconds + seconds[shown], 1000 * delays[shown] / self._rate_hz
        self.add_line(at, delay, colour=self._colour)
        self._scatter(at, delay, self._colour, 4)
        low, high = np.percentile(delay, SWING_PERCENTILES)
        self.item.setYRange(float(low), float(high), padding=0.3)
        self._name(self.tr("How the delay swings"), y_label=self.tr("delay, ms"))

    def draw_jumps(self, seconds: Array, samples: Array) -> None:
        """By how many samples the delay has changed, through the recording."""
        at = np.concatenate([[0.0], np.repeat(seconds, 2), [self._end_seconds]])
        changed = np.repeat(np.concatenate([[0], np.cumsum(samples)]), 2)
        self.add_line(at, changed, colour=self._colour, width=2)
        self._name(
            self.tr("How the delay changes when samples are lost or added"),
            y_label=self.tr("delay, samples"),
        )

    def _scatter(self, x: Array, y: Array, colour: str, size: float) -> None:
        self.item.plot(
            x, y, pen=None, symbol="o", symbolSize=size, symbolPen=None, symbolBrush=colour
        )

    def _name(self, what: str, *, x_label: str = "", y_label: str = "") -> None:
        self.setAccessibleName(what)
        self.setToolTip(what)
        self.set_labels(x_label or self.tr("seconds of the recording"), y_label)
