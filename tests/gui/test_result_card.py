from __future__ import annotations

import math
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from nam_gui.elided_label import ElidedLabel
from nam_gui.flow_layout import FlowLayout
from nam_gui.result_card import ResultCard, SubmodelScore

A2 = (SubmodelScore("channels_3", 0.01124, 93), SubmodelScore("channels_8", 0.00431, 61))
PATH = Path("/captures/JCM lead/JCM lead.nam")
WELL = "It starts on time and is quiet when you are."


@pytest.fixture
def card(qtbot: QtBot) -> ResultCard:
    card = ResultCard()
    qtbot.addWidget(card)
    card.show()
    return card


def shown(card: ResultCard) -> list[str]:
    labels = [label for label in card.findChildren(QLabel) if label.isVisible()]
    lines = [label for label in card.findChildren(ElidedLabel) if label.isVisible()]
    return [*(label.text() for label in labels), *(line.text() for line in lines)]


def test_starts_empty_and_can_be_emptied(card: ResultCard) -> None:
    assert shown(card) == []
    card.set_result("JCM lead", A2, (), PATH)
    assert shown(card) != []
    card.clear()
    assert shown(card) == []
    assert card.accessibleDescription() == ""
    assert not any(button.isVisible() for button in card.findChildren(QPushButton))


def test_says_how_close_both_sizes_are(card: ResultCard) -> None:
    card.set_result("JCM lead", A2, (), PATH)
    assert card.accessibleName() == "JCM lead"
    assert card.accessibleDescription() == (
        "A2-Full: great, ESR 0.00431; A2-Lite: good, ESR 0.0112"
    )
    words = shown(card)
    assert {"JCM lead", "A2-Full", "great", "ESR 0.00431", "epoch 61", WELL} <= set(words)
    assert f"Saved as {PATH}" in words
    assert any("Slim past the middle" in text for text in words)


@pytest.mark.parametrize(
    ("esr", "word"),
    [
        (0.00999, "great"),
        (0.02, "good"),
        (0.05, "may do"),
        (0.2, "poor"),
        (0.9, "something went wrong"),
        (math.nan, "something went wrong"),
    ],
)
def test_every_figure_has_its_word(card: ResultCard, esr: float, word: str) -> None:
    card.set_result("x", [SubmodelScore("channels_8", esr, 1)], (), PATH)
    assert word in shown(card)


def test_says_what_the_probe_found(card: ResultCard) -> None:
    card.set_result("x", A2, ["It plays late.", "It hisses."], PATH)
    assert "! It plays late.\n! It hisses." in shown(card)
    assert WELL not in shown(card)
    card.set_result("x", A2, (), PATH)
    assert WELL in shown(card)


def test_other_networks_are_not_told_of_slim(card: ResultCard) -> None:
    card.set_result("x", [SubmodelScore("channels_16", 0.001, 5)], (), PATH)
    assert not any("Slim" in text for text in shown(card))
    assert "channels_16" in shown(card)


def test_next_result_replaces_the_last(card: ResultCard, qtbot: QtBot) -> None:
    card.set_result("first", A2, (), PATH)
    card.set_result("second", [SubmodelScore("channels_8", 0.2, 7)], (), PATH)
    qtbot.wait(1)
    words = shown(card)
    assert "second" in words
    assert not {"first", "great", "A2-Lite"} & set(words)


def test_buttons_ask(card: ResultCard, qtbot: QtBot) -> None:
    card.set_result("x", A2, (), PATH)
    buttons = card.findChildren(QPushButton)
    signals = {
        "Export…": card.export_requested,
        "Listen": card.listen_requested,
        "Train more": card.train_more_requested,
        "Show in folder": card.show_requested,
    }
    assert [button.text() for button in buttons] == list(signals)
    assert not any(button.isDefault() for button in buttons)  # the window says what comes next
    for button in buttons:
        with qtbot.waitSignal(signals[button.text()]):
            qtbot.keyClick(button, Qt.Key.Key_Space)


def test_no_text_makes_the_card_wide(card: ResultCard) -> None:
    before = ResultCard()
    before.set_result("x", A2, (), Path("/x.nam"))
    card.set_result("x" * 500, A2, (), Path("/" + "y" * 500 + ".nam"))
    assert card.minimumSizeHint().width() == before.minimumSizeHint().width()
    title = card.findChildren(ElidedLabel)[0]
    assert title.toolTip() == "x" * 500


def test_buttons_go_on_in_the_next_line(app: QApplication, qtbot: QtBot) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    layout = FlowLayout(row)
    buttons = [QPushButton(text) for text in ("Export…", "Train more", "Show in folder")]
    for button in buttons:
        layout.addWidget(button)
    row.show()
    for width, lines in ((900, 1), (120, 3)):
        row.resize(width, 300)
        layout.activate()
        assert len({button.y() for button in buttons}) == lines


def test_what_had_hardly_begun_is_not_judged(card: ResultCard) -> None:
    score = SubmodelScore("channels_8", 1.04, 0)
    card.set_result("x", [score], ["A2-Full plays the recording upside down."], PATH)
    words = shown(card)
    assert "too early to tell" in words
    assert "! It had hardly begun: train more before you judge it." in words
    assert not any("upside down" in word for word in words)
