"""The icon among those of the system, where the desktop has a place for it."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from nam_gui.style import DARK

__all__ = ["Tray"]

SIZE = 64
RING = 10
PERCENT = 100
WHOLE_CIRCLE = 360 * 16
TOP = 90 * 16
"""Qt counts sixteenths of a degree, against the clock and from three o'clock."""


class Tray(QObject):
    """Shows how far the training is, tells how it ended, and brings the window back."""

    show_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._percent = -1
        self._menu = QMenu()
        show = self._menu.addAction(self.tr("&Show"))
        show.triggered.connect(self.show_requested)
        self._stop = self._menu.addAction(self.tr("Stop and &keep the best"))
        self._stop.triggered.connect(self.stop_requested)
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self._menu)
        self._icon.messageClicked.connect(self.show_requested)
        if sys.platform != "darwin":  # there every click opens the menu, and is no more than that
            self._icon.activated.connect(self._on_activated)
        self.show_progress("", None)

    @staticmethod
    def is_available() -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    def set_visible(self, is_visible: bool) -> None:
        self._icon.setVisible(is_visible)

    def show_progress(self, text: str, share: float | None) -> None:
        """``share`` of the training, 0 to 1, is done; None: nothing is trained."""
        self._icon.setToolTip(text)
        self._stop.setEnabled(share is not None)
        percent = PERCENT if share is None else int(PERCENT * share)
        if percent != self._percent:
            self._percent = percent
            self._icon.setIcon(_ring(percent / PERCENT))

    def tell(self, title: str, text: str) -> None:
        """A notification; a click on it asks for the window."""
        self._icon.showMessage(title, text, self._icon.icon())

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.show_requested.emit()


def _ring(share: float) -> QIcon:
    """A dark disc, so that it can be seen on light and dark bars, with a ring that closes."""
    pixmap = QPixmap(SIZE, SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(DARK.background))
    painter.drawEllipse(0, 0, SIZE, SIZE)
    ring = QRectF(0, 0, SIZE, SIZE).adjusted(RING, RING, -RING, -RING)
    for colour, part in ((DARK.faint, 1.0), (DARK.submodels[1], share)):
        painter.setPen(QPen(QColor(colour), RING, c=Qt.PenCapStyle.FlatCap))
        painter.drawArc(ring, TOP, -round(WHOLE_CIRCLE * part))
    painter.end()
    return QIcon(pixmap)
