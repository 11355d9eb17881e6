"""Files dropped on a widget, as the desktop does it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

ANY_ACTION = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def files(*paths: Path | str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_enter(widget: QWidget, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(QPoint(5, 5), ANY_ACTION, data, LEFT, NO_KEY)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event


def drop(widget: QWidget, data: QMimeData) -> QDropEvent:
    """After a ``drag_enter``."""
    event = QDropEvent(QPointF(5, 5), ANY_ACTION, data, LEFT, NO_KEY)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event
