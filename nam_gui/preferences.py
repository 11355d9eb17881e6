"""What the settings are for the window: what shows them, what changes them, and how it looks."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from nam_gui.appearance import apply
from nam_gui.controller import Controller
from nam_gui.menus import FileMenu
from nam_gui.settings import Settings, default_output_folder
from nam_gui.settings_dialog import SettingsDialog
from nam_gui.view_menu import ViewMenu

__all__ = ["Preferences"]


class Preferences(QObject):
    """Changes apply at once, wherever they come from."""

    def __init__(
        self,
        controller: Controller,
        dialog: SettingsDialog,
        view_menu: ViewMenu,
        file_menu: FileMenu,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._dialog, self._view_menu, self._file_menu = dialog, view_menu, file_menu
        controller.settings_changed.connect(self._show)
        dialog.changed.connect(self._use)
        view_menu.text_percent_chosen.connect(self._set_text_percent)
        view_menu.theme_chosen.connect(self._set_theme)
        self._show()

    @Slot()
    def _show(self) -> None:
        settings = self._controller.settings
        self._dialog.set_settings(settings)
        self._view_menu.set_settings(settings)
        self._file_menu.set_recent_folders(settings.recent_folders)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply(app, settings)

    @Slot(object)
    def _use(self, settings: Settings) -> None:
        former = self._controller.settings.output_folder
        if settings.output_folder != former:  # the captures in there are looked for as before
            settings = settings.with_recent_folder(former or default_output_folder())
        self._controller.settings = settings

    @Slot(int)
    def _set_text_percent(self, percent: int) -> None:
        self._controller.settings = replace(self._controller.settings, text_percent=percent)

    @Slot(str)
    def _set_theme(self, theme: str) -> None:
        self._controller.settings = replace(self._controller.settings, theme=theme)
