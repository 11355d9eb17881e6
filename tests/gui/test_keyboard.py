"""Everything can be reached without a mouse, and is named for who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gui.fake_files import FakeFiles
from gui.fake_run import FakeRun
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

MOST_STOPS = 100
DIALOGS = ("settings_dialog", "log", "about")


@pytest.fixture
def window(
    qtbot: QtBot, files: FakeFiles, fake: FakeRun, tmp_path: Path, qt_messages: None
) -> Iterator[MainWindow]:
    window = MainWindow(Controller(Settings(epochs=2, output_folder=tmp_path)))
    window.show()
    window.activateWindow()
    yield window
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)


@pytest.fixture
def trained(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """With a recording that has gone all the way."""
    controller = window.controller
    controller.set_input(Path("input.wav"))
    controller.add_recordings([Path("amp.wav")])
    qtbot.waitUntil(lambda: controller.can_train, timeout=5_000)
    controller.train()
    queue = controller.queue
    qtbot.waitUntil(lambda: queue.jobs()[0].state is JobState.DONE, timeout=5_000)
    return window


def wanting_the_keyboard(top: QWidget) -> set[QWidget]:
    """What can be used now and has no other to take its keys."""
    return {
        widget
        for widget in top.findChildren(QWidget)
        if widget.window() is top
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    }


def reached_by_tab(top: QWidget, qtbot: QtBot) -> set[QWidget]:
    top.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is top)
    first = min(wanting_the_keyboard(top), key=lambda widget: widget.mapTo(top, widget.pos()).y())
    first.setFocus()
    stops = [first]
    while len(stops) < MOST_STOPS:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is first:
            break
        assert now is not stops[-1], f"{spoken_name(now)} does not let go of Tab"
        stops.append(now)
    return set(stops)


def spoken_name(widget: QWidget) -> str:
    """As a screen reader says it."""
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def assert_usable(top: QWidget, qtbot: QtBot) -> None:
    wanted = wanting_the_keyboard(top)
    assert wanted
    nameless = [widget for widget in wanted if not spoken_name(widget)]
    assert not nameless, [(widget, widget.parentWidget()) for widget in nameless]
    missed = wanted - reached_by_tab(top, qtbot)
    assert not missed, [spoken_name(widget) for widget in missed]


def assert_pages_usable(window: MainWindow, qtbot: QtBot, *left_out: QWidget) -> None:
    tabs = window.page.tabs
    for index in range(tabs.count()):
        if tabs.isTabVisible(index) and tabs.widget(index) not in left_out:
            tabs.setCurrentIndex(index)
            assert_usable(window, qtbot)


def test_the_empty_window(window: MainWindow, qtbot: QtBot) -> None:
    assert_pages_usable(window, qtbot)


def test_every_page_of_a_recording(trained: MainWindow, qtbot: QtBot) -> None:
    # The waveform would play a model, and there is none.
    assert_pages_usable(trained, qtbot, trained.page.waveform)


@pytest.mark.parametrize("name", DIALOGS)
def test_every_dialog(window: MainWindow, qtbot: QtBot, name: str) -> None:
    dialog: QWidget = getattr(window, name)
    dialog.show()
    assert_usable(dialog, qtbot)
    dialog.close()


def test_the_calculators_of_the_levels(trained: MainWindow, qtbot: QtBot) -> None:
    trained.page.tabs.setCurrentIndex(trained.page.tabs.count() - 1)
    for button in trained.page.metadata.findChildren(QWidget):
        if button.accessibleName().endswith("from volts"):
            button.setFocus()
            qtbot.keyClick(button, Qt.Key.Key_Space)
    assert_usable(trained, qtbot)


def test_training_starts_and_stops_by_keys(window: MainWindow, qtbot: QtBot, fake: FakeRun) -> None:
    controller = window.controller
    fake.free_epochs = 1
    controller.set_input(Path("input.wav"))
    controller.add_recordings([Path("amp.wav")])
    qtbot.waitUntil(lambda: controller.can_train, timeout=5_000)
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window, Qt.Key.Key_T, control)
    assert controller.is_training
    (run,) = controller.runs.values()
    qtbot.waitUntil(lambda: len(run.history) == 1, timeout=5_000)
    qtbot.keyClick(window, Qt.Key.Key_Period, control)
    qtbot.waitUntil(lambda: not controller.is_training, timeout=5_000)
    assert controller.queue.jobs()[0].state is JobState.STOPPED
