from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_gui.finding_row import wrapped
from nam_gui.sentence import sentence

HEBREW = "\N{HEBREW LETTER GIMEL}\N{HEBREW LETTER YOD}"


@pytest.mark.parametrize("name", [HEBREW, f"1 {HEBREW}", "Twin"])
def test_begins_at_the_left_whatever_the_name_is(
    app: QApplication, qtbot: QtBot, name: str
) -> None:
    label = wrapped(f"{name}.wav is fine.")
    qtbot.addWidget(label)
    label.resize(600, 40)
    label.show()
    picture: QImage = label.grab().toImage()
    right = picture.copy(300, 0, 300, 40)
    assert len({right.pixel(x, y) for x in range(300) for y in range(40)}) == 1


def test_leaves_other_sentences_alone(app: QApplication) -> None:
    assert sentence("Twin.wav is fine.") == "Twin.wav is fine."
    assert sentence("") == ""
