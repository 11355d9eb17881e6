"""Play and stop, and which of the recording and its models is heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nam_engine.narration import clock
from nam_gui.coloured_label import ColouredLabel
from nam_gui.flow_layout import FlowLayout
from nam_gui.plots import quiet_label, submodel_colour
from nam_gui.style import SPACING, Scheme, submodel_title

__all__ = ["ListenBar"]

LARGEST = 1


class ListenBar(QWidget):
    """Choice 0 is the recording, 1 the largest submodel, then the smaller ones.

    ``toggled``: play, or stop. ``chosen`` carries the choice that is to be heard.
    """

    toggled = Signal()
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._length = 0.0
        self._button = QPushButton()
        self._button.setToolTip(self.tr("Space plays and stops."))
        self._button.clicked.connect(self.toggled)
        self._place = QLabel()
        self._place.setAccessibleName(self.tr("Place in the passage"))
        self._matched = QLabel(self.tr("level-matched"))
        self._matched.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._matched.setToolTip(
            self.tr("All are played equally loud, or the loudest would seem the best.")
        )
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self._controls = QWidget()
        self._row = FlowLayout(self._controls)
        self._row.setSpacing(2 * SPACING)
        self._reason = quiet_label("")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignLeading)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        column.setSpacing(SPACING)
        column.addWidget(self._controls)
        column.addWidget(self._reason)
        self.setAccessibleName(self.tr("Listen"))
        self._fill()
        self._fit_button()
        self.set_playing(False)
        self.set_length(0)
        self.set_reason("")

    def set_submodels(self, names: Sequence[str]) -> None:
        """What there is beside the recording, smallest first; the largest is chosen."""
        if list(names) != self._names:
            self._names = list(names)
            self._fill()

    def choice(self) -> int:
        """What is to be heard."""
        return self._group.checkedId()

    @Slot(int)
    def choose(self, index: int) -> None:
        """As if the user had clicked it."""
        button = self._group.button(index)
        if button is not None:
            button.click()

    @Slot(bool)
    def set_playing(self, is_playing: bool) -> None:
        """What the button does next."""
        self._button.setText(self._words()[is_playing])
        self._button.setAccessibleName(self.tr("Stop") if is_playing else self.tr("Play"))

    def set_length(self, seconds: float) -> None:
        """How long the passage is; its place is the beginning."""
        self._length = seconds
        self.set_place(0.0)

    @Slot(float)
    def set_place(self, seconds: float) -> None:
        """What is heard now."""
        self._place.setText(f"{clock(seconds)} / {clock(self._length)}")

    @Slot(str)
    def set_reason(self, sentence: str) -> None:
        """Why nothing can be heard; "" where it can."""
        self._controls.setEnabled(not sentence)
        self._reason.setText(sentence)
        self._reason.setVisible(bool(sentence))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_button()

    def _words(self) -> tuple[str, str]:
        return self.tr("▶ Play"), self.tr("■ Stop")

    def _fit_button(self) -> None:
        """Wide enough for both words, or the row would jump with every click."""
        shown, widths = self._button.text(), []
        for word in self._words():
            self._button.setText(word)
            widths.append(self._button.sizeHint().width())
        self._button.setText(shown)
        self._button.setMinimumWidth(max(widths))

    def _fill(self) -> None:
        """The row, with a choice for each track."""
        while (item := self._row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and isinstance(widget, _Choice):
                self._group.removeButton(widget.button)
                widget.deleteLater()
        choices = [_Choice(self.tr("Recording"), "━━", _recording)]
        for place, name in reversed(list(enumerate(self._names))):
            colour = partial(_of_submodel, name, place)
            choices.append(_Choice(submodel_title(name), "──", colour))
        for index, choice in enumerate(choices):
            self._group.addButton(choice.button, index)
            choice.button.setToolTip(self.tr("Key {0}").format(index + 1))
        choices[min(LARGEST, len(choices) - 1)].button.setChecked(True)
        for widget in (self._button, *choices, self._place, self._matched):
            self._row.addWidget(widget)


class _Choice(QWidget):
    """A button and, as in the legends, the line and colour of its track."""

    def __init__(self, title: str, line: str, colour: Callable[[Scheme], str]) -> None:
        super().__init__()
        self.button = QRadioButton(title)
        swatch = ColouredLabel(colour)
        swatch.setText(line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        row.addWidget(self.button)
        row.addWidget(swatch)


def _recording(scheme: Scheme) -> str:
    return scheme.recording


def _of_submodel(name: str, place: int, _scheme: Scheme) -> str:
    return submodel_colour(name, place)
