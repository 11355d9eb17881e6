from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollBar
from pytestqt.qtbot import QtBot

from nam_gui import style
from nam_gui.waveform_view import WaveformView

RATE = 8000


def tone(seconds: float = 2.0, loud_at: float = 1.2) -> NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    level = np.where(np.abs(time - loud_at) < 0.025, 0.8, 0.1)
    return (level * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


@pytest.fixture
def view(qtbot: QtBot) -> WaveformView:
    widget = WaveformView()
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    widget.show()
    return widget


@pytest.fixture
def filled(view: WaveformView) -> WaveformView:
    target = tone()
    view.set_audio(target, {"channels_3": 0.9 * target, "channels_8": 0.99 * target}, RATE)
    return view


def visible_texts(view: WaveformView) -> list[str]:
    return [label.text() for label in view.findChildren(QLabel) if label.isVisible()]


def test_says_so_while_there_is_nothing(view: WaveformView) -> None:
    assert visible_texts(view) == ["The waveform appears when a model has been trained."]
    view.set_audio(np.zeros(10, np.float32), {}, RATE)
    assert len(visible_texts(view)) == 1


def test_begins_at_the_loudest(filled: WaveformView) -> None:
    assert filled.seconds_in_view() == pytest.approx((1.175, 1.225), abs=0.005)


def test_legend_names_what_is_drawn(filled: WaveformView) -> None:
    waves, errors = visible_texts(filled)
    assert all(name in waves for name in ("recording", "A2-Lite", "A2-Full"))
    assert "error of A2-Lite" in errors
    assert style.scheme().submodels[1] in waves


def test_one_submodel_alone_keeps_its_colour(view: WaveformView) -> None:
    view.set_audio(tone(), {"channels_8": tone()}, RATE)
    waves, _ = visible_texts(view)
    assert style.scheme().submodels[1] in waves
    assert style.scheme().submodels[0] not in waves


def test_fresh_predictions_leave_the_view_where_it_is(filled: WaveformView) -> None:
    filled.show_seconds(0.3, 0.5)
    filled.set_audio(tone(), {"channels_3": tone()}, RATE)
    assert filled.seconds_in_view() == pytest.approx((0.3, 0.5))
    filled.set_audio(tone(loud_at=0.7), {}, RATE)
    assert filled.seconds_in_view() == pytest.approx((0.675, 0.725), abs=0.005)


def test_moves_by_keys_and_scroll_bar(filled: WaveformView, qtbot: QtBot) -> None:
    bar = filled.findChild(QScrollBar)
    assert bar is not None
    start, stop = filled.seconds_in_view()
    qtbot.keyClick(filled, Qt.Key.Key_Right)
    assert filled.seconds_in_view() == pytest.approx((start + 0.005, stop + 0.005), abs=2e-4)
    qtbot.keyClick(filled, Qt.Key.Key_Home)
    assert filled.seconds_in_view()[0] == 0
    qtbot.keyClick(filled, Qt.Key.Key_Left)
    assert filled.seconds_in_view()[0] == 0
    qtbot.keyClick(filled, Qt.Key.Key_End)
    assert filled.seconds_in_view()[1] == pytest.approx(2.0, abs=2e-4)
    bar.setValue(RATE // 2)
    assert filled.seconds_in_view() == pytest.approx((0.5, 0.55), abs=2e-4)


def test_zooms_within_the_passage(filled: WaveformView, qtbot: QtBot) -> None:
    qtbot.keyClick(filled, Qt.Key.Key_Plus)
    start, stop = filled.seconds_in_view()
    assert stop - start == pytest.approx(0.035)
    for _ in range(30):
        qtbot.keyClick(filled, Qt.Key.Key_Minus)
    assert filled.seconds_in_view() == pytest.approx((0, 2))
    for _ in range(60):
        qtbot.keyClick(filled, Qt.Key.Key_Plus)
    start, stop = filled.seconds_in_view()
    assert 0 < stop - start < 0.01


def test_a_long_passage_is_drawn_in_few_points_with_its_peaks(view: WaveformView) -> None:
    target = np.zeros(480_000, np.float32)
    target[300_001] = 1
    view.set_audio(target, {}, 48_000)
    view.show_seconds(0, 10)
    _, heights = view._trace._curves[0].getData()
    assert len(heights) < 5 * view.width()
    assert heights.max() == 1


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_strange_predictions_do_no_harm(view: WaveformView, strange: float) -> None:
    target = tone()
    prediction = target.copy()
    prediction[9_000:] = strange
    view.set_audio(target, {"channels_3": prediction}, RATE)
    view.show_seconds(0, 2)
    view.grab()
    assert view._trace.view.viewRange()[1][1] == pytest.approx(0.92, abs=0.01)


def test_silence_is_shown(view: WaveformView) -> None:
    silence = np.zeros(RATE, np.float32)
    view.set_audio(silence, {"channels_3": silence}, RATE)
    view.grab()
    assert len(visible_texts(view)) == 2


def test_lengths_must_be_equal(view: WaveformView) -> None:
    with pytest.raises(ValueError, match="as long as"):
        view.set_audio(tone(), {"channels_3": tone(1.0)}, RATE)


def test_takes_over_other_colours(filled: WaveformView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "scheme", lambda: style.DARK)
    palette = filled.palette()
    palette.setColor(palette.ColorRole.Window, style.DARK.background)
    filled.setPalette(palette)
    assert filled._spectrum.backgroundBrush().color().name() == style.DARK.background
    assert style.DARK.submodels[0] in visible_texts(filled)[0]
