"""A level in dBu, typed in or worked out from a voltage; not set until the user does."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from nam_engine.metadata import MAX_LEVEL_DBU
from nam_gui.coloured_label import ColouredLabel
from nam_gui.style import SPACING
from nam_gui.voltage_calculator import VoltageCalculator, parse_number

__all__ = ["LevelField"]


class LevelField(QWidget):
    """A text field for -60 to +60 dBu that says what is wrong once the user has left it."""

    changed = Signal()
    """The user changed the text."""

    def __init__(self, name: str, how_to_measure: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QLineEdit()
        self._edit.setPlaceholderText(self.tr("Not set"))
        self._edit.setAccessibleName(self.tr("{name} in dBu").format(name=name))
        self._opener = QToolButton()
        self._opener.setText(self.tr("From volts…"))
        self._opener.setAccessibleName(self.tr("{name} from volts").format(name=name))
        self._opener.setCheckable(True)
        self._wrong = ColouredLabel(lambda scheme: scheme.stop)
        self._wrong.setText(
            self.tr("Write a number from -60 to +60, such as 12.5. Until then it is left out.")
        )
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        self._calculator = VoltageCalculator(how_to_measure)
        self._calculator.hide()
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self._edit, 1)
        row.addWidget(QLabel(self.tr("dBu")))
        row.addWidget(self._opener)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(row)
        layout.addWidget(self._wrong)
        layout.addWidget(self._calculator)
        self._edit.textChanged.connect(self._text_changed)
        self._edit.editingFinished.connect(self._show_whether_wrong)
        self._opener.toggled.connect(self._calculator.setVisible)
        self._opener.toggled.connect(self._move_focus)
        self._calculator.used.connect(self._use)
        self.setFocusProxy(self._edit)

    def level(self) -> float | None:
        """The level in dBu; None where there is none or the text is wrong."""
        level_dbu = parse_number(self._edit.text())
        return None if level_dbu is None or abs(level_dbu) > MAX_LEVEL_DBU else level_dbu

    def set_level(self, level_dbu: float | None) -> None:
        with QSignalBlocker(self._edit):
            self._edit.setText(
                "" if level_dbu is None else np.format_float_positional(level_dbu, trim="-")
            )
        self._show_whether_wrong()

    def _is_wrong(self) -> bool:
        return bool(self._edit.text().strip()) and self.level() is None

    def _text_changed(self) -> None:
        # While someone types, "-" is no mistake yet.
        if not self._is_wrong():
            self._show_whether_wrong()
        self.changed.emit()

    def _show_whether_wrong(self) -> None:
        is_wrong = self._is_wrong()
        self._wrong.setVisible(is_wrong)
        self._edit.setAccessibleDescription(self._wrong.text() if is_wrong else "")

    def _move_focus(self, is_open: bool) -> None:
        (self._calculator if is_open else self._edit).setFocus()

    def _use(self, level_dbu: float) -> None:
        self._edit.setText(np.format_float_positional(level_dbu, trim="-"))
        self._opener.setChecked(False)
