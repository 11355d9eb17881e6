"""Input and recording over each other; the recording is moved by dragging it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QStyle, QStyleOptionFocusRect, QWidget

from nam_gui import style
from nam_gui.overlay import Overlay
from nam_gui.small_plot import SmallPlot

__all__ = ["DelayPlot"]

# Before and after; an onset of playing is slower than a blip.
BLIP_MS, ONSET_MS = (-1.0, 4.0), (-2.0, 8.0)
MIN_ZOOM, MAX_ZOOM, ZOOM_STEP = 1 / 25, 20.0, 1.25
WHEEL_NOTCH = 120
FILL_ALPHA = 110
STEPS = {
    # The curve goes where the arrow points: to the left it is played earlier.
    Qt.Key.Key_Left: 1,
    Qt.Key.Key_Right: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}
ZOOMS = {Qt.Key.Key_Plus: 1 / ZOOM_STEP, Qt.Key.Key_Minus: ZOOM_STEP}


class DelayPlot(SmallPlot):
    """Draws an overlay at a delay. A drag or a key moves the recording; the wheel, + and - zoom.

    ``moved`` says by how many samples more the recording is now late, ``released`` that it
    stays there.
    """

    moved = Signal(int)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, grows=True)
        self._overlay: Overlay | None = None
        self._milliseconds: NDArray[np.float64] = np.zeros(0)
        self._scale = 1.0
        self._shown_ms, self._zoom = BLIP_MS, 1.0
        self._grip: float | None = None
        self._input = self.add_line(colour=style.scheme().faint)
        self._input.setFillLevel(0.0)
        self._output = self.add_line(colour=style.scheme().recording, width=2)
        self.item.setYRange(-1, 1, padding=0.05)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setAccessibleName(self.tr("Input and recording over each other"))
        self.setToolTip(
            self.tr("Drag the recording, or press Left, Right, Page Up or Page Down; + and - zoom")
        )
        self._recolour()

    def set_overlay(self, overlay: Overlay, usual_delay_samples: int) -> None:
        """Show the input. The recording is drawn as high as it at the usual delay."""
        self._overlay = overlay
        self._milliseconds = 1000 * overlay.lags / overlay.sample_rate_hz
        self._shown_ms = first_ms, last_ms = BLIP_MS if overlay.of_blips else ONSET_MS
        seen = (self._milliseconds >= first_ms) & (self._milliseconds <= last_ms)
        curve, answer = overlay.input_curve(), overlay.output_curve(usual_delay_samples)
        self._scale = _peak(answer[seen])
        self._input.setData(self._milliseconds, curve / _peak(curve[seen]))
        since = self.tr("ms since the blip") if overlay.of_blips else self.tr("ms since the onset")
        self.set_labels(since)
        self._show_zoom()

    def set_delay(self, delay_samples: int, *, flip: bool) -> None:
        """Draw the recording that much earlier, and upside down."""
        if self._overlay is not None:
            curve = self._overlay.output_curve(delay_samples)
            sign = -1 if flip else 1
            self._output.setData(self._milliseconds, sign * curve / self._scale)

    def reset_zoom(self) -> None:
        self._zoom = 1.0
        self._show_zoom()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._grip is None or self._overlay is None:
            return
        (first_ms, last_ms), _ = self.item.vb.viewRange()
        shown_samples = (last_ms - first_ms) * self._overlay.sample_rate_hz / 1000
        samples_per_pixel = shown_samples / max(1.0, self.item.vb.width())
        steps = round((self._grip - event.position().x()) * samples_per_pixel)
        if steps:
            self._grip -= steps / samples_per_pixel
            self.moved.emit(steps)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton and self._grip is not None:
            self._grip = None
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        self._zoom_by(ZOOM_STEP ** (-event.angleDelta().y() / WHEEL_NOTCH))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        if key in STEPS:
            self.moved.emit(STEPS[key])
            self.released.emit()
        elif key in ZOOMS:
            self._zoom_by(ZOOMS[key])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self.hasFocus():
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            painter = QPainter(self)
            self.style().drawPrimitive(
                QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self
            )

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._recolour()

    def _zoom_by(self, factor: float) -> None:
        self._zoom = min(max(self._zoom * factor, MIN_ZOOM), MAX_ZOOM)
        self._show_zoom()

    def _show_zoom(self) -> None:
        first_ms, last_ms = self._shown_ms
        self.item.setXRange(first_ms * self._zoom, last_ms * self._zoom, padding=0)

    def _recolour(self) -> None:
        colours = style.scheme()
        fill = QColor(colours.faint)
        fill.setAlpha(FILL_ALPHA)
        self._input.setPen(colours.faint)
        self._input.setFillBrush(fill)
        self._output.setPen(pg.mkPen(colours.recording, width=2))
        self.set_caption(
            (colours.faint, "■", self.tr("Input")),
            (colours.recording, "━", self.tr("Recording, moved by the delay")),
        )


def _peak(curve: NDArray[np.float32]) -> float:
    """Its height; 1 for silence."""
    return float(np.abs(curve).max(initial=0)) or 1.0
