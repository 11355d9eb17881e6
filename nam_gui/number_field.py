"""A number that is typed in, with a point or a comma."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from nam_gui.coloured_label import ColouredLabel
from nam_gui.style import SPACING, Scheme
from nam_gui.voltage_calculator import parse_number

__all__ = ["NumberField"]


class NumberField(QWidget):
    """A text field that says ``complaint`` once the user has left it with what is no such number.

    ``is_right`` tells whether a number is one of those that are wanted.
    """

    changed = Signal()
    """The user changed the text."""

    def __init__(
        self,
        name: str,
        unit: str,
        complaint: str,
        is_right: Callable[[float], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._is_right = is_right
        self._edit = QLineEdit()
        self._edit.setAccessibleName(name)
        self._wrong = ColouredLabel(_stop)
        self._wrong.setText(complaint)
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        self._row = QHBoxLayout()
        self._row.setSpacing(SPACING)
        self._row.addWidget(self._edit, 1)
        self._row.addWidget(QLabel(unit))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(self._row)
        layout.addWidget(self._wrong)
        self._edit.textChanged.connect(self._text_changed)
        self._edit.editingFinished.connect(self._show_whether_wrong)
        self.setFocusProxy(self._edit)

    def set_placeholder(self, text: str) -> None:
        """What an empty field says."""
        self._edit.setPlaceholderText(text)

    def add_beside(self, widget: QWidget) -> None:
        """Put a widget behind the unit."""
        self._row.addWidget(widget)

    def number(self) -> float | None:
        """None where there is none or the text is wrong."""
        number = parse_number(self._edit.text())
        return None if number is None or not self._is_right(number) else number

    def set_number(self, number: float | None) -> None:
        with QSignalBlocker(self._edit):
            self._edit.setText(_text(number))
        self._show_whether_wrong()

    def type_number(self, number: float) -> None:
        """As :meth:`set_number`, but on the user's behalf: says ``changed``."""
        self._edit.setText(_text(number))

    def _is_wrong(self) -> bool:
        return bool(self._edit.text().strip()) and self.number() is None

    def _text_changed(self) -> None:
        # While someone types, "-" is no mistake yet.
        if not self._is_wrong():
            self._show_whether_wrong()
        self.changed.emit()

    def _show_whether_wrong(self) -> None:
        is_wrong = self._is_wrong()
        self._wrong.setVisible(is_wrong)
        self._edit.setAccessibleDescription(self._wrong.text() if is_wrong else "")


def _text(number: float | None) -> str:
    return "" if number is None else np.format_float_positional(number, trim="-")


def _stop(scheme: Scheme) -> str:
    return scheme.stop
