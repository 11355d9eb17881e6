"""A recording is seen on its input and moved by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from rigs import Rig, delayed
from support import RATE_HZ, playing, recording

from nam_engine.alignment import Confidence
from nam_engine.intake import CaptureReport, take_in
from nam_gui.alignment_view import AlignmentView
from nam_gui.delay_plot import DelayPlot
from nam_gui.overlay import overlay_of
from nam_gui.small_plot import SmallPlot

Samples = NDArray[np.float32]

LATENCY = 480
BLIPS = (RATE_HZ // 2, RATE_HZ)


@cache
def pair(blips: bool = True, polarity: int = 1) -> tuple[Samples, Samples, CaptureReport]:
    """Two blips or none, then playing; the rig is as late as LATENCY."""
    x = np.concatenate([np.zeros(RATE_HZ * 3 // 2, np.float32), playing(5.0)])
    if blips:
        x[list(BLIPS)] = 0.9
    y = Rig(delay_samples=LATENCY, speaker=None, polarity=polarity, drive_db=3).play(x)
    return x, y, take_in(recording(x, "input.wav"), recording(y, "amp.wav")).report


@pytest.fixture
def view(qtbot: QtBot) -> AlignmentView:
    view = AlignmentView()
    qtbot.addWidget(view)
    view.resize(800, 600)
    x, y, report = pair()
    view.set_pair(x, y, RATE_HZ, report)
    view.show()
    qtbot.waitExposed(view)
    return view


class Heard:
    """What the view says the user chose."""

    def __init__(self, view: AlignmentView) -> None:
        self.latencies: list[int | None] = []
        self.flips: list[bool] = []
        view.latency_changed.connect(self.latencies.append)
        view.flip_changed.connect(self.flips.append)


@pytest.fixture
def heard(view: AlignmentView) -> Heard:
    return Heard(view)


def spin(view: AlignmentView) -> QSpinBox:
    (found,) = view.findChildren(QSpinBox)
    return found


def plot(view: AlignmentView) -> DelayPlot:
    (found,) = view.findChildren(DelayPlot)
    return found


def measured_button(view: AlignmentView) -> QPushButton:
    (found,) = view.findChildren(QPushButton)
    return found


def flip_box(view: AlignmentView) -> QCheckBox:
    (found,) = view.findChildren(QCheckBox)
    return found


def texts(view: AlignmentView) -> list[str]:
    return [w.text() for w in view.findChildren(QLabel) if w.isVisible() and w.text()]


def curves(view: AlignmentView) -> list[Samples]:
    """Input and recording as they are drawn."""
    return [line.getOriginalDataset()[1] for line in plot(view).item.listDataItems()]


def test_empty_says_what_will_be_here(view: AlignmentView) -> None:
    empty = ["Drop a recording to see how it lies on the input."]
    view.clear()
    assert texts(view) == empty
    x, y, report = pair()
    view.set_pair(x, y, RATE_HZ, report)
    assert empty[0] not in texts(view)
    view.set_pair(x[:0], y, RATE_HZ, None)
    assert texts(view) == empty


def test_shows_the_measured_delay_with_its_reason(view: AlignmentView) -> None:
    _, _, report = pair()
    assert abs(spin(view).value() - LATENCY) <= 2
    shown = texts(view)
    assert shown[0].startswith(report.alignment.explanation)
    assert "This is sure, to within two samples." in shown[0]
    assert "10 ms" in shown
    assert not measured_button(view).isEnabled()


@pytest.mark.parametrize("blips", [True, False])
@pytest.mark.parametrize("polarity", [1, -1])
def test_recording_lies_on_the_input_at_the_measured_delay(
    view: AlignmentView, blips: bool, polarity: int
) -> None:
    x, y, report = pair(blips, polarity)
    view.set_pair(x, y, RATE_HZ, report)
    view.set_choice(None, polarity < 0)
    before, after = (curve[len(curve) // 2 - 100 :][:300] for curve in curves(view))
    assert np.corrcoef(before, after)[0, 1] > 0.8
    assert ("amp.wav is upside down." in texts(view)[0]) is (polarity < 0)


def test_without_blips_a_loud_onset_is_shown() -> None:
    x, y, report = pair(blips=False)
    overlay = overlay_of(x, y, RATE_HZ, report)
    assert not overlay.of_blips
    (place,) = overlay.places
    around = round(0.01 * RATE_HZ)
    assert np.abs(x[place : place + around]).max() > 10 * np.abs(x[place - around : place]).max()


def test_correlation_is_shown_where_something_was_measured(view: AlignmentView) -> None:
    (correlation,) = (p for p in view.findChildren(SmallPlot) if not isinstance(p, DelayPlot))
    assert correlation.isVisible()
    x, y, report = pair()
    unknown = replace(report.alignment, confidence=Confidence.NONE)
    view.set_pair(x, y, RATE_HZ, replace(report, alignment=unknown))
    assert not correlation.isVisible()
    assert spin(view).value() == 0


def test_delay_by_keyboard(view: AlignmentView, heard: Heard, qtbot: QtBot) -> None:
    start = spin(view).value()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_PageUp, Qt.Key.Key_Down):
        qtbot.keyClick(spin(view), key)
    assert heard.latencies == [start + 1, start + 11, start + 10]
    # On the plot the arrows point where the curve goes: left is later.
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageDown):
        qtbot.keyClick(plot(view), key)
    assert heard.latencies[3:] == [start + 11, start + 10, start]
    assert measured_button(view).isEnabled()


def test_typing_tells_the_whole_number_once(
    view: AlignmentView, heard: Heard, qtbot: QtBot
) -> None:
    spin(view).selectAll()
    qtbot.keyClicks(spin(view), "1234")
    assert heard.latencies == []
    qtbot.keyClick(spin(view), Qt.Key.Key_Return)
    assert heard.latencies == [1234]
    assert "25.7 ms" in texts(view)


def test_dragging_moves_the_recording_and_tells_at_its_end(
    view: AlignmentView, heard: Heard, qtbot: QtBot
) -> None:
    start, before = spin(view).value(), curves(view)[1]
    middle = plot(view).rect().center()
    qtbot.mousePress(plot(view), Qt.MouseButton.LeftButton, pos=middle)
    for pixels in (20, 40, 60):
        qtbot.mouseMove(plot(view), middle - QPoint(pixels, 0))
    later = spin(view).value()
    assert later > start
    assert heard.latencies == []
    qtbot.mouseRelease(plot(view), Qt.MouseButton.LeftButton)
    assert heard.latencies == [later]
    np.testing.assert_array_equal(curves(view)[1][: start - later], before[later - start :])


def test_measured_delay_comes_back(view: AlignmentView, heard: Heard, qtbot: QtBot) -> None:
    measured = spin(view).value()
    view.set_choice(100, False)
    assert spin(view).value() == 100
    qtbot.mouseClick(measured_button(view), Qt.MouseButton.LeftButton)
    assert spin(view).value() == measured
    assert heard.latencies == [None]


def test_turning_over_is_seen_and_told(view: AlignmentView, heard: Heard) -> None:
    upright = curves(view)[1]
    flip_box(view).click()
    assert heard.flips == [True]
    np.testing.assert_array_equal(curves(view)[1], -upright)


def test_what_the_program_sets_is_not_told_as_the_users(view: AlignmentView, heard: Heard) -> None:
    x, y, report = pair(blips=False)
    view.set_choice(77, True)
    view.set_pair(x, y, RATE_HZ, report)
    view.set_choice(None, False)
    view.set_pair(x[:20_000], y[:20_000], RATE_HZ, None)
    view.clear()
    assert (heard.latencies, heard.flips) == ([], [])


def test_choice_outlives_a_new_report_of_the_same_pair(view: AlignmentView) -> None:
    x, y, report = pair()
    view.set_choice(123, True)
    view.set_pair(x, y, RATE_HZ, report)
    assert spin(view).value() == 123
    assert flip_box(view).isChecked()


def test_zoom_by_keyboard(view: AlignmentView, qtbot: QtBot) -> None:
    def width() -> float:
        first, last = plot(view).item.vb.viewRange()[0]
        return float(last - first)

    usual = width()
    qtbot.keyClick(plot(view), Qt.Key.Key_Plus)
    assert width() < usual
    qtbot.keyClick(plot(view), Qt.Key.Key_Minus)
    assert width() == pytest.approx(usual)


def test_moved_beyond_the_recording_is_silence() -> None:
    x, y, report = pair()
    overlay = overlay_of(x, delayed(y, 0), RATE_HZ, report)
    assert not overlay.output_curve(10 * len(y)).any()
    assert not overlay.output_curve(-10 * len(y)).any()
