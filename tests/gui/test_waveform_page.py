from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from support import RATE_HZ, container_of, playing, rig, small_packed

from nam_engine.audio import write_wav
from nam_engine.comparison import Comparison
from nam_engine.errors import NamFileError
from nam_engine.intake import Choices
from nam_engine.nam_file import write_nam
from nam_engine.train_job import TrainJob
from nam_gui.waveform_page import WaveformPage

EMPTY = "The recording and the models appear after the first epoch."
PLAYING = "Playing the models…"
JOB = TrainJob(Path("di.wav"), Path("amp.wav"), Path())
OTHER = replace(JOB, output_path=Path("other.wav"))


class Player:
    """In place of ``compare``: plays when it is let, which for most tests is at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_play = threading.Event()
        self.may_play.set()
        self.running = self.most_running = 0

    def compare(self, model_path: Path, job: TrainJob) -> Comparison:
        self.asked.append(model_path.name)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        assert self.may_play.wait(5)
        self.running -= 1
        if model_path.name == "torn.nam":
            raise NamFileError("torn.nam is torn.", "Get it again.")
        target = playing(0.2, seed=len(job.output_path.name))
        return Comparison(target, {f"of {model_path.name}": 0.9 * target}, RATE_HZ)


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Player:
    player = Player()
    monkeypatch.setattr("nam_engine.comparison.compare", player.compare)
    return player


@pytest.fixture
def page(qtbot: QtBot) -> WaveformPage:
    def end(widget: WaveformPage) -> None:
        with qtbot.waitSignal(widget.ended, timeout=5000):
            widget.shut_down()

    widget = WaveformPage()
    qtbot.addWidget(widget, before_close_func=end)
    widget.resize(700, 500)
    widget.show()
    return widget


def words(page: WaveformPage) -> str:
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def says(page: WaveformPage, text: str) -> Callable[[], bool]:
    return lambda: text in words(page)


def test_says_what_will_be_there(page: WaveformPage) -> None:
    assert words(page) == EMPTY


def test_shows_the_models_when_they_were_played(
    page: WaveformPage, player: Player, qtbot: QtBot
) -> None:
    player.may_play.clear()
    page.show_model(JOB, Path("a.nam"))
    assert words(page) == PLAYING
    player.may_play.set()
    qtbot.waitUntil(says(page, "of a.nam"))
    assert PLAYING not in words(page)


def test_newest_request_wins_and_only_one_runs(
    page: WaveformPage, player: Player, qtbot: QtBot
) -> None:
    player.may_play.clear()
    page.show_model(JOB, Path("first.nam"))
    qtbot.waitUntil(lambda: player.asked == ["first.nam"])
    page.show_model(OTHER, Path("second.nam"))
    page.show_model(JOB, Path("third.nam"))
    assert words(page) == PLAYING
    player.may_play.set()
    qtbot.waitUntil(says(page, "of third.nam"))
    assert player.asked == ["first.nam", "third.nam"]
    assert player.most_running == 1


def test_fresh_models_of_the_same_job_leave_the_view_in_place(
    page: WaveformPage, player: Player, qtbot: QtBot
) -> None:
    page.show_model(JOB, Path("a.nam"))
    qtbot.waitUntil(says(page, "of a.nam"))
    player.may_play.clear()
    page.show_model(JOB, Path("b.nam"))
    assert "of a.nam" in words(page)
    player.may_play.set()
    qtbot.waitUntil(says(page, "of b.nam"))
    player.may_play.clear()
    page.show_model(OTHER, Path("c.nam"))
    assert words(page) == PLAYING
    player.may_play.set()


def test_clear_drops_what_still_runs(page: WaveformPage, player: Player, qtbot: QtBot) -> None:
    player.may_play.clear()
    page.show_model(JOB, Path("a.nam"))
    page.clear()
    assert words(page) == EMPTY
    player.may_play.set()
    with qtbot.waitSignal(page.ended, timeout=5000):
        page.shut_down()
    assert words(page) == EMPTY


def test_failure_is_a_sentence(page: WaveformPage, player: Player, qtbot: QtBot) -> None:
    page.show_model(JOB, Path("torn.nam"))
    qtbot.waitUntil(says(page, "torn.nam is torn. Get it again."))
    page.show_model(JOB, Path("a.nam"))
    qtbot.waitUntil(says(page, "of a.nam"))


def test_ends_when_its_thread_has_ended(page: WaveformPage, player: Player, qtbot: QtBot) -> None:
    player.may_play.clear()
    page.show_model(JOB, Path("a.nam"))
    page.show_model(JOB, Path("b.nam"))
    with qtbot.assertNotEmitted(page.ended, wait=50):
        page.shut_down()
    with qtbot.waitSignal(page.ended, timeout=5000):
        player.may_play.set()
    page.show_model(JOB, Path("c.nam"))
    assert player.asked == ["a.nam"]
    assert words(page) == PLAYING


def test_plays_a_real_model(page: WaveformPage, qtbot: QtBot, tmp_path: Path) -> None:
    x = playing(2)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", rig(x), RATE_HZ)
    write_nam(tmp_path / "model.nam", container_of(small_packed()))
    choices = Choices(latency_samples=0, validation_seconds=(1.5, 2.0))
    job = TrainJob(tmp_path / "di.wav", tmp_path / "amp.wav", tmp_path, choices=choices)
    page.show_model(job, tmp_path / "model.nam")
    qtbot.waitUntil(says(page, "A2-Lite"), timeout=10_000)
    target = page._view._target
    np.testing.assert_array_equal(target, rig(x)[round(1.5 * RATE_HZ) :])
