"""Both mechanisms as far as they can be tried without their desktops."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from nam_gui import windows_taskbar
from nam_gui.unity_taskbar import UnityTaskbar
from nam_gui.windows_taskbar import (
    HR_INIT,
    SET_PROGRESS_STATE,
    SET_PROGRESS_VALUE,
    WindowsTaskbar,
)


class FakeBus:
    def __init__(self) -> None:
        self.sent: list[QDBusMessage] = []

    def isConnected(self) -> bool:  # noqa: N802
        return True

    def send(self, message: QDBusMessage) -> None:
        self.sent.append(message)


def test_dock_of_linux_is_told(
    app: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    monkeypatch.setattr(QDBusConnection, "sessionBus", lambda: bus)
    monkeypatch.setattr(QGuiApplication, "desktopFileName", lambda: "amp")
    window = QWidget()
    qtbot.addWidget(window)
    taskbar = UnityTaskbar()
    taskbar.show_progress(window, 0.5)
    taskbar.show_progress(window, None)
    assert [message.arguments() for message in bus.sent] == [
        ["application://amp.desktop", {"progress": 0.5, "progress-visible": True}],
        ["application://amp.desktop", {"progress": 0.0, "progress-visible": False}],
    ]
    assert bus.sent[0].member() == "Update"


def test_without_a_bus_nothing_is_said(app: QApplication, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    UnityTaskbar().show_progress(window, 0.5)


@pytest.mark.skipif(sys.platform == "win32", reason="the real one is there")
def test_windows_methods_are_called_by_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """A COM object of our own making: a pointer to a table of functions."""
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE, raising=False)
    monkeypatch.setattr(ctypes, "HRESULT", ctypes.c_long, raising=False)
    called: list[tuple[Any, ...]] = []

    def method(place: int, *types: Any) -> Any:
        def note(_: int, *values: int) -> int:
            called.append((place, *values))
            return 0

        return ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *types)(note)

    handle, state, value = ctypes.c_void_p, ctypes.c_int, ctypes.c_ulonglong
    methods: dict[int, Callable[..., int]] = {
        HR_INIT: method(HR_INIT),
        SET_PROGRESS_VALUE: method(SET_PROGRESS_VALUE, handle, value, value),
        SET_PROGRESS_STATE: method(SET_PROGRESS_STATE, handle, state),
    }
    table = (ctypes.c_void_p * 21)()
    for place, function in methods.items():
        table[place] = ctypes.cast(function, ctypes.c_void_p)
    com_object = ctypes.pointer(table)
    pointer = ctypes.cast(ctypes.pointer(com_object), ctypes.c_void_p)
    windows_taskbar._call(pointer, HR_INIT)
    windows_taskbar._call(pointer, SET_PROGRESS_STATE, ctypes.c_void_p(7), ctypes.c_int(2))
    values = ctypes.c_ulonglong(610), ctypes.c_ulonglong(1000)
    windows_taskbar._call(pointer, SET_PROGRESS_VALUE, ctypes.c_void_p(7), *values)
    assert called == [
        (HR_INIT,),
        (SET_PROGRESS_STATE, 7, 2),
        (SET_PROGRESS_VALUE, 7, 610, 1000),
    ]


def test_a_windows_that_refuses_is_asked_once(
    app: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def refuse() -> ctypes.c_void_p:
        asked.append(True)
        raise OSError("class not registered")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(windows_taskbar, "_make_list", refuse)
    window = QWidget()
    qtbot.addWidget(window)
    taskbar = WindowsTaskbar()
    for _ in range(3):
        taskbar.show_progress(window, 0.5)
    assert asked == [True]
