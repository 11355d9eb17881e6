"""How long to train: by name or as a number of epochs."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nam_gui.choice_box import ChoiceBox
from nam_gui.number_field import NumberField
from nam_gui.settings import EPOCH_PRESETS, MAX_EPOCHS
from nam_gui.style import SPACING

__all__ = ["TrainingLength"]

PRESETS = tuple(EPOCH_PRESETS.values())


class TrainingLength(QWidget):
    """The named lengths, and a number field for any other."""

    changed = Signal()
    """The user chose another number of epochs."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs = PRESETS[0]
        words = {
            "draft": self.tr("Draft ({epochs} epochs)"),
            "standard": self.tr("Standard ({epochs} epochs)"),
            "best": self.tr("Best ({epochs} epochs)"),
        }
        named = [words[name].format(epochs=epochs) for name, epochs in EPOCH_PRESETS.items()]
        self._choice = ChoiceBox([*named, self.tr("Another number of epochs")])
        self._choice.setAccessibleName(name)
        explained = (
            self.tr("Draft: to hear soon whether a recording is worth more."),
            self.tr("Standard: what a capture needs."),
            self.tr("Best: the last bit of closeness, for the capture that you give away."),
            self.tr("In each epoch the model hears the whole recording once."),
        )
        self._choice.setToolTip("\n".join(explained))
        self._number = NumberField(
            self.tr("Number of epochs"),
            self.tr("epochs"),
            self.tr("Write a whole number from 1 to {most}. Until then the last one holds.").format(
                most=MAX_EPOCHS
            ),
            _is_number_of_epochs,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self._choice)
        layout.addWidget(self._number)
        self._choice.currentIndexChanged.connect(self._choose)
        self._number.changed.connect(self._read_number)
        self.setFocusProxy(self._choice)
        self.set_epochs(self._epochs)

    def epochs(self) -> int:
        """The last number of epochs that was right."""
        return self._epochs

    def set_epochs(self, epochs: int) -> None:
        self._epochs = epochs
        is_preset = epochs in PRESETS
        with QSignalBlocker(self._choice):
            self._choice.setCurrentIndex(PRESETS.index(epochs) if is_preset else len(PRESETS))
        self._show_number(not is_preset)

    def _choose(self, index: int) -> None:
        is_preset = index < len(PRESETS)
        self._show_number(not is_preset)
        if is_preset:
            self._take(PRESETS[index])

    def _show_number(self, is_shown: bool) -> None:
        self._number.set_number(self._epochs)
        self._number.setVisible(is_shown)

    def _read_number(self) -> None:
        number = self._number.number()
        if number is not None:
            self._take(int(number))

    def _take(self, epochs: int) -> None:
        if epochs != self._epochs:
            self._epochs = epochs
            self.changed.emit()


def _is_number_of_epochs(number: float) -> bool:
    return 1 <= number <= MAX_EPOCHS and number.is_integer()
