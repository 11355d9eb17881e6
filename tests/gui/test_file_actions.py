"""The question which file is the input."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui.fake_files import FakeFiles
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from nam_gui import tasks
from nam_gui.main_window import MainWindow
from nam_gui.pairing import Sorted


def answer(window: MainWindow, name: str | None) -> None:
    """Choose a file, or none of them."""
    question = window.files.question
    assert question is not None
    assert question.isVisible()
    if name is None:
        question.reject()
    else:
        question.setTextValue(name)
        question.accept()


def recordings(window: MainWindow) -> list[Path]:
    return [job.recording for job in window.controller.queue.jobs()]


def test_files_of_one_name_are_told_apart_by_their_folders(
    window: MainWindow, files: FakeFiles
) -> None:
    paths = [Path("/monday/take.wav"), Path("/tuesday/take.wav")]
    window.controller.asked.emit("Which?", paths)
    answer(window, str(paths[1]))
    assert window.controller.input_path == paths[1]
    assert recordings(window) == [paths[0]]


def test_who_chooses_no_input_has_recordings(window: MainWindow, files: FakeFiles) -> None:
    paths = [Path("a.wav"), Path("b.wav")]
    window.controller.asked.emit("Which?", paths)
    answer(window, None)
    assert window.controller.input_path is None
    assert recordings(window) == paths


def test_both_answers_about_one_file_are_in_words(window: MainWindow, files: FakeFiles) -> None:
    window.controller.asked.emit("Is a.wav what you played?", [Path("a.wav")])
    question = window.files.question
    assert question is not None
    buttons = {button.text(): button for button in question.findChildren(QPushButton)}
    assert set(buttons) == {"What I &played", "What came &out of the amp"}
    buttons["What came &out of the amp"].click()
    assert recordings(window) == [Path("a.wav")]
    assert "Now the input" in window.run_bar.status.text()


def test_the_question_fits_the_screen_whatever_the_names(
    window: MainWindow, files: FakeFiles
) -> None:
    paths = [Path(f"{'x' * 200} {number}.wav") for number in (1, 2)]
    window.controller.asked.emit(f"{paths[0].name} and {paths[1].name}. Which one?", paths)
    question = window.files.question
    assert question is not None
    assert question.width() < 90 * question.fontMetrics().averageCharWidth()
    answer(window, paths[1].name)
    assert window.controller.input_path == paths[1]


def test_a_folder_that_is_gone_is_told(window: MainWindow, tmp_path: Path) -> None:
    (job_id,) = window.controller.queue.add([Path("a.wav")])
    window.controller.queue.update(job_id, model_path=tmp_path / "gone" / "a.nam")
    window.files.show_in_folder(job_id)
    assert window.run_bar.status.text() == f"The folder {tmp_path / 'gone'} is not there any more."


def test_the_answer_counts_for_what_is_dropped_meanwhile(
    window: MainWindow, files: FakeFiles, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sort(paths: tuple[Path, ...], known: Path | None, _stop: object) -> Sorted:
        return Sorted(known, paths, question="" if known else "Which?")

    monkeypatch.setattr(tasks, "sort_files", sort)
    controller = window.controller
    for names in ("ab", "c", "d"):
        with qtbot.waitSignal(controller.asked):
            controller.add_files([Path(f"{name}.wav") for name in names])
    answer(window, "a.wav")
    assert window.files.question is None
    qtbot.waitUntil(lambda: len(recordings(window)) == 3)
    assert recordings(window) == [Path("b.wav"), Path("c.wav"), Path("d.wav")]
    assert window.files.question is None


def test_the_window_closes_with_the_question(
    window: MainWindow, files: FakeFiles, qtbot: QtBot
) -> None:
    window.controller.asked.emit("Which?", [Path("a.wav"), Path("b.wav")])
    with qtbot.waitSignal(window.gone):
        window.close()
    assert not window.isVisible()
    assert window.files.question is None


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
