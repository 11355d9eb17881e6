"""Long text to be read, scrolled and copied, with the mouse or the keys."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

__all__ = ["ReadingText"]

CHARACTERS, LINES = 96, 24


class ReadingText(QPlainTextEdit):
    """Read only and plain; ``name`` is what a screen reader says of it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAccessibleName(name)
        # A read-only text has no cursor to be moved by the keys unless it is asked to.
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Tab leads on.
        self.setTabChangesFocus(True)

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = self.fontMetrics()
        return QSize(CHARACTERS * metrics.averageCharWidth(), LINES * metrics.lineSpacing())
