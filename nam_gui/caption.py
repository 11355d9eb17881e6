"""The word in front of a field."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

__all__ = ["Caption"]


class Caption(QLabel):
    """Stands beside the first line of its field, however tall that is."""

    def __init__(self, text: str, field: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._first_line = field
        while (inner := self._first_line.focusProxy()) is not None:
            self._first_line = inner
        self.setBuddy(field)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        return super().sizeHint().expandedTo(QSize(0, self._first_line.sizeHint().height()))
