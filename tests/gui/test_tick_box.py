from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_gui.appearance import apply
from nam_gui.settings import Settings
from nam_gui.style import scheme
from nam_gui.tick_box import ChoiceButton, TickBox

Button = TickBox | ChoiceButton


@pytest.fixture(params=[TickBox, ChoiceButton])
def button(app: QApplication, qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[Button]:
    button: Button = request.param("Details")
    qtbot.addWidget(button)
    button.show()
    yield button
    apply(app, Settings())
    app.styleHints().unsetColorScheme()
    app.setPalette(QPalette())


def outline_width(button: Button) -> int:
    """In pixels, of what is as bright as an outline in the middle of the button's left part."""
    picture: QImage = button.grab().toImage()
    wanted = QColor(scheme().faint).lightness()
    line = [
        picture.pixelColor(x, picture.height() // 2).lightness() for x in range(picture.height())
    ]
    seen = [x for x, lightness in enumerate(line) if abs(lightness - wanted) < 60]
    return max(seen) - min(seen) + 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_seen_and_as_large_as_its_text(app: QApplication, button: Button, theme: str) -> None:
    widths = []
    for percent in (100, 200):
        apply(app, Settings(theme=theme, text_percent=percent))
        app.processEvents()
        button.adjustSize()
        widths.append(outline_width(button))
    small, large = widths
    assert small > 8
    assert large > 1.8 * small


def test_all_of_it_can_be_clicked(button: Button, qtbot: QtBot) -> None:
    assert not button.isChecked()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(button.width() - 2, 2))
    assert button.isChecked()
