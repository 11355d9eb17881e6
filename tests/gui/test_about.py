from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThread, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from nam_engine import __version__
from nam_engine.device_report import DeviceReport
from nam_gui import licences, licences_window
from nam_gui.about import AboutDialog
from nam_gui.appearance import apply
from nam_gui.device_words import device_line, is_gpu_missing, trains_on
from nam_gui.devices_task import DevicesTask
from nam_gui.licences import licences_file
from nam_gui.settings import Settings

NO_GPU = DeviceReport("cuda", "NVIDIA GPU", "no driver")
GPU = DeviceReport("cuda", "NVIDIA RTX 4070")
PROCESSOR = DeviceReport("cpu", "2 processor cores, 2 threads")
DEVICES = [NO_GPU, PROCESSOR]
LINES = [
    "NVIDIA GPU - not used: no driver",
    "Processor: 2 processor cores, 2 threads - ready",
]


@pytest.fixture
def about(qtbot: QtBot) -> AboutDialog:
    about = AboutDialog()
    qtbot.addWidget(about)
    about.show()
    return about


def words(about: AboutDialog) -> str:
    return "\n".join(label.text() for label in about.findChildren(QLabel))


def test_says_the_versions_and_the_licence(about: AboutDialog) -> None:
    for text in (f"Qt {qVersion()}", f"PyTorch {version('torch')}", "Python 3.", "MIT licence"):
        assert text in words(about)


def test_devices_are_told_once_they_are_known(about: AboutDialog) -> None:
    assert "Looking for devices…" in words(about)
    about.set_devices(DEVICES)
    assert "\n".join(LINES) in words(about)
    assert "Looking" not in words(about)


def test_copy_for_a_bug_report(about: AboutDialog) -> None:
    about.set_devices(DEVICES)
    about.findChild(QPushButton).click()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == f"NAM A2 Trainer {__version__}"
    assert f"PyTorch {version('torch')}" in copied
    assert copied[-2:] == LINES


def licences_as_read(about: AboutDialog, qtbot: QtBot) -> str:
    """Opened by keys alone."""
    about.activateWindow()
    qtbot.waitUntil(about.isActiveWindow)
    qtbot.keyClick(about, Qt.Key.Key_L, Qt.KeyboardModifier.AltModifier)
    text = about.licences.findChild(QPlainTextEdit)
    qtbot.waitUntil(text.hasFocus)
    qtbot.keyClick(text, Qt.Key.Key_PageDown)
    qtbot.keyClick(text, Qt.Key.Key_Escape)
    assert not about.licences.isVisible()
    assert about.isVisible()
    return text.toPlainText()


def test_licences_of_what_pip_has_installed(about: AboutDialog, qtbot: QtBot) -> None:
    assert licences_file() is None, "a checkout has none"
    text = licences_as_read(about, qtbot)
    assert "installed by pip" in text
    assert f"torch {version('torch')}: Apache-2.0" in text
    assert re.search(r"^rich [\d.]+: MIT$", text, re.MULTILINE)
    assert "pytest" not in text
    assert "?" not in text


def test_licences_that_an_installer_has_brought_along(
    about: AboutDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licences, "__file__", str(tmp_path / "licences.py"))
    path = tmp_path / "LICENCES.txt"
    path.write_bytes(b"libthing <b>1</b>: MIT \xff\n" * 200)
    assert licences_as_read(about, qtbot).startswith(
        "libthing <b>1</b>: MIT \N{REPLACEMENT CHARACTER}"
    )


def test_licences_that_cannot_be_read_are_told(
    about: AboutDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "LICENCES.txt"
    monkeypatch.setattr(licences_window, "licences_file", lambda: path)
    assert licences_as_read(about, qtbot).startswith(f"{path} cannot be read (")


def test_of_endless_licences_only_so_much_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licences, "MAX_BYTES", 10)
    path = tmp_path / "LICENCES.txt"
    path.write_text("0123456789 and more")
    assert licences.read_licences(path) == "0123456789"


def test_large_text_fits_a_narrow_screen(app: QApplication, qtbot: QtBot) -> None:
    try:
        apply(app, Settings(text_percent=200))
        about = AboutDialog()
        qtbot.addWidget(about)
        about.set_devices(DEVICES)
        about.show()
        assert (
            about.page.totalMinimumSize().width() <= about.width() <= about.screen().size().width()
        )
    finally:
        apply(app, Settings())


def test_closes_by_escape(about: AboutDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(about, Qt.Key.Key_Escape)
    assert not about.isVisible()


def test_asks_pytorch_nothing() -> None:
    program = "import sys, nam_gui.about, nam_gui.devices_task; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_device_lines() -> None:
    assert device_line(DeviceReport("cpu", "2 threads")) == "Processor: 2 threads - ready"
    assert device_line(DeviceReport("mps", "Apple GPU")) == "Apple GPU - ready"
    assert device_line(NO_GPU) == "NVIDIA GPU - not used: no driver"


def test_what_it_trains_on_follows_the_setting() -> None:
    assert trains_on([GPU, PROCESSOR], "auto") == "NVIDIA RTX 4070 or 2 processor cores"
    assert trains_on([GPU, PROCESSOR], "cuda") == "NVIDIA RTX 4070"
    assert trains_on([GPU, PROCESSOR], "cpu") == "2 processor cores"
    assert trains_on(DEVICES, "auto") == "2 processor cores"
    assert trains_on(DEVICES, "cuda") == ""


def test_a_gpu_is_missed_only_where_there_is_none() -> None:
    assert is_gpu_missing(DEVICES)
    assert not is_gpu_missing([GPU, PROCESSOR])
    assert not is_gpu_missing([])


def test_devices_are_tried_in_a_thread(
    app: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def probe() -> list[DeviceReport]:
        threads.append(QThread.currentThread())
        return [DeviceReport("cuda", "NVIDIA GPU", "no driver"), DeviceReport("cpu", "1 thread")]

    monkeypatch.setattr("nam_engine.devices.probe_devices", probe)
    task = DevicesTask(app)
    with qtbot.waitSignal(task.finished), qtbot.waitSignal(task.succeeded) as succeeded:
        task.start()
    task.wait()
    assert succeeded.args == [(NO_GPU, DeviceReport("cpu", "1 thread"))]
    assert threads != [app.thread()]
