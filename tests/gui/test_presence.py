"""What the desktop is told, and what closing the window means, with a fake of tray and engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from gui.fake_run import FakeRun
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from nam_engine.errors import TrainingError
from nam_gui import closing, tasks
from nam_gui.controller import Controller, RunState
from nam_gui.job import Job, JobState
from nam_gui.main_window import MainWindow
from nam_gui.outcome_words import OutcomeWords
from nam_gui.settings import Settings
from nam_gui.tray import Tray

PROGRAM = "NAM A2 Trainer"
EPOCHS = 4


class FakeTray(QObject):
    show_requested = Signal()
    stop_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.is_visible = False
        self.text = ""
        self.share: float | None = None
        self.told: list[tuple[str, bool]] = []

    def set_visible(self, is_visible: bool) -> None:
        self.is_visible = is_visible

    def show_progress(self, text: str, share: float | None) -> None:
        self.text, self.share = text, share

    def tell(self, title: str, text: str) -> None:
        assert title == PROGRAM
        self.told.append((text, self.is_visible))


class FakeTaskbar:
    def __init__(self) -> None:
        self.shares: list[float | None] = []

    def show_progress(self, _window: QWidget, share: float | None) -> None:
        self.shares.append(share)


@dataclass
class Desk:
    window: MainWindow
    tray: FakeTray
    taskbar: FakeTaskbar
    bot: QtBot

    @property
    def controller(self) -> Controller:
        return self.window.controller

    def add(self, *names: str) -> None:
        """Recordings that were checked."""
        self.controller.input_path = Path("input.wav")
        for job_id in self.controller.queue.add(Path(f"{name}.wav") for name in names):
            self.controller.queue.update(job_id, state=JobState.READY)

    def train(self, epochs: int) -> None:
        """Until the fake waits after so many epochs of the first recording."""
        self.controller.train()
        runs = self.controller.runs
        self.bot.waitUntil(lambda: sum(len(run.history) for run in runs.values()) == epochs)

    def wait_until_idle(self) -> None:
        self.bot.waitUntil(lambda: self.controller.state is RunState.IDLE)

    def close(self) -> closing.CloseQuestion:
        """The question that follows."""
        self.window.close()
        assert self.window.closing.question is not None
        return self.window.closing.question


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    run = FakeRun(free_epochs=2)
    monkeypatch.setattr(tasks, "load_engine", lambda: run.train)
    return run


@pytest.fixture
def desk(app: QApplication, qtbot: QtBot, fake: FakeRun, tmp_path: Path) -> Iterator[Desk]:
    yield from desks(qtbot, tmp_path, FakeTray())


@pytest.fixture
def desk_without_tray(
    app: QApplication, qtbot: QtBot, fake: FakeRun, tmp_path: Path
) -> Iterator[Desk]:
    yield from desks(qtbot, tmp_path, None)


def desks(qtbot: QtBot, tmp_path: Path, tray: FakeTray | None) -> Iterator[Desk]:
    taskbar = FakeTaskbar()
    controller = Controller(Settings(epochs=EPOCHS, output_folder=tmp_path))
    window = MainWindow(controller, tray, taskbar)  # type: ignore[arg-type]
    window.show()  # not qtbot's: it would close and delete it while a training runs
    gone: list[bool] = []
    window.gone.connect(lambda: gone.append(True))
    yield Desk(window, tray or FakeTray(), taskbar, qtbot)
    window.closing.end_now()
    qtbot.waitUntil(lambda: bool(gone), timeout=10_000)
    window.deleteLater()


@pytest.fixture
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QApplication, "activeWindow", lambda: None)


# How it is going


def test_title_says_how_far_it_is(desk: Desk, fake: FakeRun) -> None:
    desk.add("Twin crunch")
    desk.train(2)
    assert desk.window.windowTitle() == f"50% \N{EN DASH} Twin crunch \N{EN DASH} {PROGRAM}"
    assert desk.tray.text == desk.window.windowTitle()
    assert desk.tray.is_visible
    fake.release()
    desk.wait_until_idle()
    assert desk.window.windowTitle() == PROGRAM
    assert desk.tray.share is None


def test_icons_show_the_whole_queue(
    desk: Desk, fake: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    badges: list[int] = []
    monkeypatch.setattr(QApplication, "setBadgeNumber", lambda _, number: badges.append(number))
    desk.add("a", "b")
    desk.train(2)
    assert desk.taskbar.shares[-1] == desk.tray.share == pytest.approx(0.25)
    fake.release()
    desk.wait_until_idle()
    assert desk.taskbar.shares[-1] is None
    assert [n for n, before in zip(badges, [None, *badges], strict=False) if n != before] == [
        2,
        1,
        0,
    ]


def test_what_is_removed_from_the_line_was_not_trained(desk: Desk, fake: FakeRun) -> None:
    desk.add("a", "b", "c")
    desk.train(2)
    _, *others = desk.controller.queue.jobs()
    for job in others:
        desk.controller.remove(job.id)
    assert desk.taskbar.shares[-1] == pytest.approx(0.5)


def test_a_single_recording_has_no_badge(
    desk: Desk, fake: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    badges: list[int] = []
    monkeypatch.setattr(QApplication, "setBadgeNumber", lambda _, number: badges.append(number))
    desk.add("a")
    desk.train(2)
    assert set(badges) == {0}


# How it ended


def test_the_end_is_told_to_who_is_elsewhere(desk: Desk, fake: FakeRun, nobody_looks: None) -> None:
    desk.add("Twin crunch")
    fake.release()
    desk.controller.train()
    desk.wait_until_idle()
    said = "Twin crunch: Full good (0.0250), Lite may do (0.0500)"
    assert desk.tray.told == [(said, True)]


def test_nobody_is_told_what_he_sees(
    desk: Desk, fake: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QApplication, "activeWindow", lambda: desk.window)
    desk.add("a")
    fake.release()
    desk.controller.train()
    desk.wait_until_idle()
    assert desk.tray.told == []
    assert not desk.tray.is_visible


def test_a_failure_is_told_at_once_and_the_queue_at_its_end(
    desk: Desk, fake: FakeRun, nobody_looks: None
) -> None:
    fake.failures["b"] = TrainingError("The disk is full.", "Free some space.")
    fake.release()
    desk.add("a", "b", "c")
    desk.controller.train()
    desk.wait_until_idle()
    failure = "b could not be trained: The disk is full. Free some space."
    assert [text for text, _ in desk.tray.told] == [failure, "2 recordings are trained, 1 failed"]


def test_a_pause_is_no_end(desk: Desk, fake: FakeRun, nobody_looks: None) -> None:
    desk.add("a")
    desk.train(2)
    desk.controller.pause()
    desk.bot.waitUntil(lambda: desk.controller.state is RunState.PAUSED)
    assert desk.tray.told == []


def test_without_a_tray_the_window_asks_for_attention(
    desk_without_tray: Desk,
    fake: FakeRun,
    nobody_looks: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alerted: list[QWidget] = []
    monkeypatch.setattr(QApplication, "alert", alerted.append)
    fake.release()
    desk_without_tray.add("a")
    desk_without_tray.controller.train()
    desk_without_tray.wait_until_idle()
    assert alerted == [desk_without_tray.window]


def test_words_for_several(qtbot: QtBot) -> None:
    words = OutcomeWords()
    done = Job(1, Path("a.wav"), "a", state=JobState.DONE)
    failed = Job(2, Path("b.wav"), "b", state=JobState.FAILED, message="No.")
    assert words.ended([done, done]) == "2 recordings are trained"
    assert words.ended([done, failed]) == "1 recording is trained, 1 failed"
    assert words.ended([failed, failed]) == "2 failed"
    assert words.ended([failed]) == "b could not be trained: No."


# Closing


def test_cancel_changes_nothing(desk: Desk) -> None:
    desk.add("a")
    desk.train(2)
    desk.bot.keyClick(desk.close(), Qt.Key.Key_Escape)
    desk.bot.waitUntil(lambda: desk.window.closing.question is None)
    assert desk.window.isVisible()
    assert desk.controller.state is RunState.TRAINING


def test_stop_keeps_the_best_and_ends(desk: Desk) -> None:
    desk.add("a", "b")
    desk.train(2)
    with desk.bot.waitSignal(desk.window.gone):
        desk.close().stop.click()
    assert [job.state for job in desk.controller.queue.jobs()] == [
        JobState.STOPPED,
        JobState.READY,
    ]
    assert desk.controller.queue.jobs()[0].model_path is not None


def test_in_the_background_the_whole_queue_is_trained_before_it_ends(
    desk: Desk, fake: FakeRun, nobody_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.closing._linger.setInterval(50)
    desk.add("a", "b")
    desk.train(2)
    desk.window.log.show()
    desk.close().background.click()
    assert not desk.window.isVisible()
    assert not desk.window.log.isVisible()
    assert desk.tray.is_visible
    assert desk.controller.state is RunState.TRAINING
    with desk.bot.waitSignal(desk.window.gone):
        fake.release()
    assert [job.state for job in desk.controller.queue.jobs()] == [JobState.DONE] * 2
    assert [text for text, _ in desk.tray.told] == ["2 recordings are trained"]


def test_the_tray_brings_the_window_back_and_then_it_stays(desk: Desk, fake: FakeRun) -> None:
    desk.window.closing._linger.setInterval(50)
    desk.add("a")
    desk.train(2)
    desk.close().background.click()
    desk.tray.show_requested.emit()
    assert desk.window.isVisible()
    fake.release()
    desk.wait_until_idle()
    desk.bot.wait(100)
    assert desk.window.isVisible()


def test_stopping_in_the_tray_keeps_the_best_and_ends(desk: Desk) -> None:
    desk.window.closing._linger.setInterval(50)
    desk.add("a", "b")
    desk.train(2)
    desk.close().background.click()
    with desk.bot.waitSignal(desk.window.gone):
        desk.tray.stop_requested.emit()
    assert desk.controller.queue.jobs()[0].state is JobState.STOPPED


def test_without_a_tray_it_is_minimised_and_stays(desk_without_tray: Desk, fake: FakeRun) -> None:
    desk = desk_without_tray
    desk.add("a")
    desk.train(2)
    desk.close().background.click()
    assert desk.window.isMinimized()
    fake.release()
    desk.wait_until_idle()
    assert not desk.window.closing._linger.isActive()


def test_the_question_goes_with_the_training_and_the_window_too(desk: Desk, fake: FakeRun) -> None:
    desk.add("a")
    desk.train(2)
    desk.close()
    with desk.bot.waitSignal(desk.window.gone):
        fake.release()
    assert desk.controller.queue.jobs()[0].state is JobState.DONE


def test_closing_twice_asks_once(desk: Desk) -> None:
    desk.add("a")
    desk.train(2)
    assert desk.close() is desk.close()
    assert len(desk.window.findChildren(closing.CloseQuestion)) == 1


def test_the_end_of_the_session_asks_nothing(desk: Desk) -> None:
    desk.add("a")
    desk.train(2)
    with desk.bot.waitSignal(desk.window.gone):
        desk.window.closing.end_now()
    assert desk.controller.queue.jobs()[0].state is JobState.STOPPED
    assert not any(isinstance(w, QDialog) and w.isVisible() for w in desk.window.children())


def test_a_real_tray_icon_can_be_made_anywhere(app: QApplication, qtbot: QtBot) -> None:
    tray = Tray()
    tray.show_progress("61%", 0.61)
    with qtbot.waitSignal(tray.stop_requested):
        tray._stop.trigger()
    tray.show_progress("", None)
    assert not tray._stop.isEnabled()
