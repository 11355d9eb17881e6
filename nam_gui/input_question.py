"""The question which of the dropped files was played into the amp."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QInputDialog, QLabel, QWidget

__all__ = ["InputQuestion"]

NAME_CHARACTERS = 60


class InputQuestion(QInputDialog):
    """Asks without keeping anything else waiting; Escape is none of them."""

    answered = Signal(object, list)
    """The input, None for none of them, and all the files; said once."""

    def __init__(self, question: str, paths: Sequence[Path], parent: QWidget) -> None:
        super().__init__(parent)
        self._paths = list(paths)
        names = [path.name for path in paths]
        if len(set(names)) < len(names):
            names = [str(path) for path in paths]
        self._names = names
        self.setWindowTitle(self.tr("Which one is the input?"))
        self.setComboBoxItems(names)
        self.setComboBoxEditable(False)
        # Else a long name would make the dialog wider than the screen.
        width = NAME_CHARACTERS * self.fontMetrics().averageCharWidth()
        for path in paths:
            shown = self.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, width)
            question = question.replace(path.name, shown)
        self.setLabelText(question)
        for label in self.findChildren(QLabel):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        for choice in self.findChildren(QComboBox):
            choice.setMaximumWidth(width)
        if len(paths) == 1:
            self.setOkButtonText(self.tr("What I &played"))
            self.setCancelButtonText(self.tr("What came &out of the amp"))
        else:
            self.setOkButtonText(self.tr("Use as the &input"))
            self.setCancelButtonText(self.tr("&None of them"))
        self.finished.connect(self._answer)

    @Slot(int)
    def _answer(self, result: int) -> None:
        is_chosen = result == QInputDialog.DialogCode.Accepted
        chosen = self._paths[self._names.index(self.textValue())] if is_chosen else None
        self.answered.emit(chosen, self._paths)
        self.deleteLater()
