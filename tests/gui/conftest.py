"""The window without a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

# The offscreen platform says this of every window; it is about the platform.
HARMLESS = ("This plugin does not support propagateSizeHints()",)


@pytest.fixture(scope="session")
def app() -> QApplication:
    return QApplication.instance() or QApplication([])


@pytest.fixture(autouse=True)
def qt_messages() -> Iterator[None]:
    """A Qt warning fails the test."""
    messages: list[str] = []

    def note(kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and message not in HARMLESS:
            messages.append(message)

    qInstallMessageHandler(note)
    yield
    qInstallMessageHandler(None)
    assert not messages
