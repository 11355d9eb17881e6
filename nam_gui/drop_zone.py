"""What stands where the recordings will be, while there are none."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from nam_gui import style
from nam_gui.style import SPACING

__all__ = ["DropZone"]

TITLE_SCALE = 1.4  # as on the other pages


class DropZone(QWidget):
    """Three doors: recordings, the test signal, the demo."""

    add_requested = Signal()
    signal_requested = Signal()
    demo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = QWidget()
        self._title = _wrapped(self.tr("Drop your recordings here"))
        self._scale_title()
        about = _wrapped(
            self.tr("What you played into the amp, and what came out of it: files or a folder.")
        )
        self.add_button = QPushButton(self.tr("Choose files…"))
        self.add_button.clicked.connect(self.add_requested)
        place = QVBoxLayout(self._place)
        place.setContentsMargins(2 * SPACING, 3 * SPACING, 2 * SPACING, 3 * SPACING)
        place.setSpacing(SPACING)
        place.addStretch(1)
        place.addWidget(self._title)
        place.addWidget(about)
        place.addSpacing(SPACING)
        place.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignHCenter)
        place.addStretch(1)

        self.signal_button = QPushButton(self.tr("Save the test signal…"))
        self.signal_button.clicked.connect(self.signal_requested)
        self.demo_button = QPushButton(self.tr("Try the demo"))
        self.demo_button.clicked.connect(self.demo_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self._place, 1)
        layout.addSpacing(SPACING)
        layout.addWidget(_wrapped(self.tr("Nothing recorded yet? Play this through your amp:")))
        layout.addWidget(self.signal_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(SPACING)
        layout.addWidget(_wrapped(self.tr("No amp at hand? There is one built in:")))
        layout.addWidget(self.demo_button, 0, Qt.AlignmentFlag.AlignHCenter)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._scale_title()

    def _scale_title(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(TITLE_SCALE * font.pointSizeF())
        self._title.setFont(font)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A dashed line around the place to drop on."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(style.scheme().faint), 1, Qt.PenStyle.DashLine))
        edge = QRectF(self._place.geometry()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(edge, SPACING, SPACING)


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label
