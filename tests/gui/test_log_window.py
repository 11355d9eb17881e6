from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from nam_gui.log_window import MAX_LINES, LogWindow


@pytest.fixture
def log(qtbot: QtBot) -> LogWindow:
    log = LogWindow()
    qtbot.addWidget(log)
    log.show()
    return log


def lines(log: LogWindow) -> list[str]:
    return log.findChild(QPlainTextEdit).toPlainText().splitlines()


def test_sentences_with_the_time_newest_last(log: LogWindow) -> None:
    log.add("Training begins.")
    log.add("<b>Done</b> & kept.")
    first, second = lines(log)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  Training begins\.", first)
    assert second.endswith("  <b>Done</b> & kept.")


def test_only_the_latest_lines_are_kept(log: LogWindow) -> None:
    for number in range(MAX_LINES + 10):
        log.add(f"{number}\nand more")
    assert len(lines(log)) == MAX_LINES
    assert lines(log)[-2].endswith(f"  {MAX_LINES + 9}")


def test_copy_all(log: LogWindow) -> None:
    log.add("One.")
    log.add("Two.")
    log.findChild(QPushButton).click()
    assert QGuiApplication.clipboard().text().splitlines() == lines(log)


def test_a_reader_is_left_where_he_reads(log: LogWindow) -> None:
    for number in range(200):
        log.add(str(number))
    bar = log.findChild(QPlainTextEdit).verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(20)
    log.add("The newest.")
    assert bar.value() == 20


def test_keys_reach_the_button_and_close_it(log: LogWindow, qtbot: QtBot) -> None:
    text, button = log.findChild(QPlainTextEdit), log.findChild(QPushButton)
    log.activateWindow()
    qtbot.waitUntil(log.isActiveWindow)
    text.setFocus()
    qtbot.keyClick(text, Qt.Key.Key_Tab)
    assert button.hasFocus()
    qtbot.keyClick(button, Qt.Key.Key_Escape)
    assert not log.isVisible()
