"""What the user does with files, each after a question of the system's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileInfo, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QInputDialog, QWidget

from nam_gui.controller import Controller
from nam_gui.file_dialogs import (
    ask_input,
    ask_models,
    ask_picture_path,
    ask_recordings,
    ask_signal_path,
)

__all__ = ["FileActions"]


class FileActions(QObject):
    """Asks in front of ``window`` and hands the answers to ``controller``."""

    picture_path_chosen = Signal(object)
    """Path: where a picture of the curves is to go."""

    def __init__(self, controller: Controller, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._window = window
        controller.asked.connect(self._ask_which_is_input)

    @Slot(list)
    def add(self, paths: list[Path]) -> None:
        """Sort files and folders into the queue, and remember where the first comes from."""
        self._controller.add_files(paths)
        first = paths[0].absolute()
        folder = first if QFileInfo(str(first)).isDir() else first.parent
        self._controller.settings = self._controller.settings.with_recent_folder(folder)

    @Slot()
    def ask_for_recordings(self) -> None:
        if paths := ask_recordings(self._window):
            self.add(paths)

    @Slot(object)
    def ask_for_recordings_in(self, folder: Path) -> None:
        """As :meth:`ask_for_recordings`, beginning in a folder."""
        if paths := ask_recordings(self._window, folder):
            self.add(paths)

    @Slot()
    def ask_for_models(self) -> None:
        if paths := ask_models(self._window):
            self.add(paths)

    @Slot()
    def ask_for_input(self) -> None:
        if path := ask_input(self._window):
            self._controller.set_input(path)

    @Slot()
    def save_signal(self) -> None:
        if path := ask_signal_path(self._window):
            self._controller.save_signal(path)

    @Slot()
    def ask_for_picture_path(self) -> None:
        folder = self._controller.settings.export_folder or Path.home()
        if path := ask_picture_path(self._window, folder / "curves.png"):
            self.picture_path_chosen.emit(path)

    @Slot(int)
    def show_in_folder(self, job_id: int) -> None:
        """Open the folder of a recording's training in the system's file manager."""
        path = self._controller.queue.job(job_id).model_path
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    @Slot(str, list)
    def _ask_which_is_input(self, question: str, paths: list[Path]) -> None:
        names = [path.name for path in paths]
        title = self.tr("Which one is the input?")
        name, is_chosen = QInputDialog.getItem(self._window, title, question, names, 0, False)
        if is_chosen:
            self._controller.set_input(paths[names.index(name)])
        self._controller.add_recordings([p for p in paths if not is_chosen or p.name != name])
