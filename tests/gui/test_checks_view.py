"""The checks as a user reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot
from rigs import Rig
from support import playing, recording

from nam_engine.findings import Finding, Kind, Severity
from nam_engine.intake import CaptureReport, take_in
from nam_gui import style
from nam_gui.checks_view import ChecksView
from nam_gui.finding_picture import picture_of
from nam_gui.finding_row import FindingRow
from nam_gui.severity_mark import SeverityMark, severity_colour


@cache
def report_of(fault: str = "") -> CaptureReport:
    """Of a short pair that is good, or is clipped or silent."""
    x = playing(6.0)
    y = Rig(delay_samples=100, speaker=None).play(x)
    if fault == "clipped":
        y = (10 * y).clip(-1, 1)
    elif fault == "silent":
        y = np.zeros_like(y)
    return take_in(recording(x, "input.wav"), recording(y, "amp.wav")).report


def doubtful(count: int = 1) -> CaptureReport:
    """The good one, with things to look at behind what is fine."""
    report = report_of()
    gates = [Finding(Kind.NOISE_GATE, Severity.WARN, f"Gate {n}.") for n in range(count)]
    return replace(report, findings=(*report.findings, *gates))


@pytest.fixture
def view(qtbot: QtBot) -> ChecksView:
    view = ChecksView()
    qtbot.addWidget(view)
    view.resize(640, 480)
    view.show()
    return view


def page(view: ChecksView) -> Any:
    (scroll,) = view.findChildren(QScrollArea)
    return scroll.widget()


def texts(view: ChecksView) -> list[str]:
    return [label.text() for label in page(view).findChildren(QLabel) if label.text()]


def severities(view: ChecksView) -> list[Severity]:
    rows = sorted(page(view).findChildren(FindingRow), key=lambda row: row.y())
    return [row.findChild(SeverityMark).severity for row in rows]


def buttons(view: ChecksView) -> list[QPushButton]:
    found: list[QPushButton] = page(view).findChildren(QPushButton)
    return found


def test_without_a_report_says_where_checks_come_from(view: ChecksView) -> None:
    empty = ["Drop a recording and its checks appear here."]
    assert texts(view) == empty
    view.set_report(report_of())
    assert texts(view) != empty
    view.set_report(None)
    assert texts(view) == empty


def test_finding_says_how_bad_what_why_and_what_to_do(view: ChecksView) -> None:
    report = report_of("clipped")
    view.set_report(report)
    (stop,) = report.stops
    shown = texts(view)
    for text in ("Stop", stop.message, f"What to do: {stop.remedy}", stop.cause):
        assert text in shown
    names = [row.accessibleName() for row in page(view).findChildren(FindingRow)]
    assert f"Stop: {stop.message}" in names


def test_worst_comes_first(view: ChecksView, qtbot: QtBot) -> None:
    view.set_report(doubtful())
    qtbot.waitUntil(lambda: page(view).height() > view.height() / 2)
    shown = severities(view)
    assert shown[0] is Severity.WARN
    assert set(shown[1:]) == {Severity.INFO}


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (report_of, "amp.wav is ready for training."),
        (doubtful, "amp.wav can be trained on; look at one thing first."),
        (lambda: doubtful(3), "amp.wav can be trained on; look at 3 things first."),
        (lambda: report_of("clipped"), "amp.wav should be recorded again."),
    ],
)
def test_verdict_in_words(view: ChecksView, report: Any, verdict: str) -> None:
    view.set_report(report())
    assert texts(view)[0] == verdict


def test_summary_has_length_rate_input_and_validation(view: ChecksView) -> None:
    view.set_report(report_of())
    facts = texts(view)[1]
    assert facts.startswith("0:06 min · 48 kHz · test signal: your own · ")
    assert "from 0:05 to 0:06" in facts


def test_train_anyway_is_asked_for_and_shown(view: ChecksView, qtbot: QtBot) -> None:
    view.set_report(report_of("clipped"))
    (button,) = buttons(view)
    # The answer comes while the button still speaks.
    user = Proceeds(view)
    view.proceed_requested.connect(user.proceed)
    with qtbot.waitSignal(view.proceed_requested):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not buttons(view)
    assert "You chose to train anyway." in texts(view)
    view.set_report(report_of("clipped"))
    assert len(buttons(view)) == 1


class Proceeds:
    def __init__(self, view: ChecksView) -> None:
        self._view = view

    def proceed(self) -> None:
        self._view.set_report(self._view._report, proceeding=True)


def test_why_there_is_no_report_is_said(view: ChecksView) -> None:
    view.set_report(None, problem="amp.wav cannot be opened.")
    assert texts(view) == ["amp.wav cannot be opened."]


def test_what_is_read_stays_where_nothing_has_changed(view: ChecksView) -> None:
    report = doubtful()
    view.set_report(report)
    page = view._scroll.widget()
    view.set_report(report)
    assert view._scroll.widget() is page


def test_nothing_is_built_until_somebody_looks(view: ChecksView) -> None:
    view.set_report(None, problem="amp.wav cannot be opened.")
    view.hide()
    view.set_report(doubtful())
    assert not page(view).findChildren(FindingRow)
    view.show()
    assert severities(view)
    assert "amp.wav cannot be opened." not in texts(view)


def test_nothing_to_train_on_has_no_button(view: ChecksView) -> None:
    view.set_report(report_of("silent"))
    assert not buttons(view)
    assert "It cannot be trained on: there is nothing in it to learn." in texts(view)


def test_good_report_has_no_button(view: ChecksView) -> None:
    view.set_report(doubtful())
    assert not buttons(view)


THREE = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "picture",
    [
        {"seconds": THREE},
        {"seconds": THREE, "lengths": THREE / 100},
        {"seconds": THREE, "delays": THREE},
        {"seconds": THREE, "samples": THREE.astype(int)},
        {"input_db": -THREE, "output_db": np.array([-np.inf, -20, -3])},
        {"first": THREE.astype(np.float32), "second": THREE.astype(np.float32)},
    ],
    ids="+".join,
)
def test_known_pictures_are_drawn(
    view: ChecksView, picture: Mapping[str, NDArray[np.floating]]
) -> None:
    finding = Finding(Kind.GAP, Severity.WARN, "", {"threshold_dbfs": -50.0}, picture)
    view.set_report(replace(report_of(), findings=(finding,)))
    view.grab()
    drawn = picture_of(finding, report_of())
    assert drawn is not None
    assert drawn.accessibleName()


@pytest.mark.parametrize("picture", [{}, {"seconds": THREE, "colours": THREE}, {"other": THREE}])
def test_unknown_pictures_are_left_out(
    view: ChecksView, picture: Mapping[str, NDArray[np.floating]]
) -> None:
    finding = Finding(Kind.GAP, Severity.WARN, "", {}, picture)
    assert picture_of(finding, report_of()) is None


def test_follows_the_colour_scheme(
    view: ChecksView, app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.set_report(report_of("clipped"))

    def colour() -> str:
        (word,) = (w for w in page(view).findChildren(QLabel) if w.text() == "Stop")
        return str(word.palette().windowText().color().name())

    for scheme in (style.DARK, style.LIGHT):
        monkeypatch.setattr(style, "scheme", lambda scheme=scheme: scheme)
        app.sendEvent(view, QEvent(QEvent.Type.PaletteChange))
        assert colour() == scheme.stop == severity_colour(Severity.STOP)


def test_nothing_is_cut_off_in_twice_the_text(view: ChecksView, qtbot: QtBot) -> None:
    font = view.font()
    font.setPointSizeF(2 * font.pointSizeF())
    view.setFont(font)
    view.set_report(report_of("clipped"))
    qtbot.wait(10)
    (scroll,) = view.findChildren(QScrollArea)
    assert scroll.horizontalScrollBar().maximum() == 0
    for label in page(view).findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width())
