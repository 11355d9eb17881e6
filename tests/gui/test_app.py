"""The start of the program: from where it is installed, for whom, and with which files."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from gui.started_app import WAIT_SECONDS, end, log_of, started, wait_until
from pytestqt.qtbot import QtBot

import nam_engine
import nam_gui
from nam_gui import app
from nam_gui.main_window import MainWindow
from nam_gui.start_request import StartRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody sends SIGTERM there")

NO_CONSOLE = ("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', sys.executable, "-m", "nam_gui.app")

# Opens files as macOS tells of them, waits for so many windows of models, writes down what the
# windows say, and ends.
DRIVEN = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QFileOpenEvent
from nam_gui import app, main_window

class Window(main_window.MainWindow):
    def show(self):
        super().show()
        for name in sys.argv[3:]:
            QCoreApplication.postEvent(QCoreApplication.instance(), QFileOpenEvent(name))
        self.timer = QTimer(self, interval=50)
        self.timer.timeout.connect(self.look)
        self.timer.start()
    def look(self):
        windows = self.models.windows
        if self.isVisible() and len(windows) == int(sys.argv[2]):
            said = [*(window.windowTitle() for window in windows), self.log._text.toPlainText()]
            Path(sys.argv[1]).write_text("\\n".join(said), encoding="utf-8")
            self.timer.stop()
            os.kill(os.getpid(), signal.SIGTERM)

app.MainWindow = Window
sys.exit(app.main(OPENED))
"""


def drive(home: Path, said: Path, models: int, *files: Path, opened: tuple[str, ...] = ()) -> str:
    """``files`` come as macOS sends them, those ``opened`` with the command line."""
    program = DRIVEN.replace("OPENED", repr(list(opened)))
    command = [sys.executable, "-c", program]
    with started(home, said, str(models), *files, command=command) as process:
        assert process.wait(WAIT_SECONDS) == 0
    return said.read_text(encoding="utf-8")


def files_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_it_needs_no_console_and_writes_nothing_beside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, program, elsewhere = (tmp_path / name for name in ("home", "Prögramm Files", "empty"))
    for package in (nam_engine, nam_gui):
        (source,) = package.__path__
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, program / package.__name__, ignore=leave_out)
    home.mkdir()
    elsewhere.mkdir()
    before = files_in(program)
    monkeypatch.setenv("PYTHONPATH", str(program))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with started(home, tmp_path / "take.wav", command=NO_CONSOLE, cwd=elsewhere) as process:
        wait_until(lambda: "take.wav" in log_of(home))
        assert end(process) == 0
    assert files_in(program) == before
    assert not list(elsewhere.iterdir())
    assert "Traceback" not in log_of(home)
    assert list(home.rglob("settings.json"))


def test_a_home_in_which_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = drive(tmp_path / "file" / "home", tmp_path / "said.txt", 0)
    assert "No log can be kept in" in said
    assert "Traceback" not in said


def test_a_model_is_opened_that_was_double_clicked(tmp_path: Path) -> None:
    (tmp_path / "clicked.nam").write_text("{}")
    (tmp_path / "given.nam").write_text("{}")
    home, said = tmp_path / "home", tmp_path / "said.txt"
    text = drive(home, said, 2, tmp_path / "clicked.nam", opened=(str(tmp_path / "given.nam"),))
    assert "clicked" in text
    assert "given" in text


def test_what_a_later_start_asks_for_is_done_in_front(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    window.showMinimized()
    request = StartRequest((Path("/nowhere/take.wav"),), activation_token="from-the-desktop")
    with qtbot.waitSignal(window.controller.said) as said:
        app._come_forward(window, request)
        assert not window.isMinimized()
        assert os.environ["XDG_ACTIVATION_TOKEN"] == "from-the-desktop"
    assert "take.wav" in said.args[0]
