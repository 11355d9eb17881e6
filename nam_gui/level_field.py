"""A level in dBu, typed in or worked out from a voltage; not set until the user does."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from nam_engine.metadata import MAX_LEVEL_DBU
from nam_gui.number_field import NumberField
from nam_gui.style import SPACING
from nam_gui.voltage_calculator import VoltageCalculator

__all__ = ["LevelField"]


class LevelField(QWidget):
    """A number field for -60 to +60 dBu with a calculator below it."""

    changed = Signal()
    """The user changed the text."""

    def __init__(self, name: str, how_to_measure: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = NumberField(
            self.tr("{name} in dBu").format(name=name),
            self.tr("dBu"),
            self.tr("Write a number from -60 to +60, such as 12.5. Until then it is left out."),
            _is_level,
        )
        self._field.set_placeholder(self.tr("Not set"))
        self._opener = QToolButton()
        self._opener.setText(self.tr("From volts…"))
        self._opener.setAccessibleName(self.tr("{name} from volts").format(name=name))
        self._opener.setCheckable(True)
        self._field.add_beside(self._opener)
        self._calculator = VoltageCalculator(how_to_measure)
        self._calculator.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self._field)
        layout.addWidget(self._calculator)
        self._field.changed.connect(self.changed)
        self._opener.toggled.connect(self._calculator.setVisible)
        self._opener.toggled.connect(self._move_focus)
        self._calculator.used.connect(self._use)
        self.setFocusProxy(self._field)

    def level(self) -> float | None:
        """The level in dBu; None where there is none or the text is wrong."""
        return self._field.number()

    def set_level(self, level_dbu: float | None) -> None:
        self._field.set_number(level_dbu)

    def _move_focus(self, is_open: bool) -> None:
        (self._calculator if is_open else self._field).setFocus()

    def _use(self, level_dbu: float) -> None:
        self._field.type_number(level_dbu)
        self._opener.setChecked(False)


def _is_level(level_dbu: float) -> bool:
    return abs(level_dbu) <= MAX_LEVEL_DBU
