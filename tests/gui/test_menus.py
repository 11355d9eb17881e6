from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from nam_engine.metadata import UserMetadata
from nam_gui import file_actions
from nam_gui.controller import RunState
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import TEXT_PERCENTS, Settings

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(window: MainWindow, qtbot: QtBot) -> Iterator[MainWindow]:
    """It has the keyboard."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window
    window.controller.settings = Settings()  # theme and text size are the application's


def all_actions(menu: QMenu) -> list[QAction]:
    found = []
    for action in menu.actions():
        inner = action.menu()
        found += all_actions(inner) if isinstance(inner, QMenu) else [action]
    return [action for action in found if not action.isSeparator()]


def menus(window: MainWindow) -> list[QMenu]:
    return [
        window.file_menu,
        window.edit_menu,
        window.view_menu,
        window.train_menu,
        window.help_menu,
    ]


def enabled(menu: QMenu) -> list[str]:
    return [a.text().replace("&", "") for a in all_actions(menu) if a.isEnabled()]


def test_no_keys_are_given_twice(window: MainWindow) -> None:
    keys = [
        key.toString()
        for menu in menus(window)
        for action in all_actions(menu)
        for key in action.shortcuts()
    ]
    assert sorted(set(keys)) == sorted(keys)


def test_empty_window_offers_only_what_it_can(window: MainWindow) -> None:
    assert "Export…" not in enabled(window.file_menu)
    assert "Export all…" not in enabled(window.file_menu)
    assert enabled(window.edit_menu) == enabled(window.train_menu) == []
    assert not window.file_menu.recent_folders.isEnabled()


def test_edit_follows_the_selection(window: MainWindow) -> None:
    queue = window.controller.queue
    ids = queue.add([Path("a.wav"), Path("b.wav")])
    window.queue_view.select_job(ids[0])
    order = ["Rename", "Remove", "Move down"]
    ends = ["Select all", "Select none", "Use the info for all recordings"]
    assert enabled(window.edit_menu) == [*order, *ends]
    queue.update(ids[0], state=JobState.DONE, model_path=Path("a.nam"))
    assert enabled(window.edit_menu) == [*order, "Train again", "Train more", *ends]
    assert "Export all…" in enabled(window.file_menu)
    window.queue_view.table.select_all_action.trigger()
    assert "Select all" not in enabled(window.edit_menu)
    window.queue_view.table.select_none_action.trigger()
    assert "Select none" not in enabled(window.edit_menu)
    queue.remove([ids[1]])
    assert "Use the info for all recordings" not in enabled(window.edit_menu)


def test_info_of_one_goes_to_all(window: MainWindow) -> None:
    queue = window.controller.queue
    ids = queue.add([Path("a.wav"), Path("b.wav")])
    queue.update(ids[0], metadata=UserMetadata(name="A", modeled_by="Jane"))
    window.queue_view.select_job(ids[0])
    window.edit_menu.info_to_all.trigger()
    assert queue.job(ids[1]).metadata == UserMetadata(modeled_by="Jane")


def test_train_follows_the_run(window: MainWindow) -> None:
    menu = window.train_menu
    menu.set_state(RunState.IDLE, can_train=True)
    assert enabled(menu) == ["Train"]
    menu.set_state(RunState.TRAINING, can_train=False)
    assert enabled(menu) == ["Pause", "Stop and keep the best"]
    menu.set_state(RunState.STOPPING, can_train=False)
    assert enabled(menu) == []
    menu.set_state(RunState.PAUSED, can_train=True)
    assert enabled(menu) == ["Resume", "Stop and keep the best"]


def test_pages_by_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    tabs = window.page.tabs
    qtbot.keyClick(window, Qt.Key.Key_4, CTRL)
    assert tabs.currentWidget() is window.page.checks
    qtbot.keyClick(window, Qt.Key.Key_1, CTRL)  # there is no result
    assert tabs.currentWidget() is window.page.checks
    window.view_menu.aboutToShow.emit()
    assert "Result" not in enabled(window.view_menu)
    assert "Checks" in enabled(window.view_menu)
    window.view_menu.aboutToHide.emit()
    tabs.setTabVisible(0, True)
    qtbot.keyClick(window, Qt.Key.Key_1, CTRL)
    assert tabs.currentIndex() == 0


def test_text_grows_and_shrinks_by_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    def percent() -> int:
        return window.controller.settings.text_percent

    for _ in range(len(TEXT_PERCENTS) + 1):
        qtbot.keyClick(window, Qt.Key.Key_Plus, CTRL)
    assert percent() == 200
    qtbot.keyClick(window, Qt.Key.Key_Minus, CTRL)
    assert percent() == 175
    window.controller.settings = replace(window.controller.settings, text_percent=137)
    qtbot.keyClick(window, Qt.Key.Key_Equal, CTRL)
    assert percent() == 150
    qtbot.keyClick(window, Qt.Key.Key_0, CTRL)
    assert percent() == 100
    assert not window.view_menu.smaller.isEnabled()


def test_theme_is_shown_and_chosen(window: MainWindow) -> None:
    def checked() -> list[str]:
        return [a.text() for a in all_actions(window.view_menu) if a.isChecked()]

    assert checked() == ["As the s&ystem"]
    next(a for a in all_actions(window.view_menu) if a.text() == "&Dark").trigger()
    assert window.controller.settings.theme == "dark"
    assert checked() == ["&Dark"]


def test_recent_folders_are_those_of_dropped_files(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "Twin & co", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    window.files.add([first / "a.wav"])
    window.files.add([second])
    opened: list[Path | None] = []

    def ask(_: object, folder: Path | None = None) -> list[Path]:
        opened.append(folder)
        return []

    monkeypatch.setattr(file_actions, "ask_recordings", ask)
    folders = window.file_menu.recent_folders
    assert [a.text() for a in folders.actions()] == [str(second), str(first).replace("&", "&&")]
    folders.actions()[1].trigger()
    assert opened == [first]


def test_settings_of_one_part_are_not_lost_in_another(window: MainWindow, tmp_path: Path) -> None:
    """The dialog sends all of them, whatever was changed elsewhere since it was opened."""
    window.file_menu.settings.trigger()
    window.files.add([tmp_path / "a.wav"])
    window.view_menu.theme_chosen.emit("light")
    settings = replace(window.settings_dialog._settings, epochs=7)
    window.settings_dialog.changed.emit(settings)
    assert window.controller.settings.recent_folders == (tmp_path,)
    assert window.controller.settings.theme == "light"
