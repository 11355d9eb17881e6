"""What the program said, to be read again and copied."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from nam_gui.style import SPACING

__all__ = ["LogWindow"]

MAX_LINES = 2_000
CHARACTERS, LINES = 96, 24


class LogWindow(QWidget):
    """A window of sentences with the time, the newest last; Escape closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Log"))
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(MAX_LINES)
        self._text.setAccessibleName(self.tr("What happened"))
        self._text.setPlaceholderText(self.tr("Nothing has happened yet."))
        # A read-only text has no cursor to be moved by the keys unless it is asked to.
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Tab leads on to the button.
        self._text.setTabChangesFocus(True)
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

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = self.fontMetrics()
        return QSize(CHARACTERS * metrics.averageCharWidth(), LINES * metrics.lineSpacing())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())
