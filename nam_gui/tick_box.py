"""A box to tick and a round to choose, as large as their text and seen on any background."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QRadioButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionFocusRect,
)

from nam_gui.style import SPACING, scheme

__all__ = ["ChoiceButton", "TickBox"]

SHARE = 0.8  # of a line of text
CORNER = SPACING / 4

# A style sheet can make them larger, but keeps the program's font from its widget; and Fusion's
# outline is darker than the window, also where that is dark.


def _side(button: QAbstractButton) -> int:
    return round(SHARE * button.fontMetrics().height())


def _size(button: QAbstractButton) -> QSize:
    # A pixel more around the text, for the mark of the keyboard.
    text = button.fontMetrics().size(Qt.TextFlag.TextShowMnemonic.value, button.text())
    return QSize(_side(button) + SPACING + text.width() + 2, text.height() + 2)


def _is_inside(button: QAbstractButton, place: QPoint) -> bool:
    return button.rect().contains(place)


class TickBox(QCheckBox):
    """On or off."""

    sizeHint = minimumSizeHint = _size  # noqa: N815
    hitButton = _is_inside  # noqa: N815

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOptionButton()
        self.initStyleOption(option)
        label = QStyle.ControlElement.CE_CheckBoxLabel
        _paint(self, option, QStyle.PrimitiveElement.PE_IndicatorCheckBox, label, CORNER)


class ChoiceButton(QRadioButton):
    """One of several."""

    sizeHint = minimumSizeHint = _size  # noqa: N815
    hitButton = _is_inside  # noqa: N815

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOptionButton()
        self.initStyleOption(option)
        label, corner = QStyle.ControlElement.CE_RadioButtonLabel, _side(self) / 2
        _paint(self, option, QStyle.PrimitiveElement.PE_IndicatorRadioButton, label, corner)


def _paint(
    button: QAbstractButton,
    option: QStyleOptionButton,
    sign: QStyle.PrimitiveElement,
    label: QStyle.ControlElement,
    corner: float,
) -> None:
    painter, style, side = QPainter(button), button.style(), _side(button)
    whole = option.rect
    area = QRect(0, (whole.height() - side) // 2, side, side)
    text = whole.adjusted(side + SPACING, 0, 0, 0)
    option.rect = style.visualRect(option.direction, whole, area)
    style.drawPrimitive(sign, option, painter, button)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(scheme().faint))
    outline = option.rect.toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(outline, corner, corner)
    option.rect = style.visualRect(option.direction, whole, text)
    style.drawControl(label, option, painter, button)
    if option.state & QStyle.StateFlag.State_HasFocus:
        focus = QStyleOptionFocusRect()
        focus.initFrom(button)
        focus.rect = option.rect.adjusted(-2, 0, 0, 0)
        style.drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, focus, painter, button)
