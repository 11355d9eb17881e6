"""What the user does with files, each after a question of the system's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileInfo, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from nam_gui.controller import Controller
from nam_gui.file_dialogs import (
    ask_input,
    ask_models,
    ask_picture_path,
    ask_recordings,
    ask_signal_path,
)
from nam_gui.input_question import InputQuestion

__all__ = ["FileActions"]


class FileActions(QObject):
    """Asks in front of ``window`` and hands the answers to ``controller``."""

    picture_path_chosen = Signal(object)
    """Path: where a picture of the curves is to go."""

    def __init__(self, controller: Controller, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._window = window
        self.question: InputQuestion | None = None
        self._dropped_meanwhile: list[Path] = []
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
        if path is not None and not path.parent.is_dir():
            said = self.tr("The folder {0} is not there any more.").format(path.parent)
            self._controller.said.emit(said)
        elif path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    @Slot()
    def take_back_question(self) -> None:
        """The window goes: none of the files is the input."""
        if self.question is not None:
            self.question.reject()

    @Slot(str, list)
    def _ask_which_is_input(self, question: str, paths: list[Path]) -> None:
        if self.question is not None:  # its answer may be the one to this, too
            self._dropped_meanwhile += paths
            return
        self.question = InputQuestion(question, paths, self._window)
        self.question.answered.connect(self._use_answer)
        self.question.open()

    @Slot(object, list)
    def _use_answer(self, source: Path | None, paths: list[Path]) -> None:
        self.question = None
        if source is not None:
            self._controller.set_input(source)
        self._controller.add_recordings(paths)
        if self._dropped_meanwhile:
            meanwhile, self._dropped_meanwhile = self._dropped_meanwhile, []
            self._controller.add_files(meanwhile)
