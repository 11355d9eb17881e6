from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_engine.device_report import DeviceReport
from nam_engine.events import Checked, Reported
from nam_gui import device_watch, run_bar
from nam_gui.appearance import apply
from nam_gui.controller import Controller
from nam_gui.device_watch import DeviceWatch
from nam_gui.devices_task import DevicesTask
from nam_gui.gpu_help import GpuHelp
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.run_bar import RunBar
from nam_gui.settings import Settings

NO_GPU = (
    DeviceReport("cuda", "NVIDIA GPU", "no driver"),
    DeviceReport("cpu", "2 processor cores, 2 threads"),
)
GPU = (DeviceReport("cuda", "NVIDIA RTX 4070"), NO_GPU[1])


@pytest.fixture
def bar(app: QApplication, qtbot: QtBot) -> RunBar:
    bar = RunBar()
    qtbot.addWidget(bar)
    bar.show()
    return bar


def show_progress(bar: RunBar, steps_per_second: float = 12.3) -> None:
    bar.show_progress(61, 100, steps_per_second, 41.0, 0.61)


def test_progress_in_a_sentence(bar: RunBar) -> None:
    bar.show_training(is_ending=False)
    show_progress(bar)
    assert bar.status.text().startswith("Epoch 61/100, 12.3 steps/s, about 41 s left (")
    assert bar.bar.value() == 610


def test_it_prepares_until_there_is_progress(bar: RunBar) -> None:
    bar.show_training(is_ending=False)
    assert bar.status.text() == "Preparing…"
    show_progress(bar)
    bar.show_training(is_ending=False)
    assert bar.status.text().startswith("Epoch 61/100")
    bar.show_preparing()  # the next recording
    assert (bar.status.text(), bar.bar.value()) == ("Preparing…", 0)


def test_words_are_whole_where_there_is_little_room(bar: RunBar) -> None:
    bar.show_training(is_ending=False)
    show_progress(bar)
    width = 2 * bar.minimumSizeHint().width()
    bar.resize(width, bar.heightForWidth(width))
    status = bar.status
    assert status.width() >= max(
        status.fontMetrics().horizontalAdvance(word) for word in status.text().split()
    )
    assert status.height() >= status.heightForWidth(status.width())


def test_speed_is_smoothed_within_a_training(bar: RunBar) -> None:
    bar.show_training(is_ending=False)
    show_progress(bar, 10.0)
    show_progress(bar, 20.0)
    assert "11.0 steps/s" in bar.status.text()
    bar.show_idle(can_train=True, is_paused=False)
    bar.show_training(is_ending=False)
    show_progress(bar, 100.0)
    assert "100 steps/s" in bar.status.text()


def test_a_sentence_can_be_read_while_it_trains(
    bar: RunBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_bar, "READING_MS", 50)
    bar.show_training(is_ending=False)
    bar.say("The disk is full.")
    show_progress(bar)
    assert bar.status.text() == "The disk is full."
    assert bar.bar.value() == 610
    qtbot.wait(60)
    show_progress(bar)
    assert "Epoch 61/100" in bar.status.text()


def test_who_resumes_at_once_is_not_told_that_it_is_paused(bar: RunBar) -> None:
    bar.show_training(is_ending=False)
    show_progress(bar)
    bar.show_idle(can_train=True, is_paused=True)
    assert bar.status.text() == "Paused."
    bar.show_training(is_ending=False)
    assert bar.status.text() == "Preparing…"


def test_device_and_the_way_to_a_faster_one(bar: RunBar, qtbot: QtBot) -> None:
    assert not bar.device.isVisible()
    bar.set_device("NVIDIA RTX 4070", is_gpu_missing=False)
    assert bar.device.text() == "Trains on NVIDIA RTX 4070"
    assert not bar.gpu_help.isVisible()
    bar.set_device("2 processor cores", is_gpu_missing=True)
    with qtbot.waitSignal(bar.gpu_help_requested):
        qtbot.keyClick(bar.gpu_help, Qt.Key.Key_Space)


def test_link_follows_the_text_size(bar: RunBar, app: QApplication) -> None:
    bar.set_device("2 processor cores", is_gpu_missing=True)
    narrow = bar.gpu_help.sizeHint().width()
    apply(app, Settings(text_percent=200))
    app.processEvents()
    try:
        assert bar.gpu_help.sizeHint().width() > 1.5 * narrow
        assert QFontMetrics(bar.gpu_help.font()).height() == QFontMetrics(app.font()).height()
    finally:
        apply(app, Settings())


def test_help_says_what_was_found(app: QApplication, qtbot: QtBot) -> None:
    page = GpuHelp()
    qtbot.addWidget(page)
    page.show()
    page.set_devices(NO_GPU)
    assert "NVIDIA GPU - not used: no driver" in page._found.text()
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not page.isVisible()


# Which device


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DeviceReport, ...]]:
    """What is there; empty it to find out whether somebody asked."""
    there = [NO_GPU]
    monkeypatch.setattr(DevicesTask, "work", lambda _: there.pop())
    monkeypatch.setattr(device_watch, "PATIENCE_MS", 10)
    return there


@pytest.fixture
def controller(app: QApplication, qtbot: QtBot) -> Iterator[Controller]:
    controller = Controller(Settings())
    yield controller
    with qtbot.waitSignal(controller.closed):
        controller.shut_down()


def test_devices_are_asked_for_once(
    controller: Controller, devices: list[tuple[DeviceReport, ...]], qtbot: QtBot
) -> None:
    watch = DeviceWatch(controller)
    with qtbot.waitSignal(watch.changed) as changed:
        watch.start()
    assert changed.args == ["2 processor cores", True]
    qtbot.wait(50)
    assert not devices


def test_checks_come_first(
    controller: Controller, devices: list[tuple[DeviceReport, ...]], qtbot: QtBot
) -> None:
    watch = DeviceWatch(controller)
    controller.input_path = Path("input.wav")
    (job_id,) = controller.queue.add([Path("a.wav")])
    controller.queue.update(job_id, state=JobState.CHECKING)
    watch.start()
    qtbot.wait(50)
    assert devices
    with qtbot.waitSignal(watch.changed):
        controller.queue.update(job_id, state=JobState.READY)


def test_another_setting_is_another_device(
    controller: Controller, devices: list[tuple[DeviceReport, ...]], qtbot: QtBot
) -> None:
    devices[:] = [GPU]
    watch = DeviceWatch(controller)
    with qtbot.waitSignal(watch.changed) as changed:
        watch.start()
    assert changed.args == ["NVIDIA RTX 4070 or 2 processor cores", False]
    controller.settings = Settings(device="cpu")
    with qtbot.waitSignal(watch.changed) as changed:
        watch.refresh()
    assert changed.args == ["2 processor cores", False]


def test_why_a_training_took_its_device_is_known_until_the_next_begins(window: MainWindow) -> None:
    why = "Training on 2 processor cores. A step on RTX 4070 takes 0.3 s, on 2 cores takes 0.1 s."
    checked = Checked("amp", None, 0, "high", ())
    device, happened = window.run_bar.device, window.controller.happened
    for event in (checked, Reported((why,))):
        happened.emit(1, event)
    tip = device.toolTip()
    assert tip.split() == why.split()
    assert max(map(len, tip.splitlines())) <= 60
    assert device.accessibleDescription() == why
    happened.emit(2, checked)
    assert not device.toolTip()
    assert not device.accessibleDescription()


def test_devices_that_cannot_be_asked_for_are_told(
    controller: Controller, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: DevicesTask) -> None:
        assert threading.current_thread() is not threading.main_thread()
        raise ImportError("no torch")

    monkeypatch.setattr(DevicesTask, "work", fail)
    with qtbot.waitSignal(controller.devices_unknown) as unknown:
        controller.probe_devices()
    assert "no torch" in unknown.args[0]
