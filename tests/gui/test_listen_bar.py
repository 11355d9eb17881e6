from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from nam_gui.coloured_label import ColouredLabel
from nam_gui.listen_bar import ListenBar
from nam_gui.style import scheme

NONE = "There is no sound output on this computer."


@pytest.fixture
def bar(qtbot: QtBot) -> ListenBar:
    bar = ListenBar()
    qtbot.addWidget(bar)
    bar.resize(900, 100)
    bar.show()
    bar.set_submodels(["channels_3", "channels_8"])
    return bar


def radios(bar: ListenBar) -> dict[str, QRadioButton]:
    shown = [radio for radio in bar.findChildren(QRadioButton) if radio.isVisible()]
    return {radio.text(): radio for radio in sorted(shown, key=lambda r: r.parentWidget().x())}


def words(bar: ListenBar) -> list[str]:
    return [label.text() for label in bar.findChildren(QLabel) if label.isVisible()]


def test_the_largest_model_is_chosen_first(bar: ListenBar, qtbot: QtBot) -> None:
    qtbot.wait(1)
    assert list(radios(bar)) == ["Recording", "A2-Full", "A2-Lite"]
    assert radios(bar)["A2-Full"].isChecked()
    assert bar.choice() == 1


def test_a_choice_is_told(bar: ListenBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.chosen) as chosen:
        qtbot.mouseClick(radios(bar)["Recording"], Qt.MouseButton.LeftButton)
    assert chosen.args == [0]
    with qtbot.waitSignal(bar.chosen) as chosen:
        bar.choose(2)
    assert chosen.args == [2]
    assert radios(bar)["A2-Lite"].isChecked()
    bar.choose(3)
    assert bar.choice() == 2


def test_the_same_models_keep_the_choice_and_others_begin_anew(
    bar: ListenBar, qtbot: QtBot
) -> None:
    bar.choose(0)
    bar.set_submodels(["channels_3", "channels_8"])
    assert bar.choice() == 0
    bar.set_submodels(["channels_16"])
    qtbot.wait(1)
    assert list(radios(bar)) == ["Recording", "channels_16"]
    assert bar.choice() == 1


def test_every_track_has_its_line_and_colour(bar: ListenBar) -> None:
    lines = {
        label.palette().windowText().color().name(): label.text()
        for label in bar.findChildren(ColouredLabel)
        if label.isVisible()
    }
    lite, full = scheme().submodels
    assert lines == {scheme().recording: "━━", full: "──", lite: "──"}


def test_the_button_plays_or_stops(bar: ListenBar, qtbot: QtBot) -> None:
    (button,) = bar.findChildren(QPushButton)
    assert button.accessibleName() == "Play"
    bar.set_playing(True)
    assert button.accessibleName() == "Stop"
    with qtbot.waitSignal(bar.toggled):
        button.click()


def test_says_where_it_is(bar: ListenBar) -> None:
    bar.set_length(12.0)
    bar.set_place(3.2)
    assert "0:03 / 0:12" in words(bar)
    bar.set_length(9.0)
    assert "0:00 / 0:09" in words(bar)


def test_says_why_nothing_can_be_heard(bar: ListenBar) -> None:
    bar.set_reason(NONE)
    assert NONE in words(bar)
    assert not any(radio.isEnabled() for radio in radios(bar).values())
    bar.set_reason("")
    assert NONE not in words(bar)
    assert all(radio.isEnabled() for radio in radios(bar).values())
