"""A letter with Alt does one thing, whatever is on the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QLabel, QMenu, QTabWidget, QWidget
from pytestqt.qtbot import QtBot
from queue_jobs import report

from nam_gui.main_window import MainWindow


def texts(window: QWidget) -> Iterator[str]:
    """Of everything that is seen and answers to Alt and a letter."""
    for button in window.findChildren(QAbstractButton):
        if button.isVisible() and button.window() is window:
            yield button.text()
    for label in window.findChildren(QLabel):
        if label.isVisible() and label.buddy() is not None and label.window() is window:
            yield label.text()
    for tabs in window.findChildren(QTabWidget):
        if tabs.isVisible() and tabs.window() is window:
            yield from (tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i))
    if isinstance(window, MainWindow):
        yield from (action.text() for action in window.menuBar().actions())


def collisions(shown: Iterator[str]) -> dict[str, list[str]]:
    found = [(QKeySequence.mnemonic(text).toString(), text) for text in shown]
    count = Counter(keys for keys, _ in found if keys)
    return {
        keys: [text for other, text in found if other == keys] for keys in count if count[keys] > 1
    }


@pytest.mark.parametrize("state", ["idle", "paused", "training"])
def test_no_letter_is_asked_for_twice(window: MainWindow, qtbot: QtBot, state: str) -> None:
    tabs, bar = window.page.tabs, window.run_bar
    if state == "training":
        bar.show_training(is_ending=False)
    else:
        bar.show_idle(can_train=True, is_paused=state == "paused")
    window.offer_bar.go_on.setText("C&ontinue all")
    window.offer_bar.show()
    tabs.setTabVisible(0, True)
    page, shown = window.page, set[str]()
    samples = np.ones(48_000, np.float32)
    for button in page.curves.findChildren(QAbstractButton):
        button.show()
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        page.alignment.set_pair(samples, samples, 48_000, report())
        qtbot.wait(1)
        assert not collisions(texts(window)), tabs.tabText(index)
        shown.update(texts(window))
    assert {"Dela&y", "Show &all", "C&ontinue all"} <= shown


def test_no_letter_is_asked_for_twice_in_a_menu(window: MainWindow) -> None:
    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        menu.aboutToShow.emit()
        assert not collisions(entry.text() for entry in menu.actions())
        menu.aboutToHide.emit()


def test_no_letter_is_asked_for_twice_in_a_dialog(window: MainWindow) -> None:
    for dialog in (window.settings_dialog, window.gpu_help, window.about, window.log):
        dialog.show()
        assert not collisions(texts(dialog))
        dialog.hide()
