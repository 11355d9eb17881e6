"""A button that looks like a link."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QPushButton, QWidget

__all__ = ["LinkButton"]


class LinkButton(QPushButton):
    """Underlined, in the colour of links, as wide as its words."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setFlat(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._underline()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.ApplicationPaletteChange, QEvent.Type.PaletteChange):
            self._underline()

    def _underline(self) -> None:
        font = self.font()
        palette = self.palette()
        colour = palette.color(QPalette.ColorRole.Link)
        if not font.underline():
            font.setUnderline(True)
            self.setFont(font)
        if palette.color(QPalette.ColorRole.ButtonText) != colour:
            palette.setColor(QPalette.ColorRole.ButtonText, colour)
            self.setPalette(palette)
