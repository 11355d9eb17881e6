"""The page follows a run only while somebody watches it, and shows nothing of another recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gui.fake_files import FakeFiles
from gui.fake_run import FakeRun
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from nam_engine.errors import TrainingError
from nam_engine.metadata import UserMetadata
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.queue_model import Column


@pytest.fixture
def ids(window: MainWindow, files: FakeFiles, fake: FakeRun, qtbot: QtBot) -> Iterator[list[int]]:
    """Three recordings that can be trained; each waits in its second epoch."""
    fake.free_epochs = 1
    controller = window.controller
    controller.set_input(Path("input.wav"))
    controller.add_recordings([Path("a.wav"), Path("b.wav"), Path("c.wav")])
    jobs = controller.queue.jobs
    qtbot.waitUntil(lambda: all(job.state is JobState.READY for job in jobs()))
    yield [job.id for job in jobs()]
    fake.release()
    controller.stop()
    qtbot.waitUntil(lambda: not controller.is_training)


def selected(window: MainWindow) -> int:
    job = window.queue_view.selected_job()
    assert job is not None
    return job.id


def wait_for(window: MainWindow, qtbot: QtBot, job_id: int) -> None:
    runs = window.controller.runs
    qtbot.waitUntil(lambda: job_id in runs and len(runs[job_id].history) == 1)


def test_who_watches_sees_each_recording_train(
    window: MainWindow, ids: list[int], qtbot: QtBot
) -> None:
    tabs = window.page.tabs
    tabs.setCurrentWidget(window.page.checks)
    window.controller.train()
    wait_for(window, qtbot, ids[0])
    assert selected(window) == ids[0]
    assert tabs.currentWidget() is window.page.curves
    window.controller.skip(ids[0])
    wait_for(window, qtbot, ids[1])
    assert selected(window) == ids[1]
    assert tabs.currentWidget() is window.page.curves


def test_the_next_recording_does_not_begin_with_the_progress_of_the_last(
    window: MainWindow, ids: list[int], qtbot: QtBot
) -> None:
    texts: list[str] = []
    window.controller.job_ended.connect(lambda _: texts.append(window.run_bar.status.text()))
    window.controller.train()
    wait_for(window, qtbot, ids[0])
    assert "Epoch" in window.run_bar.status.text()
    window.controller.skip(ids[0])
    wait_for(window, qtbot, ids[1])
    assert texts == ["Preparing…"]


def test_who_types_is_left_where_he_is(window: MainWindow, ids: list[int], qtbot: QtBot) -> None:
    window.controller.train()
    wait_for(window, qtbot, ids[0])
    tabs = window.page.tabs
    tabs.setCurrentIndex(tabs.count() - 1)
    info = tabs.currentWidget()
    window.controller.skip(ids[0])
    wait_for(window, qtbot, ids[1])
    assert selected(window) == ids[0]
    assert tabs.currentWidget() is info


def test_who_looks_at_another_recording_is_left_there(
    window: MainWindow, ids: list[int], qtbot: QtBot
) -> None:
    window.controller.train()
    wait_for(window, qtbot, ids[0])
    window.queue_view.select_job(ids[2])
    window.controller.skip(ids[0])
    wait_for(window, qtbot, ids[1])
    assert selected(window) == ids[2]


def test_the_delay_of_another_recording_is_not_shown(
    window: MainWindow, ids: list[int], files: FakeFiles, qtbot: QtBot
) -> None:
    page = window.page
    window.queue_view.select_job(ids[0])
    page.tabs.setCurrentWidget(page.alignment)
    qtbot.waitUntil(page.alignment._scroll.isVisible)
    files.unreadable.add("b")
    with qtbot.waitSignal(window.controller.said):
        window.queue_view.select_job(ids[1])
    assert not page.alignment._scroll.isVisible()


def test_a_delay_that_is_set_stays_in_sight_while_it_is_checked(
    window: MainWindow, ids: list[int], files: FakeFiles, qtbot: QtBot
) -> None:
    page = window.page
    window.queue_view.select_job(ids[0])
    page.tabs.setCurrentWidget(page.alignment)
    qtbot.waitUntil(page.alignment._scroll.isVisible)
    files.gate.clear()
    page.alignment._delay.stepUp()
    assert window.controller.queue.job(ids[0]).is_being_checked
    assert page.alignment._scroll.isVisible()
    files.gate.set()
    qtbot.waitUntil(lambda: window.controller.queue.job(ids[0]).state is JobState.READY)
    assert page.alignment._scroll.isVisible()


def test_what_is_not_checked_yet_says_why(
    window: MainWindow, files: FakeFiles, qtbot: QtBot
) -> None:
    controller = window.controller
    controller.add_recordings([Path("a.wav")])
    (job,) = controller.queue.jobs()
    window.queue_view.select_job(job.id)
    assert shown(window) == ["It is checked as soon as there is an input: what you played."]
    files.gate.clear()
    controller.set_input(Path("input.wav"))
    assert shown(window) == ["It is being checked…"]
    files.gate.set()
    qtbot.waitUntil(lambda: "It is being checked…" not in shown(window))


def test_a_training_that_failed_shows_what_was_saved_and_why_it_failed(
    window: MainWindow, ids: list[int], fake: FakeRun, qtbot: QtBot
) -> None:
    page, queue = window.page, window.controller.queue
    fake.release()
    window.controller.train()
    qtbot.waitUntil(lambda: not window.controller.is_training)
    fake.failures["a"] = TrainingError("The numbers ran away.", "Train again.")
    window.queue_view.select_job(ids[0])
    window.controller.train_more(ids[0])
    qtbot.waitUntil(lambda: queue.job(ids[0]).state is JobState.FAILED)
    assert page.tabs.currentIndex() == page._result_tab
    words = [label.text() for label in page.result.findChildren(QLabel) if label.isVisible()]
    assert "The numbers ran away. Train again." in words
    assert "great" in words
    assert "It starts on time and is quiet when you are." not in words  # nobody knows
    offered = [b.text() for b in page.result.findChildren(QPushButton) if b.isVisible()]
    assert offered == ["Export…", "Listen", "Show in folder"]
    checks = shown(window)
    assert checks[0] == "The numbers ran away. Train again."
    assert checks[1] == "Twin.wav itself is fine, as far as the checks can tell."


def shown(window: MainWindow) -> list[str]:
    """What the checks say to somebody who looks at them."""
    window.page.tabs.setCurrentWidget(window.page.checks)
    page = window.page.checks.findChild(QScrollArea)
    return [label.text() for label in page.widget().findChildren(QLabel)]


def test_a_name_given_while_it_trains_is_not_taken_back_by_the_form(
    window: MainWindow, ids: list[int], qtbot: QtBot
) -> None:
    queue, form = window.controller.queue, window.page.metadata
    queue.update(ids[0], metadata=UserMetadata(name="Typed before"))
    window.controller.train()
    wait_for(window, qtbot, ids[0])
    queue.setData(queue.index(0, Column.RECORDING), "Crunch")
    make = form.findChildren(QLineEdit)[2]
    make.setText("Fender")
    assert queue.job(ids[0]).metadata == UserMetadata(name="Crunch", gear_make="Fender")
