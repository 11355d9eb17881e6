"""Knows what is trained on, and asks for it once, when nobody waits for anything else."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from nam_engine.device_report import DeviceReport
from nam_engine.events import Checked, Reported, Started, TrainEvent
from nam_gui.controller import Controller
from nam_gui.device_words import is_gpu_missing, short_name, trains_on

__all__ = ["DeviceWatch"]

PATIENCE_MS = 1_000
"""Asking loads PyTorch: first the window is drawn and dropped files are checked."""


class DeviceWatch(QObject):
    """``changed`` carries the device in words, and whether a GPU is what is missing.

    ``explained`` says why the latest training took it; "" where there was nothing to choose.
    """

    changed = Signal(str, bool)
    explained = Signal(str)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._devices: tuple[DeviceReport, ...] = ()
        self._name = ""
        self._timer = QTimer(self, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._ask_if_idle)
        controller.devices_known.connect(self._on_known)
        controller.settings_changed.connect(self.refresh)
        controller.happened.connect(self._on_event)

    def start(self) -> None:
        """Ask soon."""
        self._timer.start()

    @Slot()
    def refresh(self) -> None:
        """The settings may want another device; what is in training stays where it is."""
        if self._devices and not self._controller.is_training:
            self._name = trains_on(self._devices, self._controller.settings.device)
        self.changed.emit(self._name, is_gpu_missing(self._devices))

    @Slot()
    def _ask_if_idle(self) -> None:
        controller = self._controller
        is_checking = any(job.is_being_checked for job in controller.queue.jobs())
        if not (controller.input_path and is_checking):
            self._timer.stop()
            controller.probe_devices()

    @Slot(tuple)
    def _on_known(self, devices: tuple[DeviceReport, ...]) -> None:
        self._timer.stop()
        self._devices = devices
        self.refresh()

    @Slot(int, object)
    def _on_event(self, _job_id: int, event: TrainEvent) -> None:
        match event:
            case Checked():
                self.explained.emit("")
            case Reported():
                self.explained.emit("\n".join(event.lines))
            case Started():
                self._name = short_name(event.device_name)
                self.refresh()
