from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gui.fake_run import FakeRun
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from nam_gui import faults as faults_module
from nam_gui import log_files, tasks
from nam_gui.controller import Controller
from nam_gui.faults import Faults
from nam_gui.job import JobState
from nam_gui.log_files import crash_file, log_file
from nam_gui.log_window import LogWindow
from nam_gui.settings import Settings


class Fragile(QObject):
    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self.fail)

    def fail(self) -> None:
        raise ValueError("no such channel")

    def __del__(self) -> None:
        if getattr(self, "fails_at_its_end", False):
            raise RuntimeError("not even the end")


@pytest.fixture
def log(app: QApplication, qtbot: QtBot) -> LogWindow:
    log = LogWindow()
    qtbot.addWidget(log)
    return log


@pytest.fixture
def faults(
    log: LogWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Faults, list[str]]]:
    """Without the handler of Qt's messages, which is the tests' own."""
    monkeypatch.setattr(faults_module, "qInstallMessageHandler", lambda _: None)
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    said: list[str] = []
    faults = Faults(Controller(Settings()))
    faults.happened.connect(said.append)
    faults.recorded.connect(log.add_details)
    faults.install()
    yield faults, said
    faults.uninstall()
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def text(log: LogWindow) -> str:
    return log.findChild(QPlainTextEdit).toPlainText()


def test_a_fault_in_a_slot_is_a_sentence_and_its_details_are_in_the_log(
    faults: tuple[Faults, list[str]], log: LogWindow, qtbot: QtBot
) -> None:
    fragile = Fragile()
    with qtbot.waitSignal(faults[0].happened):
        QTimer.singleShot(0, fragile.fail)
    assert faults[1] == [
        "A fault of this program: ValueError: no such channel."
        " View > What has happened has the details to report."
    ]
    assert "Traceback (most recent call last)" in text(log)
    assert 'raise ValueError("no such channel")' in text(log)


def test_what_fails_again_and_again_is_told_once(
    faults: tuple[Faults, list[str]], qtbot: QtBot
) -> None:
    fragile = Fragile()
    for _ in range(3):
        fragile.asked.emit()
    assert len(faults[1]) == 1


def test_a_fault_while_training_says_that_it_goes_on(
    faults: tuple[Faults, list[str]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = FakeRun(free_epochs=1)
    monkeypatch.setattr(tasks, "load_engine", lambda: fake.train)
    controller = faults[0].parent()
    assert isinstance(controller, Controller)
    controller.input_path = Path("input.wav")
    (job_id,) = controller.queue.add([tmp_path / "a.wav"])
    controller.queue.update(job_id, state=JobState.READY)
    controller.train()
    fragile = Fragile()
    fragile.asked.emit()
    assert "The training goes on." in faults[1][0]
    with qtbot.waitSignal(controller.closed):
        controller.shut_down()


def test_a_fault_in_a_thread_arrives_in_the_window(
    faults: tuple[Faults, list[str]], log: LogWindow, qtbot: QtBot
) -> None:
    thread = threading.Thread(target=Fragile().fail)
    with qtbot.waitSignal(faults[0].happened):
        thread.start()
    thread.join()
    qtbot.waitUntil(lambda: "A fault in a thread" in text(log))


def test_what_cannot_be_raised_is_told_as_well(faults: tuple[Faults, list[str]]) -> None:
    fragile = Fragile()
    fragile.fails_at_its_end = True
    del fragile
    assert "RuntimeError: not even the end" in faults[1][0]


def test_the_log_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MAX_BYTES", 1_000)
    with log_file(tmp_path):
        for number in range(100):
            logging.getLogger("nam_gui.test").info("%s ü", number)
        logging.getLogger("others").info("nobody needs to know")
    assert "99 ü" in (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 1 + log_files.OLDER_FILES
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4_000
    assert not any("nobody" in path.read_text(encoding="utf-8") for path in tmp_path.iterdir())


def test_an_orderly_end_leaves_no_crash(tmp_path: Path) -> None:
    with crash_file(tmp_path) as left:
        assert left is None
    with crash_file(tmp_path) as left:
        assert left is None
    assert not list(tmp_path.iterdir())


def test_a_crash_is_known_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from nam_gui.log_files import crash_file\n"
        "with crash_file(Path(sys.argv[1])): os.abort()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    with crash_file(tmp_path) as left:
        assert left is not None
        assert "Fatal Python error: Aborted" in left.read_text(encoding="utf-8")
    with crash_file(tmp_path) as left:
        assert left is None


APP = """
import os, signal, sys
from PySide6.QtCore import QTimer, qWarning
from nam_gui import app, faults, log_files, main_window, settings, single_instance
from nam_gui.device_watch import DeviceWatch
from pathlib import Path

folder = Path(sys.argv[1])
log_files.user_log_path = lambda *_, **__: folder
settings.default_path = lambda: folder / "settings.json"
single_instance.default_folder = lambda: folder
DeviceWatch.start = lambda self: None
sys.stdout = sys.stderr = None

class Window(main_window.MainWindow):
    def show(self):
        super().show()
        print("nobody reads this")
        QTimer.singleShot(0, self.meet)
    def meet(self):
        qWarning("a warning of Qt")
        QTimer.singleShot(0, self.fail)
        QTimer.singleShot(300, self.end)
    def fail(self):
        raise ValueError("no such channel")
    def end(self):
        (folder / "said.txt").write_text(self.log._text.toPlainText(), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGTERM)

app.MainWindow = Window
sys.exit(app.main([]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nobody sends SIGTERM there")
def test_the_program_without_a_console_keeps_faults_and_ends_by_sigterm(tmp_path: Path) -> None:
    (tmp_path / "crash.txt").write_text("Fatal Python error", encoding="utf-8")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    program = [sys.executable, "-c", APP, str(tmp_path)]
    assert subprocess.run(program, env=environment, timeout=30, check=False).returncode == 0
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert "The program broke off last time." in said
    assert str(tmp_path / "crash_of_an_earlier_run.txt") in said
    assert "A fault of this program: ValueError: no such channel." in said
    assert "Traceback" in said
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "qt: default: a warning of Qt" in log
    assert (tmp_path / "settings.json").exists()
    assert not (tmp_path / "crash.txt").exists()
