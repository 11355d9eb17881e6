"""The window without a screen. Skipped where the system lacks what Qt links to."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

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


@pytest.fixture(autouse=True)
def collects_in_this_thread() -> Iterator[None]:
    """As the app does: what a test leaves behind is not destroyed in a thread of the next one."""
    gc.disable()
    yield
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
