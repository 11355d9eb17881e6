from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_gui import garbage
from nam_gui.garbage import GarbageCollector


class Cycle:
    """Notes the thread in which it dies."""

    def __init__(self, died_in: list[int]) -> None:
        self.itself = self
        self.died_in = died_in

    def __del__(self) -> None:
        self.died_in.append(threading.get_ident())


class MakesCycles(QThread):
    def __init__(self, died_in: list[int]) -> None:
        super().__init__()
        self.died_in = died_in

    def run(self) -> None:
        for _ in range(2 * gc.get_threshold()[0]):
            Cycle(self.died_in)


def test_cycles_of_a_thread_die_in_the_windows(
    app: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "INTERVAL_MS", 10)
    died_in: list[int] = []
    collector = GarbageCollector(app)
    thread = MakesCycles(died_in)
    with qtbot.waitSignal(thread.finished):
        thread.start()
    thread.wait()
    qtbot.waitUntil(lambda: len(died_in) >= gc.get_threshold()[0])
    assert set(died_in) == {threading.get_ident()}
    collector.stop()
    assert gc.isenabled()
    collector.deleteLater()
