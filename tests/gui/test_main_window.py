from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from nam_engine.device_report import DeviceReport
from nam_gui.controller import Controller
from nam_gui.devices_task import DevicesTask
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.queue_model import Column
from nam_gui.settings import Settings


@pytest.fixture
def window(app: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(Controller(Settings(output_folder=tmp_path)))
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=20_000)


def actions(window: MainWindow) -> dict[str, QKeySequence]:
    menus = [action.menu() for action in window.menuBar().actions()]
    return {
        action.text().replace("&", ""): action.shortcut()
        for menu in menus
        for action in menu.actions()
        if action.text()
    }


def test_empty_window_says_what_to_do(window: MainWindow) -> None:
    assert not window.controller.can_train
    assert not window.run_bar.primary.isEnabled()
    assert not window.page.result.isVisible()
    assert window.width() >= 1280


def test_everything_can_be_reached_by_the_menus(window: MainWindow) -> None:
    found = actions(window)
    for text in ("Add recordings…", "Choose the input…", "Save the test signal…", "Try the demo"):
        assert text in found
    assert found["Quit"] == QKeySequence(QKeySequence.StandardKey.Quit)
    assert found["Train"] == QKeySequence("Ctrl+T")


def test_sentences_are_shown_and_kept(window: MainWindow) -> None:
    window.controller.said.emit("The disk is full.")
    assert "The disk is full." in window.run_bar.status.text()
    window.controller.state_changed.emit()
    assert "The disk is full." in window.run_bar.status.text()
    window.run_bar.show_progress(1, 2, 12.0, 5.0, 0.5)
    window.controller.state_changed.emit()
    assert window.run_bar.status.text() == ""


def test_idle_window_closes_at_once(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMessageBox, "exec", lambda _: pytest.fail("it asked"))
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)
    assert window.controller.settings.window_geometry


def test_opening_the_window_imports_no_torch() -> None:
    code = "import sys, nam_gui.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_window_waits_for_the_devices_it_asks_about(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that is destroyed while it runs would take the program with it."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def slow(_: DevicesTask) -> tuple[DeviceReport, ...]:
        is_asked.set()
        may_answer.wait(10)
        return (DeviceReport("cpu", "2 processor cores"),)

    monkeypatch.setattr(DevicesTask, "work", slow)
    window._show_about()
    assert is_asked.wait(10)
    window.close()
    qtbot.wait(50)
    assert window.isVisible()
    may_answer.set()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)


def test_a_dialog_opens_as_wide_as_it_wants(window: MainWindow, app: QApplication) -> None:
    app.processEvents()
    dialog = window.settings_dialog
    dialog.show()
    # Qt gives a window two thirds of the screen at the most.
    most = 2 * dialog.screen().availableSize().width() // 3
    assert dialog.width() == min(dialog.sizeHint().width(), most)


def test_one_button_is_what_comes_next(window: MainWindow) -> None:
    controller, bar, card = window.controller, window.run_bar, window.page.result

    def primary() -> list[str]:
        return [b.text() for b in (bar.primary, card.export) if b.isDefault()]

    assert primary() == ["Export…"]
    (ready,) = controller.queue.add([Path("a.wav")])
    controller.input_path = Path("input.wav")
    controller.queue.update(ready, state=JobState.READY)
    controller.state_changed.emit()
    assert primary() == ["&Train"]
    bar.show_training(is_ending=False)
    assert primary() == ["&Stop and keep the best"]


@pytest.mark.parametrize("percent", [100, 200])
def test_recordings_have_room_for_their_figures(
    window: MainWindow, qtbot: QtBot, percent: int
) -> None:
    window.resize(1280, 720)
    window.controller.queue.add([Path("a.wav")])
    window.controller.settings = replace(window.controller.settings, text_percent=percent)
    table = window.queue_view.table
    qtbot.waitUntil(lambda: not table.isColumnHidden(Column.LITE))
    assert not table.isColumnHidden(Column.FULL)
    assert window.size() == QSize(1280, 720)


def test_width_that_the_user_gives_the_queue_stays(window: MainWindow) -> None:
    window.splitter.setSizes([300, 980])
    window.splitter.splitterMoved.emit(300, 1)
    wanted = window.splitter.sizes()[0]
    window.resize(1400, 800)
    assert window.splitter.sizes()[0] == wanted


def test_large_text_in_a_narrow_window_leaves_the_recordings_their_share(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.resize(900, 600)
    settings = window.controller.settings
    window.controller.settings = replace(settings, text_percent=200)
    qtbot.waitUntil(lambda: window.queue_view.width() > 0.4 * window.width())
    window.controller.settings = settings
