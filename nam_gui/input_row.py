"""The row that says what was played into the amp."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nam_gui.elided_label import ElidedLabel
from nam_gui.figures import duration_text
from nam_gui.style import SPACING

__all__ = ["InputRow"]


class InputRow(QWidget):
    """A heading with a button, below it the input's name, how long it is and what it is."""

    change_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Input"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._name = ElidedLabel()
        self._about = QLabel()
        self._about.setWordWrap(True)
        self.button = QPushButton()
        self.button.clicked.connect(self.change_requested)
        head = QHBoxLayout()
        head.setSpacing(SPACING)
        head.addWidget(title, 1)
        head.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addLayout(head)
        layout.addWidget(self._name)
        layout.addWidget(self._about)
        self.clear()

    def set_input(self, name: str, seconds: float, recognised: str) -> None:
        """``recognised`` is the name of a known input, empty for one of the user's own.

        ``seconds`` is NaN while nobody has looked at it.
        """
        about = self.tr("not looked at yet")
        if not math.isnan(seconds):
            kind = recognised or self.tr("an input of your own")
            about = self.tr("{0}, {1}").format(duration_text(seconds), kind)
        self._show(name, about, self.tr("Change…"))

    def clear(self) -> None:
        self._show(self.tr("None yet"), "", self.tr("Choose…"))

    def _show(self, name: str, about: str, button: str) -> None:
        self._name.set_text(name)
        self._about.setText(about)
        self._about.setVisible(bool(about))
        self.button.setText(button)
        self.button.setAccessibleName(self.tr("Choose the input"))
        self.button.setAccessibleDescription(f"{name}. {about}")
