"""The View menu: which page, how large, how bright."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QTabWidget, QWidget

from nam_gui.menus import add_action
from nam_gui.settings import TEXT_PERCENTS, THEMES, Settings

__all__ = ["ViewMenu"]


class ViewMenu(QMenu):
    """An action for each of ``tabs``; text size, theme and log."""

    text_percent_chosen = Signal(int)
    theme_chosen = Signal(str)

    def __init__(self, tabs: QTabWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("&View"))
        self._tabs = tabs
        self._percent = TEXT_PERCENTS[0]
        self.pages = [
            add_action(self, tabs.tabText(index), f"Ctrl+{index + 1}")
            for index in range(tabs.count())
        ]
        for action in self.pages:
            action.triggered.connect(self._show_page)
        self.addSeparator()
        self.larger = add_action(self, self.tr("&Larger text"), QKeySequence.StandardKey.ZoomIn)
        self.larger.setShortcuts([*self.larger.shortcuts(), QKeySequence("Ctrl+=")])
        self.smaller = add_action(self, self.tr("&Smaller text"), QKeySequence.StandardKey.ZoomOut)
        self.normal = add_action(self, self.tr("&Normal text"), "Ctrl+0")
        self.larger.triggered.connect(self._enlarge)
        self.smaller.triggered.connect(self._shrink)
        self.normal.triggered.connect(self._reset_text)
        self._themes = QActionGroup(self)
        self._add_themes(self.addMenu(self.tr("&Appearance")))
        self.addSeparator()
        self.log = add_action(self, self.tr("What has ha&ppened…"), "Ctrl+L")
        self.aboutToShow.connect(self._show_tabs)
        self.aboutToHide.connect(self._enable_pages)
        self.set_settings(Settings())

    def set_settings(self, settings: Settings) -> None:
        self._percent = settings.text_percent
        self.larger.setEnabled(self._percent < TEXT_PERCENTS[-1])
        self.smaller.setEnabled(self._percent > TEXT_PERCENTS[0])
        self.normal.setEnabled(self._percent != TEXT_PERCENTS[0])
        self._themes.actions()[THEMES.index(settings.theme)].setChecked(True)

    def _add_themes(self, menu: QMenu) -> None:
        words = {
            "system": self.tr("As the s&ystem"),
            "light": self.tr("&Light"),
            "dark": self.tr("&Dark"),
        }
        for theme in THEMES:
            action = add_action(menu, words[theme])
            action.setCheckable(True)
            action.setData(theme)
            self._themes.addAction(action)
        self._themes.triggered.connect(self._choose_theme)

    @Slot()
    def _show_tabs(self) -> None:
        """Which pages there are changes with the recording, and so do their titles."""
        for index, action in enumerate(self.pages):
            action.setText(self._tabs.tabText(index))
            action.setEnabled(self._tabs.isTabVisible(index))

    @Slot()
    def _enable_pages(self) -> None:
        """For their keys: nobody says when a page comes or goes."""
        for action in self.pages:
            action.setEnabled(True)

    @Slot()
    def _show_page(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        index = self.pages.index(action)
        if self._tabs.isTabVisible(index):
            self._tabs.setCurrentIndex(index)

    @Slot()
    def _enlarge(self) -> None:
        self.text_percent_chosen.emit(next(p for p in TEXT_PERCENTS if p > self._percent))

    @Slot()
    def _shrink(self) -> None:
        self.text_percent_chosen.emit(next(p for p in reversed(TEXT_PERCENTS) if p < self._percent))

    @Slot()
    def _reset_text(self) -> None:
        self.text_percent_chosen.emit(TEXT_PERCENTS[0])

    @Slot(QAction)
    def _choose_theme(self, action: QAction) -> None:
        self.theme_chosen.emit(action.data())
