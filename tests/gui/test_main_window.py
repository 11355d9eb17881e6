from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLabel

from nam_gui.main_window import HEADLINE, STEPS, MainWindow


@pytest.fixture
def window(app: QApplication) -> MainWindow:
    window = MainWindow()
    window.show()
    return window


def test_window_says_what_it_is_for(window: MainWindow) -> None:
    shown = " ".join(label.text() for label in window.findChildren(QLabel))
    assert HEADLINE in shown
    for step in STEPS:
        assert step in shown
    assert "nam-engine train" in shown


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (2560, 1440)])
def test_text_fits_at_any_size(
    window: MainWindow, app: QApplication, size: tuple[int, int]
) -> None:
    window.resize(*size)
    app.processEvents()
    for label in window.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())


def test_closes_by_keyboard_shortcut(window: MainWindow) -> None:
    (file_menu,) = (a.menu() for a in window.menuBar().actions())
    (quit_action,) = file_menu.actions()
    assert quit_action.shortcut() == QKeySequence(QKeySequence.StandardKey.Quit)
    quit_action.trigger()
    assert not window.isVisible()


def test_opening_the_window_imports_no_torch() -> None:
    code = "import sys, nam_gui.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
