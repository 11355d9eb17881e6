"""A label in one of the window's colours that follows the appearance."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from nam_gui.style import Scheme, scheme

__all__ = ["ColouredLabel"]


class ColouredLabel(QLabel):
    """Text in ``colour`` of the present scheme, for what the words say already."""

    def __init__(self, colour: Callable[[Scheme], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        self._paint()

    def set_colour(self, colour: Callable[[Scheme], str]) -> None:
        self._colour = colour
        self._paint()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ThemeChange):
            self._paint()

    def _paint(self) -> None:
        colour = QColor(self._colour(scheme()))
        palette = self.palette()
        # Setting a palette is a palette change again.
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)
