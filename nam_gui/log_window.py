"""What the program said, to be read again and copied."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nam_gui.reading_text import ReadingText
from nam_gui.style import SPACING

__all__ = ["LogWindow"]

MAX_LINES = 2_000


class LogWindow(QWidget):
    """A window of sentences with the time, the newest last; Escape closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Log"))
        self._text = ReadingText(self.tr("What happened"))
        self._text.setMaximumBlockCount(MAX_LINES)
        self._text.setPlaceholderText(self.tr("Nothing has happened yet."))
        copy = QPushButton(self.tr("&Copy all"))
        copy.clicked.connect(self._copy)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self._text)
        layout.addLayout(buttons)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Cancel), self, self.close)

    def add(self, text: str) -> None:
        """Say something now. Somebody who reads further up stays there."""
        self._text.appendPlainText(f"{datetime.now():%H:%M:%S}  {text}")

    @Slot(str)
    def add_details(self, text: str) -> None:
        """What belongs into a report."""
        self._text.appendPlainText(text)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())
