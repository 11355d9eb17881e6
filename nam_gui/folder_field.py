"""A folder that the user may choose."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from nam_gui.elided_label import ElidedLabel
from nam_gui.style import SPACING

__all__ = ["FolderField"]


class FolderField(QWidget):
    """The folder, a button to choose it, and one for none, which ``default`` describes."""

    changed = Signal()
    """The user chose another folder, or none."""

    def __init__(self, name: str, default: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._default = default
        self._folder: Path | None = None
        self._label = ElidedLabel()
        choose = self._button(self.tr("Choose…"), self.tr("{name}: choose a folder"))
        choose.clicked.connect(self._choose)
        self._reset = self._button(self.tr("Reset"), self.tr("{name}: back to the usual folder"))
        self._reset.clicked.connect(self._forget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self._label, 1)
        layout.addWidget(choose)
        layout.addWidget(self._reset)
        self.setFocusProxy(choose)
        self.set_folder(None)

    def folder(self) -> Path | None:
        """None where the default is meant."""
        return self._folder

    def set_folder(self, folder: Path | None) -> None:
        self._folder = folder
        self._label.set_text(self._default if folder is None else str(folder))
        self._reset.setEnabled(folder is not None)

    def _button(self, text: str, purpose: str) -> QPushButton:
        button = QPushButton(text)
        # Else Enter in any field of a dialog would press it.
        button.setAutoDefault(False)
        button.setAccessibleName(purpose.format(name=self._name))
        return button

    def _choose(self) -> None:
        start = "" if self._folder is None else str(self._folder)
        name = QFileDialog.getExistingDirectory(self, self._name, start)
        if name:
            self._change(Path(name))

    def _forget(self) -> None:
        self._change(None)

    def _change(self, folder: Path | None) -> None:
        if folder != self._folder:
            self.set_folder(folder)
            self.changed.emit()
