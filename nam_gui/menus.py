"""The menus of the window; what cannot be done now cannot be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from nam_gui.controller import RunState
from nam_gui.job_table import JobTable

__all__ = ["EditMenu", "FileMenu", "HelpMenu", "TrainMenu", "add_action"]

Keys = str | QKeySequence.StandardKey | None
StandardKey = QKeySequence.StandardKey


def add_action(menu: QMenu, text: str, keys: Keys = None) -> QAction:
    """An action at the end of a menu; its keys count in the whole window."""
    action = QAction(text, menu)
    if isinstance(keys, str):
        action.setShortcut(QKeySequence(keys))
    elif keys is not None:
        action.setShortcuts(keys)
    menu.addAction(action)
    return action


class FileMenu(QMenu):
    """Recordings and models in, models out."""

    recent_folder_chosen = Signal(object)
    """Path"""

    def __init__(self, table: JobTable, parent: QWidget | None = None) -> None:
        super().__init__(_tr("&File"), parent)
        self.add_recordings = add_action(self, _tr("&Add recordings…"), StandardKey.Open)
        self.choose_input = add_action(self, _tr("Choose the &input…"), "Ctrl+I")
        self.open_model = add_action(self, _tr("Open a &model…"), "Ctrl+Shift+O")
        self.recent_folders = self.addMenu(_tr("Recent &folders"))
        self.addSeparator()
        self.save_signal = add_action(self, _tr("Save the &test signal…"))
        self.load_demo = add_action(self, _tr("Try the &demo"))
        self.addSeparator()
        self.addActions([table.export_action, table.show_action])
        self.export_all = add_action(self, _tr("Export a&ll…"), "Ctrl+Shift+E")
        self.addSeparator()
        self.settings = add_action(self, _tr("&Settings…"), StandardKey.Preferences)
        self.settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.addSeparator()
        self.quit = add_action(self, _tr("&Quit"), StandardKey.Quit)
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        self.set_recent_folders(())

    def set_recent_folders(self, folders: Sequence[Path]) -> None:
        """The latest first."""
        for action in self.recent_folders.actions():
            self.recent_folders.removeAction(action)
            action.deleteLater()  # it may be the one that was chosen just now
        self.recent_folders.setEnabled(bool(folders))
        for folder in folders:
            # An ampersand would underline the next letter.
            chosen = add_action(self.recent_folders, str(folder).replace("&", "&&"))
            chosen.setData(folder)
            chosen.triggered.connect(self._choose_folder)

    @Slot()
    def _choose_folder(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self.recent_folder_chosen.emit(action.data())


class EditMenu(QMenu):
    """What can be done with the selected recordings: the table's own actions."""

    def __init__(self, table: JobTable, parent: QWidget | None = None) -> None:
        super().__init__(_tr("&Edit"), parent)
        self.addActions([table.rename_action, table.remove_action])
        self.addSeparator()
        self.addActions([table.up_action, table.down_action])
        self.addSeparator()
        self.addActions([table.retry_action, table.train_more_action, table.skip_action])
        self.addSeparator()
        self.addActions([table.select_all_action, table.select_none_action])
        self.addSeparator()
        self.info_to_all = add_action(self, _tr("Use the &info for all recordings"))


class TrainMenu(QMenu):
    """The run as a whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Trai&n"), parent)
        self.train = add_action(self, "", "Ctrl+T")
        self.pause = add_action(self, _tr("&Pause"), "Ctrl+P")
        self.stop = add_action(self, _tr("&Stop and keep the best"), "Ctrl+.")
        self.set_state(RunState.IDLE, can_train=False)

    def set_state(self, state: RunState, *, can_train: bool) -> None:
        is_paused = state is RunState.PAUSED
        self.train.setText(_tr("&Resume") if is_paused else _tr("&Train"))
        self.train.setEnabled(can_train)
        self.pause.setEnabled(state is RunState.TRAINING)
        self.stop.setEnabled(state in (RunState.TRAINING, RunState.PAUSING, RunState.PAUSED))


class HelpMenu(QMenu):
    """What this program is, and what makes it faster."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_tr("&Help"), parent)
        self.gpu = add_action(self, _tr("Training on a &GPU…"))
        self.about = add_action(self, _tr("&About…"))
        self.about.setMenuRole(QAction.MenuRole.AboutRole)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)
