"""How a capture is made, in one picture."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nam_gui import style
from nam_gui.style import SPACING

__all__ = ["RigPicture"]

LINES = 4  # of text: as high as a box is
LINE_WIDTH = 1.5


class RigPicture(QWidget):
    """The interface's output, the amp and the interface's input, as boxes with arrows between."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = (
            (self.tr("Interface"), self.tr("out")),
            (self.tr("Amp"), self.tr("or pedal")),
            (self.tr("Interface"), self.tr("in")),
        )
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(
            self.tr("From the interface's output into the amp and back into the interface's input")
        )

    def sizeHint(self) -> QSize:  # noqa: N802
        boxes, arrows = len(self._steps), len(self._steps) - 1
        width = boxes * self._box_width() + arrows * self._arrow_width()
        return QSize(width + SPACING, LINES * self.fontMetrics().height() + SPACING)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Half as wide: where there is no room, the picture is drawn smaller."""
        return QSize(self.sizeHint().width() // 2, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        colours, hint = style.scheme(), self.sizeHint()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(1.0, self.width() / hint.width())
        painter.translate(self.rect().center())
        painter.scale(scale, scale)
        painter.translate((SPACING - hint.width()) / 2, (SPACING - hint.height()) / 2)
        step = self._box_width() + self._arrow_width()
        boxes = [
            QRectF(place * step, 0, self._box_width(), hint.height() - SPACING)
            for place in range(len(self._steps))
        ]
        painter.setPen(QPen(QColor(colours.faint), LINE_WIDTH))
        for box in boxes:
            painter.drawRoundedRect(box, SPACING, SPACING)
        for left, right in pairwise(boxes):
            _draw_arrow(
                painter,
                QPointF(left.right() + SPACING, left.center().y()),
                QPointF(right.left() - SPACING, right.center().y()),
            )
        painter.setPen(QColor(colours.text))
        for box, words in zip(boxes, self._steps, strict=True):
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "\n".join(words))

    def _box_width(self) -> int:
        words = (word for step in self._steps for word in step)
        return max(map(self.fontMetrics().horizontalAdvance, words)) + 4 * SPACING

    def _arrow_width(self) -> int:
        return 2 * self.fontMetrics().height() + 2 * SPACING


def _draw_arrow(painter: QPainter, start: QPointF, end: QPointF) -> None:
    painter.drawLine(start, end)
    for side in (-1, 1):
        painter.drawLine(end, end + QPointF(-SPACING, side * SPACING / 2))
