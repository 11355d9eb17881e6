from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QTextBrowser

from nam_gui.main_window import MainWindow


@pytest.fixture
def window(app: QApplication) -> MainWindow:
    window = MainWindow()
    window.show()
    return window


def page(window: MainWindow) -> QTextBrowser:
    browser = window.centralWidget()
    assert isinstance(browser, QTextBrowser)
    return browser


def test_window_says_what_it_is_for(window: MainWindow) -> None:
    shown = page(window).toPlainText()
    assert "Turn a recording of your amp into a .nam file" in shown
    assert "Export one file that plays in every NAM plugin." in shown
    assert "nam-engine train INPUT.wav RECORDING.wav -o FOLDER" in shown


@pytest.mark.parametrize("magnified", [1.0, 2.0])
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (2560, 1440)])
def test_text_can_be_read_at_any_size(
    window: MainWindow, app: QApplication, size: tuple[int, int], magnified: float
) -> None:
    """Wrapped to the width; what does not fit the height can be scrolled to."""
    browser = page(window)
    font = browser.font()
    font.setPointSizeF(font.pointSizeF() * magnified)
    browser.setFont(font)
    window.resize(*size)
    app.processEvents()
    if magnified == 1.0:
        assert browser.horizontalScrollBar().maximum() == 0
    visible = browser.viewport().height() + browser.verticalScrollBar().maximum()
    assert visible >= browser.document().size().height()


def test_closes_by_keyboard_shortcut(window: MainWindow) -> None:
    (file_menu,) = (a.menu() for a in window.menuBar().actions())
    (quit_action,) = file_menu.actions()
    assert quit_action.shortcut() == QKeySequence(QKeySequence.StandardKey.Quit)
    quit_action.trigger()
    assert not window.isVisible()


def test_opening_the_window_imports_no_torch() -> None:
    code = "import sys, nam_gui.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
