"""Every state of the program, what each wish does in it, and how it is closed in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from gui.fake_files import FakeFiles, stop
from gui.fake_run import FakeRun
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from nam_engine.errors import TrainingError
from nam_gui.controller import Controller, RunState
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

Where = tuple[RunState, JobState | None]

STATES: dict[str, Where] = {
    "idle": (RunState.IDLE, None),
    "waiting": (RunState.IDLE, JobState.WAITING_FOR_CHECK),
    "checking": (RunState.IDLE, JobState.CHECKING),
    "doubtful": (RunState.IDLE, JobState.HAS_FINDINGS),
    "unusable": (RunState.IDLE, JobState.BLOCKED),
    "ready": (RunState.IDLE, JobState.READY),
    "training": (RunState.TRAINING, JobState.TRAINING),
    "pausing": (RunState.PAUSING, JobState.TRAINING),
    "paused": (RunState.PAUSED, JobState.PAUSED),
    "stopping": (RunState.STOPPING, JobState.TRAINING),
    "stopped": (RunState.IDLE, JobState.STOPPED),
    "done": (RunState.IDLE, JobState.DONE),
    "failed": (RunState.IDLE, JobState.FAILED),
}
WISHES = ("train", "pause", "stop", "skip", "retry", "proceed", "train_more", "remove")
OF_THE_RUN = ("train", "pause", "stop")
GONE: Where = (RunState.IDLE, None)

# What a wish does at once. Where nothing is said it does nothing.
TRANSITIONS: dict[tuple[str, str], str | Where] = {
    ("waiting", "remove"): GONE,
    ("checking", "remove"): GONE,
    ("checking", "retry"): "waiting",  # once more, behind the check that is on its way
    ("doubtful", "proceed"): "ready",
    ("doubtful", "retry"): "checking",
    ("doubtful", "remove"): GONE,
    ("unusable", "retry"): "checking",
    ("unusable", "remove"): GONE,
    ("ready", "train"): "training",
    ("ready", "retry"): "checking",
    ("ready", "remove"): GONE,
    ("training", "pause"): "pausing",
    ("training", "stop"): "stopping",
    ("pausing", "stop"): "stopping",
    ("paused", "train"): "training",
    ("paused", "stop"): "stopped",
    ("paused", "skip"): "stopped",
    ("paused", "retry"): "checking",
    ("paused", "remove"): GONE,
    ("stopped", "train_more"): "training",
    ("stopped", "retry"): "checking",
    ("stopped", "remove"): GONE,
    ("done", "train_more"): "training",
    ("done", "retry"): "checking",
    ("done", "remove"): GONE,
    ("failed", "retry"): "checking",  # it failed before anything was trained
    ("failed", "remove"): GONE,
}


@dataclass
class Stage:
    """A controller with one recording, brought into any state."""

    controller: Controller
    files: FakeFiles
    fake: FakeRun
    bot: QtBot

    def where(self) -> Where:
        jobs = self.controller.queue.jobs()
        return self.controller.state, jobs[0].state if jobs else None

    def bring(self, state: str) -> None:
        controller = self.controller
        self.fake.free_epochs = 1
        match state:
            case "idle":
                return
            case "checking":
                self.files.gate.clear()
            case "doubtful" | "unusable":
                self.files.findings["amp"] = stop(overridable=state == "doubtful")
            case "failed":
                self.fake.failures["amp"] = TrainingError("The disk is full.")
            case "done":
                self.fake.release()
        if state != "waiting":
            controller.set_input(Path("input.wav"))
        controller.add_recordings([Path("amp.wav")])
        if state in ("waiting", "checking", "doubtful", "unusable"):
            self._wait_for(state)
            return
        self._wait_for("ready")
        if state == "ready":
            return
        controller.train()
        if state not in ("done", "failed"):
            (run,) = controller.runs.values()
            self.bot.waitUntil(lambda: len(run.history) == 1)
        if state in ("pausing", "paused"):
            controller.pause()
        elif state in ("stopping", "stopped"):
            controller.stop()
        self._wait_for(state)

    def wish(self, wish: str) -> None:
        jobs = self.controller.queue.jobs()
        job_id = jobs[0].id if jobs else 1
        arguments = () if wish in OF_THE_RUN else (job_id,)
        getattr(self.controller, wish)(*arguments)

    def let_go(self) -> None:
        """Nothing waits for the test any more."""
        self.files.gate.set()
        self.fake.release()

    def _wait_for(self, state: str) -> None:
        # Pausing and stopping pass with the next event: they must not be waited for.
        if self.where() != STATES[state]:
            self.bot.waitUntil(lambda: self.where() == STATES[state], timeout=5_000)


@pytest.fixture
def stage(
    qtbot: QtBot, files: FakeFiles, fake: FakeRun, tmp_path: Path, qt_messages: None
) -> Stage:
    return Stage(Controller(Settings(epochs=2, output_folder=tmp_path)), files, fake, qtbot)


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("state", STATES)
def test_what_a_wish_does(stage: Stage, state: str, wish: str) -> None:
    stage.bring(state)
    assert stage.where() == STATES[state]
    stage.wish(wish)
    after = TRANSITIONS.get((state, wish), state)
    assert stage.where() == (STATES[after] if isinstance(after, str) else after)
    with stage.bot.waitSignal(stage.controller.closed):
        stage.controller.shut_down()
        stage.let_go()
    assert not stage.controller.is_training


# In the window

BUTTONS: dict[str, tuple[str, bool]] = {
    "idle": ("Train", False),
    "checking": ("Train", False),
    "doubtful": ("Train", False),
    "ready": ("Train", True),
    "training": ("Stop", True),
    "pausing": ("Stop", False),
    "paused": ("Resume", True),
    "stopping": ("Stop", False),
}


@pytest.fixture
def window(stage: Stage) -> Iterator[MainWindow]:
    # Not given to qtbot, which would close it while it trains and be asked.
    window = MainWindow(stage.controller)
    window.show()
    yield window
    stage.let_go()
    stage.bot.waitUntil(lambda: not stage.controller.is_training, timeout=5_000)
    window.close()
    stage.bot.waitUntil(lambda: not window.isVisible(), timeout=5_000)


@pytest.mark.parametrize("state", STATES)
def test_the_window_says_where_it_stands(stage: Stage, window: MainWindow, state: str) -> None:
    stage.bring(state)
    model, job_state = stage.controller.queue, STATES[state][1]
    assert model.rowCount() == (job_state is not None)
    if job_state is not None:
        row = [str(model.index(0, column).data()) for column in range(model.columnCount())]
        assert any(job_state.word in text for text in row)
    if state in BUTTONS:
        button = window.run_bar.primary
        text, is_enabled = BUTTONS[state]
        assert button.text().replace("&", "").startswith(text)
        assert button.isEnabled() == is_enabled


@pytest.mark.parametrize("state", STATES)
def test_the_window_closes_in_every_state(stage: Stage, window: MainWindow, state: str) -> None:
    """Asking first where something is lost by it, and never before all has ended."""
    stage.bring(state)
    asked: list[str] = []
    answerer = QTimer(interval=5)
    answerer.timeout.connect(lambda: _answer(asked, "Stop"))
    answerer.start()
    window.close()
    stage.files.gate.set()
    stage.bot.waitUntil(lambda: not window.isVisible(), timeout=5_000)
    answerer.stop()
    if state not in ("pausing", "stopping"):  # there it is as good as answered
        assert len(asked) == (state == "training")
    assert not stage.controller.is_training
    assert stage.fake.left == [job.output_path.stem for job in stage.fake.jobs]


@pytest.mark.parametrize("state", ["ready", "training", "done"])
def test_the_window_is_as_large_after_large_text(
    stage: Stage, window: MainWindow, state: str
) -> None:
    stage.bring(state)
    was = window.size()
    for percent in (200, 100):
        settings = stage.controller.settings
        stage.controller.settings = replace(settings, text_percent=percent)
        for tab in range(window.page.tabs.count()):
            window.page.tabs.setCurrentIndex(tab)
            stage.bot.wait(10)
    assert window.size() == was


def test_who_does_not_want_to_stop_goes_on(stage: Stage, window: MainWindow) -> None:
    stage.bring("training")
    asked: list[str] = []
    window.close()
    _answer(asked, "Cancel")
    assert asked
    assert window.isVisible()
    assert stage.where() == STATES["training"]
    stage.fake.release()
    stage.bot.waitUntil(lambda: stage.where() == STATES["done"], timeout=5_000)


def _answer(asked: list[str], begins: str) -> None:
    """Press the button of the question that is open, if there is one."""
    box = QApplication.activeModalWidget()
    if isinstance(box, QMessageBox):
        asked.append(box.text())
        texts = {button.text().replace("&", ""): button for button in box.buttons()}
        next(button for text, button in texts.items() if text.startswith(begins)).click()
