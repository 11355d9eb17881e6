"""What a finding's severity looks like: a shape and a colour, always with its word beside it."""

from __future__ import annotations

from math import cos, pi, sin

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from nam_engine.findings import Severity
from nam_gui import style

__all__ = ["SeverityMark", "severity_colour"]


def severity_colour(severity: Severity) -> str:
    colours = style.scheme()
    return {
        Severity.STOP: colours.stop,
        Severity.WARN: colours.warn,
        Severity.INFO: colours.good,
    }[severity]


class SeverityMark(QWidget):
    """An octagon (stop), a triangle (look at this) or a tick (fine), as high as the text."""

    def __init__(self, severity: Severity, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.severity = severity
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        side = self.fontMetrics().height()
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(severity_colour(self.severity))
        painter.scale(self.width(), self.height())
        if self.severity is Severity.INFO:
            painter.setPen(
                QPen(colour, 0.14, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin)
            )
            painter.drawPolyline(_points((0.15, 0.55), (0.4, 0.8), (0.85, 0.2)))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self.severity is Severity.STOP:
            painter.drawPolygon(_octagon())
        else:
            painter.drawPolygon(_points((0.5, 0.08), (0.97, 0.92), (0.03, 0.92)))


def _points(*places: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in places])


def _octagon() -> QPolygonF:
    turns = [(2 * corner + 1) * pi / 8 for corner in range(8)]
    return _points(*((0.5 + 0.48 * cos(turn), 0.5 + 0.48 * sin(turn)) for turn in turns))
