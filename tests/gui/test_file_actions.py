"""The question which file is the input."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui.fake_files import FakeFiles
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from nam_gui.main_window import MainWindow


def test_files_of_one_name_are_told_apart_by_their_folders(
    window: MainWindow, files: FakeFiles, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [Path("/monday/take.wav"), Path("/tuesday/take.wav")]

    def choose_last(
        _window: object, _title: str, _text: str, items: list[str], *_: object
    ) -> object:
        return items[-1], True

    monkeypatch.setattr(QInputDialog, "getItem", choose_last)
    window.controller.asked.emit("Which?", paths)
    assert window.controller.input_path == paths[1]
    assert [job.recording for job in window.controller.queue.jobs()] == [paths[0]]


def test_who_chooses_no_input_has_recordings(
    window: MainWindow, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("", False))
    paths = [Path("a.wav"), Path("b.wav")]
    window.controller.asked.emit("Which?", paths)
    assert window.controller.input_path is None
    assert [job.recording for job in window.controller.queue.jobs()] == paths


def test_the_demo_leaves_own_recordings_their_input(
    window: MainWindow, files: FakeFiles, qtbot: QtBot, tmp_path: Path
) -> None:
    assert window.file_menu.load_demo.isEnabled()
    controller = window.controller
    controller.load_demo()
    controller.set_input(Path("mine.wav"))
    controller.add_recordings([Path("amp.wav")])
    assert not window.file_menu.load_demo.isEnabled()
    qtbot.waitUntil(lambda: len(list(tmp_path.glob("Demo/*.wav"))) == 2, timeout=20_000)
    qtbot.waitUntil(lambda: not controller._threads._tasks)
    assert controller.input_path == Path("mine.wav")
    assert [job.recording for job in controller.queue.jobs()] == [Path("amp.wav")]
