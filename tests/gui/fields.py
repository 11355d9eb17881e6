"""Finding a widget as people do who cannot see it, by its name, and turning the wheel over it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

T = TypeVar("T", bound=QWidget)


def field(window: QWidget, kind: type[T], name: str) -> T:
    """The one widget of a kind with this accessible name."""
    (found,) = [w for w in window.findChildren(kind) if w.accessibleName() == name]
    return found


def turn_wheel(widget: QWidget, notches: int) -> bool:
    """Over its middle, in eighths of a degree; whether the widget took it."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()
