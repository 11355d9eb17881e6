"""From a voltage on a meter to a level in dBu."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from nam_engine.metadata import MAX_LEVEL_DBU
from nam_gui.choice_box import ChoiceBox
from nam_gui.flow_layout import FlowLayout
from nam_gui.style import SPACING

__all__ = ["VoltageCalculator", "dbu_from_volts", "parse_number"]

ZERO_DBU_VOLTS = 0.7746

_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)")


def parse_number(text: str) -> float | None:
    """A decimal number with a point or a comma, as people write it; None where it is none."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    return float(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) else None


def dbu_from_volts(volts: float, *, is_peak: bool) -> float:
    """The level in dBu of a sine of so many volts RMS, or from zero to its peak."""
    rms = volts / math.sqrt(2) if is_peak else volts
    return 20 * math.log10(rms / ZERO_DBU_VOLTS)


class VoltageCalculator(QWidget):
    """A voltage, how it was measured, the level that it is, and a button to take it over."""

    used = Signal(float)
    """The level in dBu, to a tenth."""

    def __init__(self, how_to_measure: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level_dbu: float | None = None
        explanation = QLabel(how_to_measure)
        explanation.setWordWrap(True)
        self._volts = QLineEdit()
        self._volts.setPlaceholderText(self.tr("volts"))
        self._volts.setAccessibleName(self.tr("Measured voltage at 0 dBFS"))
        self._kind = ChoiceBox([self.tr("V RMS"), self.tr("V peak")])
        self._kind.setAccessibleName(self.tr("How the voltage was measured"))
        self._answer = QLabel()
        self._use = QPushButton(self.tr("Use"))
        row = FlowLayout()
        for widget in (self._volts, self._kind, self._answer, self._use):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(explanation)
        layout.addLayout(row)
        self._volts.textChanged.connect(self._calculate)
        self._volts.returnPressed.connect(self._use.click)
        self._kind.currentIndexChanged.connect(self._calculate)
        self._use.clicked.connect(self._take)
        self.setFocusProxy(self._volts)
        self._calculate()

    def _calculate(self) -> None:
        volts = parse_number(self._volts.text())
        self._level_dbu = None
        if volts is not None and volts > 0:
            level_dbu = dbu_from_volts(volts, is_peak=self._kind.currentIndex() == 1)
            if abs(level_dbu) <= MAX_LEVEL_DBU:
                self._level_dbu = round(level_dbu, 1)
        # U+2007 keeps the place of a digit, so that nothing moves while one types.
        number = "\N{FIGURE SPACE}" * 4 if self._level_dbu is None else f"{self._level_dbu:.1f}"
        self._answer.setText(self.tr("= {number} dBu").format(number=number))
        self._use.setEnabled(self._level_dbu is not None)

    def _take(self) -> None:
        if self._level_dbu is not None:
            self.used.emit(self._level_dbu)
