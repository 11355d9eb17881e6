from __future__ import annotations

import numpy as np
import pytest
from gui.fake_sound import FakeOutput
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from support import RATE_HZ, playing

from nam_engine.comparison import Comparison
from nam_gui.mixer import level_matched
from nam_gui.player import Player
from nam_gui.waveform_page import WaveformPage

EMPTY = "The recording and the models appear after the first epoch."
TRACKS = {"recording": playing(0.5), "full": playing(0.5, seed=1), "lite": playing(0.5, seed=2)}


def comparison(full_level: float = 0.9) -> Comparison:
    """Models that play something else, and at other levels."""
    models = {"channels_3": 0.5 * TRACKS["lite"], "channels_8": full_level * TRACKS["full"]}
    return Comparison(TRACKS["recording"], models, RATE_HZ)


@pytest.fixture
def output() -> FakeOutput:
    return FakeOutput()


@pytest.fixture
def page(qtbot: QtBot, output: FakeOutput) -> WaveformPage:
    page = WaveformPage(player=Player(output))
    qtbot.addWidget(page)
    page.resize(700, 500)
    page.show()
    page.activateWindow()
    page.setFocus()
    return page


def words(page: WaveformPage) -> str:
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def heard(output: FakeOutput) -> tuple[str, float]:
    """Which track, once a fade is over, and the second from which on it is."""
    samples = output.pull(2000)[1000:]
    matched = level_matched(list(TRACKS.values()))
    for name, track in zip(TRACKS, matched, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(track, len(samples))
        misses = np.abs(windows[:, ::100] - samples[::100]).max(1)
        if misses.min() < 1e-3:
            return name, float(np.argmin(misses) / RATE_HZ)
    raise AssertionError("none of the tracks")


def test_says_what_will_be_there(page: WaveformPage) -> None:
    assert words(page) == EMPTY
    page.say("It is torn.")
    assert words(page) == "It is torn."
    page.clear()
    assert words(page) == EMPTY


def test_shows_models_and_what_can_be_heard(page: WaveformPage) -> None:
    page.set_comparison(comparison())
    for text in ("A2-Full", "A2-Lite", "0:00 / 0:00", "level-matched"):
        assert text in words(page)
    assert EMPTY not in words(page)


def test_keys_play_and_switch(page: WaveformPage, output: FakeOutput, qtbot: QtBot) -> None:
    page.set_comparison(comparison())
    qtbot.keyClick(page.focusProxy(), Qt.Key.Key_Space)
    assert heard(output)[0] == "full"
    for key, name in (("1", "recording"), ("3", "lite"), ("2", "full")):
        qtbot.keyClick(page.focusProxy(), key)
        assert heard(output)[0] == name
    qtbot.keyClick(page.focusProxy(), Qt.Key.Key_Space)
    output.pull(1000)
    assert not len(output.pull(1000))


def test_better_models_are_heard_from_the_same_place_on(
    page: WaveformPage, output: FakeOutput, qtbot: QtBot
) -> None:
    page.set_comparison(comparison())
    page.listen()
    assert heard(output) == ("full", pytest.approx(1000 / RATE_HZ))
    page.set_comparison(comparison(0.95))
    assert heard(output) == ("full", pytest.approx(3000 / RATE_HZ))


def test_listening_begins_when_the_models_are_there(page: WaveformPage, output: FakeOutput) -> None:
    page.listen()
    assert not output.is_open
    page.set_comparison(comparison())
    assert heard(output)[0] == "full"


def test_a_failure_is_not_listened_to(page: WaveformPage, output: FakeOutput) -> None:
    page.listen()
    page.say("It is torn.")
    page.set_comparison(comparison())
    assert not output.is_open


def test_listening_plays_the_largest_whatever_was_chosen(
    page: WaveformPage, output: FakeOutput, qtbot: QtBot
) -> None:
    page.set_comparison(comparison())
    qtbot.keyClick(page.focusProxy(), "1")
    page.listen()
    assert heard(output)[0] == "full"


def test_another_recording_and_the_end_stop_it_at_once(
    page: WaveformPage, output: FakeOutput
) -> None:
    page.set_comparison(comparison())
    page.listen()
    page.clear()
    assert not output.is_open
    page.set_comparison(comparison())
    page.listen()
    page.stop_playing()
    assert not output.is_open


def test_the_waveform_shows_what_is_heard(
    page: WaveformPage, output: FakeOutput, qtbot: QtBot
) -> None:
    mark = page._view._trace._place
    page.set_comparison(comparison())
    assert not mark.isVisible()
    page.listen()
    output.pull(RATE_HZ // 4)
    qtbot.waitUntil(lambda: mark.value() == pytest.approx(0.25, abs=0.001))
    assert mark.isVisible()
    page.clear()
    assert not mark.isVisible()


def test_playing_goes_on_where_another_tab_is_looked_at(
    page: WaveformPage, output: FakeOutput
) -> None:
    page.set_comparison(comparison())
    page.listen()
    page.hide()
    assert output.is_open


def test_without_output_it_says_so(page: WaveformPage, output: FakeOutput, qtbot: QtBot) -> None:
    page.hide()
    output.only_rate_hz = 0
    page.set_comparison(comparison())
    page.show()
    qtbot.waitUntil(lambda: "nothing to hear with" in words(page))
