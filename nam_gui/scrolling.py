"""A place that scrolls what is taller than it, as where the text is large."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

__all__ = ["scrolling"]


def scrolling(widget: QWidget) -> QScrollArea:
    """Put a widget into an area that is as wide as it and scrolls up and down."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it goes to where the keyboard is
    area.setWidgetResizable(True)
    area.setWidget(widget)
    return area
