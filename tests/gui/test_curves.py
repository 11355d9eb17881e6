from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from nam_engine.events import EpochDone, SubmodelMetrics
from nam_gui import style
from nam_gui.curves import Curves
from nam_gui.envelopes import envelope
from nam_gui.epoch_table import EpochTable

NAMES = ("channels_3", "channels_8")


def epoch(number: int, *esrs: float) -> EpochDone:
    metrics = tuple(SubmodelMetrics(esr, esr, esr) for esr in esrs)
    return EpochDone(number, number, metrics, 0.5, 0.1, 0.1, 1.0, 0.004, 0, 10.0, 0.0, 1.0, 1.0)


def falling(count: int) -> list[EpochDone]:
    return [epoch(n, 0.5 / n, 0.2 / n) for n in range(1, count + 1)]


@pytest.fixture
def curves(qtbot: QtBot) -> Curves:
    widget = Curves()
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    widget.show()
    return widget


def shown(curves: Curves) -> list[np.ndarray]:
    """The ESR (not its logarithm) of each curve that is drawn."""
    curves._redraw()
    drawn = [10 ** curve.getData()[1] for curve in curves._main._curves]
    return [heights for heights in drawn if len(heights)]


def test_says_so_while_there_is_nothing(curves: Curves) -> None:
    label = next(label for label in curves.findChildren(QLabel) if label.isVisible())
    assert label.text() == "The curves appear when training starts."
    curves.start(NAMES, 10)
    assert not label.isVisible()
    curves.clear_all()
    assert label.isVisible()
    assert not any(button.isVisible() for button in curves.findChildren(QPushButton))


def test_draws_an_epoch_soon_and_not_at_once(curves: Curves, qtbot: QtBot) -> None:
    curves.start(NAMES, 10)
    shown(curves)
    curves.add_epoch(epoch(1, 0.1, 0.05))
    curves.add_epoch(epoch(2, 0.05, 0.02))
    assert not any(len(curve.getData()[1]) for curve in curves._main._curves)
    qtbot.waitUntil(lambda: len(curves._main._curves[0].getData()[1]) == 2, timeout=1000)
    assert shown(curves)[0] == pytest.approx([0.1, 0.05])


def test_best_epochs_are_said(curves: Curves) -> None:
    curves.start(NAMES, 10)
    curves.set_history([epoch(1, 0.1, 0.05), epoch(2, 0.0112, 0.02), epoch(3, 0.02, 0.0043)], NAMES)
    shown(curves)
    expected = ["A2-Lite 0.0112, epoch 2", "A2-Full 0.00430, epoch 3"]
    assert [label.toPlainText() for label in curves._main._labels] == expected
    assert curves.accessibleDescription() == "; ".join(expected)


@pytest.mark.parametrize("strange", [math.nan, math.inf, -1.0, 0.0])
def test_strange_figures_do_no_harm(curves: Curves, strange: float) -> None:
    curves.start(NAMES, 10)
    for event in (epoch(1, 0.1, strange), epoch(2, strange, strange), epoch(3, 0.05, strange)):
        curves.add_epoch(event)
    lite = shown(curves)[0]
    assert lite[[0, 2]] == pytest.approx([0.1, 0.05])
    curves.grab()


def test_the_run_before_stays_until_all_is_cleared(curves: Curves) -> None:
    curves.set_history(falling(5), NAMES)
    curves.start(NAMES, 10)
    curves.add_epoch(epoch(1, 0.3, 0.3))
    assert [len(heights) for heights in shown(curves)] == [5, 5, 1, 1]
    assert curves._main._curves[0].opts["pen"].color().alpha() < 255
    curves.set_earlier([falling(3), [], falling(4)])
    assert [len(heights) for heights in shown(curves)] == [3, 3, 4, 4, 1, 1]
    curves.clear_all()
    assert shown(curves) == []


def test_an_epoch_trained_again_replaces_those_after_it() -> None:
    table = EpochTable.of([*falling(6), epoch(4, 0.9, 0.9)], NAMES)
    assert table.epochs.tolist() == [1, 2, 3, 4]
    assert table.esrs(0)[-1] == 0.9


def test_as_many_figures_as_submodels() -> None:
    with pytest.raises(ValueError, match="1 submodels, 2 expected"):
        EpochTable(NAMES).append(epoch(1, 0.1))


def test_a_long_run_is_drawn_in_few_points(curves: Curves) -> None:
    rows = [epoch(n, 0.1, 0.05 if n != 5000 else 0.001) for n in range(1, 10_001)]
    curves.set_history(rows, NAMES)
    lite, full = shown(curves)
    assert len(lite) < 4 * curves.width()
    assert full.min() == pytest.approx(0.001)


def test_envelope_keeps_peaks_and_gaps() -> None:
    values = np.zeros(1000)
    values[777], values[:100] = 5, np.nan
    indices, points = envelope(values, 0, 1000, 50)
    assert len(points) <= 200
    assert np.nanmax(points) == 5
    assert np.isnan(points[0])
    assert abs(indices[np.nanargmax(points)] - 777) <= 20


def test_zooming_holds_the_view_until_show_all(curves: Curves, qtbot: QtBot) -> None:
    curves.start(NAMES, 100)
    curves.set_history(falling(20), NAMES)
    shown(curves)
    whole = curves._main.view.viewRange()[0]
    assert whole[1] > 100
    qtbot.keyClick(curves, Qt.Key.Key_Plus)
    near = curves._main.view.viewRange()[0]
    assert near[1] - near[0] < whole[1] - whole[0]
    curves.add_epoch(epoch(21, 0.1, 0.1))
    shown(curves)
    assert curves._main.view.viewRange()[0] == near
    button = next(b for b in curves.findChildren(QPushButton) if "all" in b.text())
    button.click()
    assert curves._main.view.viewRange()[0] == pytest.approx(whole)


def test_epochs_can_be_read_with_keys_and_mouse(curves: Curves, qtbot: QtBot) -> None:
    curves.set_history(falling(20), NAMES)
    shown(curves)
    readout = curves._main._readout
    qtbot.keyClick(curves, Qt.Key.Key_Home)
    qtbot.keyClick(curves, Qt.Key.Key_Right)
    assert "epoch 2" in readout.toPlainText()
    assert "0.25" in readout.toPlainText()
    assert "learning rate 0.004" in readout.toPlainText()
    curves._main.hovered.emit(9.6)
    assert "epoch 10" in readout.toPlainText()
    curves._main.left.emit()
    assert not readout.isVisible()


def test_details_can_be_shown_and_hidden(curves: Curves) -> None:
    curves.set_history(falling(20), NAMES)
    box = curves.findChild(QCheckBox)
    assert box is not None
    assert not any(plot.isVisible() for plot in curves._details)
    box.click()
    assert all(plot.isVisible() for plot in curves._details)
    box.click()
    assert not any(plot.isVisible() for plot in curves._details)


def test_picture_is_asked_for_and_saved(curves: Curves, qtbot: QtBot, tmp_path: Path) -> None:
    curves.set_history(falling(20), NAMES)
    button = next(b for b in curves.findChildren(QPushButton) if "picture" in b.text())
    with qtbot.waitSignal(curves.picture_requested):
        button.click()
    curves.save_picture(tmp_path / "curves.png")
    assert QImage(str(tmp_path / "curves.png")).size() == curves._charts.size()
    with pytest.raises(OSError, match="nowhere"):
        curves.save_picture(tmp_path / "nowhere" / "curves.png")


def test_takes_over_other_colours_and_sizes(
    curves: Curves, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves.set_history(falling(20), NAMES)
    monkeypatch.setattr(style, "scheme", lambda: style.DARK)
    font = curves.font()
    font.setPointSizeF(2 * font.pointSizeF())
    curves.setFont(font)
    curves._redraw()
    assert curves._main.backgroundBrush().color().name() == style.DARK.background
    assert curves._main._curves[0].opts["pen"].color().name() == style.DARK.submodels[0]
    assert curves._main.axes["left"].style["tickFont"].pointSizeF() == font.pointSizeF()


def test_names_of_the_best_stay_in_the_chart(curves: Curves) -> None:
    curves.start(NAMES, 4)
    curves.set_history([epoch(1, 1.0, 0.5), epoch(4, 0.9, 0.2)], NAMES)
    shown(curves)
    chart = curves._main.view.sceneBoundingRect()
    for label in curves._main._labels:
        assert chart.contains(label.mapRectToScene(label.boundingRect()))
