"""The main chart of a training: how close it sounds, with words for how close that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QFont, QFontMetrics

from nam_gui import style
from nam_gui.epoch_plot import EpochPlot, logs
from nam_gui.plots import translucent

__all__ = ["Best", "EsrPlot"]

# Upper ends of great, good and may do.
GREAT, GOOD, MAY_DO = 0.01, 0.035, 0.1
FAR_BELOW = 1e-12
# So much is always in view: where the curves have to go.
AIM_LOW, AIM_HIGH = 0.006, 0.15
SHAPES = ("o", "d", "s", "t1")
DOT_SHARE = 0.7  # of the text's height
LABEL_ALPHA, READOUT_ALPHA = 130, 240
LABEL_BELOW, LABEL_ABOVE = -0.25, 1.25  # anchors: a quarter of the text's height away
ROOM_FOR_LABEL = 1.4  # times its height: with the distance from its dot
SHADES = (44, 24, 24)


@dataclass(frozen=True)
class Best:
    """The best epoch of one submodel, as it is marked."""

    text: str
    colour: str
    epoch: float
    esr: float


class EsrPlot(EpochPlot):
    """ESR over epochs with bands, best epochs and what is under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.setLabel("left", self.tr("how far off (ESR)"))
        self.setLabel("bottom", self.tr("epoch"))
        self._band_names = (self.tr("great"), self.tr("good"), self.tr("may do"))
        edges = [math.log10(edge) for edge in (FAR_BELOW, GREAT, GOOD, MAY_DO)]
        self._band_edges = list(pairwise(edges))
        self._bands = [self._add_band(low, high) for low, high in self._band_edges]
        self.words = pg.AxisItem("right", maxTickLength=0)
        self.setAxisItems({"right": self.words})
        self.words.setGrid(False)
        self.axes["right"] = self.words
        self._dots = pg.ScatterPlotItem(antialias=True)
        self._dots.setZValue(10)
        self.addItem(self._dots, ignoreBounds=True)
        self._text_font = self.font()
        self._best: list[Best] = []
        self._labels: list[pg.TextItem] = []
        self._readout = self.add_text()
        self._readout.setZValue(20)
        self._readout.hide()
        self.view.sigRangeChanged.connect(self._place_texts)
        self.view.sigResized.connect(self._place_texts)

    def show_best(self, best: Sequence[Best]) -> None:
        """Mark the best epochs: a dot of its own shape for each, and its text."""
        self._best = list(best)
        while len(self._labels) < len(self._best):
            self._labels.append(self.add_text())
            self._dress(self._labels[-1])
        for label, mark in zip_longest(self._labels, self._best):
            label.setVisible(mark is not None)
            if mark is not None:
                label.setText(mark.text, color=style.scheme().text)
        self._dots.setData(
            x=[mark.epoch for mark in self._best],
            y=[self._height(mark) for mark in self._best],
            symbol=[SHAPES[place % len(SHAPES)] for place in range(len(self._best))],
            size=self._dot_size(),
            brush=[pg.mkBrush(mark.colour) for mark in self._best],
            pen=pg.mkPen(style.scheme().background, width=1.5),
        )
        self._place_texts()

    def show_readout(self, epoch: float | None, text: str = "") -> None:
        """Show ``text`` (HTML) beside the cursor at an epoch; None takes both away."""
        self.set_cursor(epoch)
        self._readout.setVisible(epoch is not None)
        if epoch is not None:
            self._readout.setHtml(text)
            self._place_readout()

    def restyle(self, font: QFont) -> None:
        super().restyle(font)
        colours = style.scheme()
        for band, colour, alpha in zip(
            self._bands, (colours.good, colours.good, colours.warn), SHADES, strict=True
        ):
            band.setBrush(pg.mkBrush(translucent(colour, alpha)))
        self.words.setPen(None)
        self._text_font = font
        self.words.setWidth(self.words_width())
        for label in (*self._labels, self._readout):
            self._dress(label)
        self._readout.fill = pg.mkBrush(translucent(colours.background, READOUT_ALPHA))
        self._readout.border = pg.mkPen(colours.faint)
        self._readout.setColor(colours.text)
        self.show_best(self._best)

    def words_width(self) -> int:
        """What the bands' words take on the right, in pixels."""
        metrics = QFontMetrics(self._text_font)
        return max(map(metrics.horizontalAdvance, self._band_names)) + 2 * style.SPACING

    def _dot_size(self) -> int:
        return round(DOT_SHARE * QFontMetrics(self._text_font).height())

    def _dress(self, text: pg.TextItem) -> None:
        text.setFont(self._text_font)
        text.fill = pg.mkBrush(translucent(style.scheme().background, LABEL_ALPHA))

    def _add_band(self, low: float, high: float) -> pg.LinearRegionItem:
        band = pg.LinearRegionItem((low, high), "horizontal", movable=False, pen=pg.mkPen(None))
        band.setZValue(-20)
        self.addItem(band, ignoreBounds=True)
        return band

    def _height(self, mark: Best) -> float:
        return float(logs(np.array([mark.esr]))[0])

    def _place_texts(self) -> None:
        self._place_words()
        self._place_labels()
        self._place_readout()

    def _place_words(self) -> None:
        """Each band's word stands in the middle of what is seen of it, if it fits there."""
        bottom, top = self.view.viewRange()[1]
        room = QFontMetrics(self._text_font).height()
        pixel = (top - bottom) / max(1.0, self.view.height())
        words = []
        for (low, high), name in zip(self._band_edges, self._band_names, strict=True):
            seen_low, seen_high = max(low, bottom), min(high, top)
            if seen_high - seen_low >= room * pixel:
                words.append(((seen_low + seen_high) / 2, name))
        self.words.setTicks([words])

    def _place_labels(self) -> None:
        """Right of the dots as far as there is room; the lowest below its dot, others above."""
        (_, right), (bottom, top) = self.view.viewRange()
        pixel_x, pixel_y = self.view.viewPixelSize()
        lowest = min((mark.esr for mark in self._best), default=0.0)
        for label, mark in zip(self._labels, self._best, strict=False):
            size, height = label.boundingRect(), self._height(mark)
            room = ROOM_FOR_LABEL * size.height() * pixel_y
            is_below = mark.esr == lowest and height - room > bottom
            label.setAnchor((0.0, LABEL_BELOW if is_below else LABEL_ABOVE))
            x = min(mark.epoch + self._dot_size() / 2 * pixel_x, right - size.width() * pixel_x)
            label.setPos(x, height if is_below else min(height, top - room))

    def _place_readout(self) -> None:
        """At the top, where curves are rarely, on the side of the cursor that has room."""
        (left, right), (_, top) = self.view.viewRange()
        epoch = self._cursor.value()
        self._readout.setAnchor((1.05, 0.0) if epoch > (left + right) / 2 else (-0.05, 0.0))
        self._readout.setPos(epoch, top)
