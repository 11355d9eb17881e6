"""The first window: it says what the app is for and what works today."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLabel, QMainWindow, QVBoxLayout, QWidget

__all__ = ["MainWindow"]

SPACING = 8

HEADLINE = "Turn a recording of your amp into a .nam file"
STEPS = (
    "Play a test signal through your amp and record what comes out.",
    "Drop the test signal and the recording here.",
    "Watch both model sizes get closer to your amp.",
    "Export one file that plays in every NAM plugin.",
)
TODAY = (
    "This window is not finished yet. Everything above already works in a terminal:\n"
    "nam-engine train INPUT.wav RECORDING.wav -o FOLDER"
)


class MainWindow(QMainWindow):
    """A calm page of text; selectable, so that the command can be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("NAM A2 Trainer")
        self.resize(1280, 720)
        self.setCentralWidget(self._page())
        file_menu = self.menuBar().addMenu("&File")
        quit_action = QAction("&Quit", self)
        quit_action.setShortcut(QKeySequence.StandardKey.Quit)
        quit_action.triggered.connect(self.close)
        file_menu.addAction(quit_action)

    def _page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(*(8 * SPACING,) * 4)
        layout.setSpacing(2 * SPACING)
        layout.addStretch()
        layout.addWidget(_text(HEADLINE, scale=2.0))
        for number, step in enumerate(STEPS, start=1):
            layout.addWidget(_text(f"{number}.  {step}", scale=1.3))
        layout.addSpacing(2 * SPACING)
        layout.addWidget(_text(TODAY, scale=1.0))
        layout.addStretch()
        return page


def _text(text: str, *, scale: float) -> QLabel:
    """A label in the system font, ``scale`` times its size."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    label.setFont(font)
    return label
