"""A quiet line at the top of the window that offers to do something, or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from nam_engine.past import PastTraining
from nam_gui.elided_label import ElidedLabel
from nam_gui.style import SPACING

__all__ = ["OfferBar"]


class OfferBar(QWidget):
    """Offers to go on with trainings that were interrupted; hidden when that is answered.

    Both signals carry the folders that were offered.
    """

    continue_requested = Signal(list)
    later_requested = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: list[Path] = []
        self.sentence = ElidedLabel()
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.go_on = QPushButton()
        self.later = QPushButton(self.tr("&Not now"))
        self.go_on.clicked.connect(self._go_on)
        self.later.clicked.connect(self._leave)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACING, SPACING, 2 * SPACING, 0)
        row.setSpacing(SPACING)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.go_on)
        row.addWidget(self.later)
        self.hide()

    @Slot(tuple)
    def offer(self, trainings: Sequence[PastTraining]) -> None:
        """Offer to go on with these, at least one."""
        self._folders = [training.file.folder for training in trainings]
        names = [folder.name for folder in self._folders]
        count, first = len(trainings), trainings[0]
        if count == 1:
            sentence = self.tr("{0} was interrupted in epoch {1} of {2}.")
            self.go_on.setText(self.tr("C&ontinue"))
        else:
            sentence = self.tr(
                "{3} trainings were interrupted: {0} in epoch {1} of {2}, and {4} more."
            )
            self.go_on.setText(self.tr("C&ontinue all"))
        epochs = first.file.job.recipe.epochs
        epoch = min(len(first.history) + 1, epochs)
        self.sentence.set_text(sentence.format(names[0], epoch, epochs, count, count - 1))
        self.sentence.setToolTip("\n".join(names))
        self.setAccessibleName(self.sentence.text())
        self.show()

    @Slot()
    def _go_on(self) -> None:
        self.hide()
        self.continue_requested.emit(self._folders)

    @Slot()
    def _leave(self) -> None:
        self.hide()
        self.later_requested.emit(self._folders)
