"""The window without a screen. Skipped where the system lacks what Qt links to."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from gui.controller_rig import Rig
    from gui.fake_files import FakeFiles
    from gui.fake_run import FakeRun
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from nam_gui.main_window import MainWindow

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# The offscreen platform says this of windows; it is about the platform.
HARMLESS = (
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
)

collect_ignore_glob: list[str] = []
try:
    from PySide6 import QtWidgets as _  # noqa: F401
except ImportError as error:
    if os.environ.get("NAM_REQUIRE_QT"):
        raise
    print(f"\ntests/gui is skipped: Qt cannot start here ({error})")
    collect_ignore_glob.append("test_*.py")


@pytest.fixture(scope="session")
def app() -> QApplication:
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])


@pytest.fixture(autouse=True)
def qt_messages() -> Iterator[None]:
    """A Qt warning fails the test."""
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    messages: list[str] = []

    def note(kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and message not in HARMLESS:
            messages.append(message)

    qInstallMessageHandler(note)
    yield
    qInstallMessageHandler(None)
    assert not messages


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """What a test leaves behind is destroyed after it and all that ends it.

    Not in a thread of the next one, nor while Qt tells all widgets of another palette.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect(1)
        gc.enable()


@pytest.fixture(autouse=True)
def no_thread_is_left(qt_messages: None) -> Iterator[None]:
    """A thread that still runs at its end fails the test, and is waited for."""
    import shiboken6
    from PySide6.QtCore import QThread

    started: list[QThread] = []

    def start(thread: QThread, *priority: QThread.Priority) -> None:
        started.append(thread)
        begin(thread, *priority)

    begin = QThread.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QThread, "start", start)
        yield
    left = [thread for thread in started if shiboken6.isValid(thread) and thread.isRunning()]
    for thread in left:
        thread.wait(10_000)
    assert not left


@pytest.fixture
def window(app: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The whole window; captures go to the test's folder."""
    from nam_gui.controller import Controller
    from nam_gui.main_window import MainWindow
    from nam_gui.settings import Settings

    window = MainWindow(Controller(Settings(output_folder=tmp_path)))
    window.show()
    yield window
    window.close()
    # Not left to the qtbot: it would delete the window while its threads end.
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=20_000)
    window.deleteLater()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> FakeFiles:
    """What is checked is no file, and what its checks say is up to the test."""
    from gui.fake_files import FakeFiles

    from nam_gui import tasks

    fake = FakeFiles()
    fake.gate.set()
    monkeypatch.setattr(tasks, "read_recording", fake.read)
    monkeypatch.setattr(tasks, "take_in", fake.take_in)
    return fake


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """What trains in place of the engine."""
    from gui.fake_run import FakeRun

    from nam_gui import tasks

    run = FakeRun()
    monkeypatch.setattr(tasks, "load_engine", lambda: run.train)
    return run


@pytest.fixture
def rig(
    qtbot: QtBot, files: FakeFiles, fake: FakeRun, tmp_path: Path, qt_messages: None
) -> Iterator[Rig]:
    """A controller that has nothing to do."""
    from gui.controller_rig import EPOCHS, Rig

    from nam_gui.controller import Controller
    from nam_gui.settings import Settings

    controller = Controller(Settings(epochs=EPOCHS, output_folder=tmp_path))
    rig = Rig(controller, qtbot)
    controller.said.connect(rig.said.append)
    controller.job_ended.connect(rig.ended.append)
    controller.closed.connect(lambda: rig.closed.append(controller.is_training))
    yield rig
    files.gate.set()
    controller.shut_down()
    rig.wait(lambda: bool(rig.closed))
