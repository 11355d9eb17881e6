"""The licences of the libraries, to be read."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from nam_gui.licences import installed_libraries, licences_file, read_licences
from nam_gui.reading_text import ReadingText
from nam_gui.style import SPACING

__all__ = ["LicencesWindow"]


class LicencesWindow(QDialog):
    """Reads them when it is shown for the first time: they are long. Escape closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Licences of the libraries"))
        self._text = ReadingText(self.windowTitle())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self._text)
        layout.addWidget(buttons)

    @Slot()
    def open_text(self) -> None:
        """Show the window, from the beginning of the text."""
        if not self._text.toPlainText():
            self._text.setPlainText(self._read())
        self.show()
        self.activateWindow()
        self._text.setFocus()

    def _read(self) -> str:
        path = licences_file()
        if path is not None:
            try:
                return read_licences(path)
            except OSError as error:
                return self.tr("{0} cannot be read ({1}).").format(path, error.strerror)
        about = self.tr(
            "This program was installed by pip, which has put these libraries beside it. The"
            " licence of each lies in the folder of pip that bears its name and version."
        )
        return "\n".join([about, "", *installed_libraries()])
