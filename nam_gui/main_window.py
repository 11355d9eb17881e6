"""The window: the queue on the left, the selected recording on the right, the run below."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QInputDialog,
    QMainWindow,
    QMenu,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from nam_engine.errors import NamEngineError
from nam_engine.events import EpochDone, Started, StepsDone, TrainEvent
from nam_gui.about import AboutDialog
from nam_gui.appearance import apply
from nam_gui.closing import Closing
from nam_gui.controller import Controller, RunState
from nam_gui.device_watch import DeviceWatch
from nam_gui.drop import FileDrops
from nam_gui.export import export_model, proposed_path
from nam_gui.file_dialogs import (
    ask_export_path,
    ask_input,
    ask_picture_path,
    ask_recordings,
    ask_signal_path,
)
from nam_gui.gpu_help import GpuHelp
from nam_gui.log_window import LogWindow
from nam_gui.presence import Presence
from nam_gui.queue_view import QueueView
from nam_gui.recording_page import RecordingPage
from nam_gui.run_bar import RunBar
from nam_gui.settings import Settings
from nam_gui.settings_dialog import SettingsDialog
from nam_gui.style import SPACING
from nam_gui.taskbar import Taskbar
from nam_gui.tray import Tray

__all__ = ["MainWindow"]

QUEUE_WIDTH, PAGE_WIDTH = 420, 860

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Shows a :class:`Controller`; knows nothing of threads or of training.

    ``tray`` and ``taskbar`` are what the desktop has of them.
    """

    gone = Signal()
    """Closed, after everything was saved and every thread has ended."""

    def __init__(
        self, controller: Controller, tray: Tray | None = None, taskbar: Taskbar | None = None
    ) -> None:
        super().__init__()
        self.controller = controller
        self._is_closing = self._is_closed = False
        self._still_open = 0
        self.setWindowTitle("NAM A2 Trainer")
        self.resize(QUEUE_WIDTH + PAGE_WIDTH, 720)
        self.queue_view = QueueView(controller.queue)
        self.page = RecordingPage(controller)
        self.run_bar = RunBar()
        self.log = LogWindow(self)
        self.settings_dialog = SettingsDialog(self)
        self.settings_dialog.set_settings(controller.settings)
        self.about = AboutDialog(self)
        self.gpu_help = GpuHelp(self)
        self.devices = DeviceWatch(controller, self)
        self.closing = Closing(self, controller, can_hide=tray is not None)
        self.presence = Presence(self, controller, self.closing, tray, taskbar)
        self._lay_out()
        self._make_menus()
        self._connect()
        FileDrops(self).dropped.connect(controller.add_files)
        geometry = controller.settings.window_geometry
        if geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(geometry)))
        self._show_state()

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.queue_view)
        splitter.addWidget(self.page)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([QUEUE_WIDTH, PAGE_WIDTH])
        splitter.setChildrenCollapsible(False)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(SPACING)
        rows.addWidget(splitter, 1)
        rows.addWidget(self.run_bar)
        self.setCentralWidget(whole)

    def _make_menus(self) -> None:
        key, controller = QKeySequence.StandardKey, self.controller
        menu = self.menuBar().addMenu(self.tr("&File"))
        self._add(menu, self.tr("&Add recordings…"), self._ask_for_recordings, key.Open)
        self._add(menu, self.tr("Choose the &input…"), self._ask_for_input, "Ctrl+I")
        self._add(menu, self.tr("Save the &test signal…"), self._save_signal)
        self._add(menu, self.tr("Try the &demo"), controller.load_demo)
        menu.addSeparator()
        self._add(menu, self.tr("&Export…"), self._export_selected, key.SaveAs)
        self._add(menu, self.tr("&Settings…"), self.settings_dialog.show, key.Preferences)
        menu.addSeparator()
        self._add(menu, self.tr("&Quit"), self.close, key.Quit)
        menu = self.menuBar().addMenu(self.tr("&Train"))
        self._add(menu, self.tr("&Train"), controller.train, "Ctrl+T")
        self._add(menu, self.tr("&Pause"), controller.pause, "Ctrl+P")
        self._add(menu, self.tr("&Stop and keep the best"), controller.stop, "Ctrl+.")
        menu = self.menuBar().addMenu(self.tr("&Help"))
        self._add(menu, self.tr("What has &happened…"), self.log.show, "Ctrl+L")
        self._add(menu, self.tr("Training on a &GPU…"), self._show_gpu_help)
        self._add(menu, self.tr("&About…"), self._show_about)

    def _add(
        self,
        menu: QMenu,
        text: str,
        slot: Callable[[], object],
        shortcut: str | QKeySequence.StandardKey | None = None,
    ) -> None:
        action = QAction(text, self)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
        action.triggered.connect(slot)
        menu.addAction(action)

    def _connect(self) -> None:
        controller, queue = self.controller, self.queue_view
        controller.state_changed.connect(self._show_state)
        controller.input_changed.connect(self._show_input)
        controller.said.connect(self.say)
        controller.asked.connect(self._ask_which_is_input)
        controller.happened.connect(self._on_event)
        controller.devices_known.connect(self.about.set_devices)
        controller.devices_known.connect(self.gpu_help.set_devices)
        controller.devices_unknown.connect(self.about.set_devices_text)
        self.devices.changed.connect(self.run_bar.set_device)
        self.closing.agreed.connect(self._close_down)
        controller.closed.connect(self._on_closed)
        self.page.waveform.ended.connect(self._on_closed)
        queue.files_dropped.connect(controller.add_files)
        queue.add_requested.connect(self._ask_for_recordings)
        queue.input_requested.connect(self._ask_for_input)
        queue.signal_requested.connect(self._save_signal)
        queue.demo_requested.connect(controller.load_demo)
        queue.selected_job_changed.connect(self.page.select)
        queue.retry_requested.connect(controller.retry)
        queue.remove_requested.connect(controller.remove)
        queue.skip_requested.connect(controller.skip)
        queue.show_requested.connect(self._show_in_folder)
        queue.export_requested.connect(self._export)
        self.page.export_requested.connect(self._export)
        self.page.show_requested.connect(self._show_in_folder)
        self.page.picture_requested.connect(self._save_picture)
        self.run_bar.train_requested.connect(controller.train)
        self.run_bar.stop_requested.connect(controller.stop)
        self.run_bar.pause_requested.connect(controller.pause)
        self.run_bar.gpu_help_requested.connect(self._show_gpu_help)
        self.settings_dialog.changed.connect(self._use_settings)

    @Slot(str)
    def say(self, sentence: str) -> None:
        """Tell the user something, and keep it to be read again."""
        _log.info("%s", sentence)
        self.log.add(sentence)
        self.run_bar.say(sentence)

    # Files

    @Slot()
    def _ask_for_recordings(self) -> None:
        if paths := ask_recordings(self):
            self.controller.add_files(paths)

    @Slot()
    def _ask_for_input(self) -> None:
        if path := ask_input(self):
            self.controller.set_input(path)

    @Slot(str, list)
    def _ask_which_is_input(self, question: str, paths: list[Path]) -> None:
        names = [path.name for path in paths]
        title = self.tr("Which one is the input?")
        name, is_chosen = QInputDialog.getItem(self, title, question, names, 0, False)
        if is_chosen:
            self.controller.set_input(paths[names.index(name)])
        self.controller.add_recordings([p for p in paths if not is_chosen or p.name != name])

    @Slot()
    def _save_signal(self) -> None:
        if path := ask_signal_path(self):
            self.controller.save_signal(path)

    @Slot()
    def _save_picture(self) -> None:
        folder = self.controller.settings.export_folder or Path.home()
        path = ask_picture_path(self, folder / "curves.png")
        if path is None:
            return
        try:
            self.page.curves.save_picture(path)
        except OSError as error:
            self.say(self.tr("{0} cannot be written ({1}).").format(path, error.strerror))

    @Slot(int)
    def _export(self, job_id: int) -> None:
        job = self.controller.queue.job(job_id)
        if job.model_path is None:
            self.say(self.tr("{0} has no model yet.").format(job.name))
            return
        folder = self.controller.settings.export_folder or job.model_path.parents[1]
        path = ask_export_path(self, proposed_path(folder, job.model_path))
        if path is None:
            return
        try:
            export_model(job.model_path, path)
        except NamEngineError as error:
            self.say(str(error))
            return
        settings = self.controller.settings
        self.controller.settings = replace(settings, export_folder=path.parent)
        self.settings_dialog.set_settings(self.controller.settings)
        self.say(self.tr("Exported {0}.").format(path))

    @Slot()
    def _export_selected(self) -> None:
        job = self.queue_view.selected_job()
        if job is not None:
            self._export(job.id)

    @Slot(int)
    def _show_in_folder(self, job_id: int) -> None:
        path = self.controller.queue.job(job_id).model_path
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    # The run

    @Slot()
    def _show_state(self) -> None:
        controller = self.controller
        if controller.is_training:
            is_ending = controller.state in (RunState.PAUSING, RunState.STOPPING)
            self.run_bar.show_training(is_ending=is_ending)
        else:
            is_paused = controller.state is RunState.PAUSED
            self.run_bar.show_idle(can_train=controller.can_train, is_paused=is_paused)

    @Slot()
    def _show_input(self) -> None:
        known = self.controller.input_info
        if known is None:
            self.queue_view.clear_input()
        else:
            self.queue_view.set_input(*known)

    @Slot(int, object)
    def _on_event(self, job_id: int, event: TrainEvent) -> None:
        run = self.controller.runs[job_id]
        if isinstance(event, Started):
            self.queue_view.select_job(job_id)
        elif isinstance(event, StepsDone | EpochDone):
            self.run_bar.show_progress(
                min(len(run.history) + 1, run.epochs),
                run.epochs,
                event.steps_per_second,
                event.seconds_left,
                run.progress(event),
            )

    # The program

    @Slot(object)
    def _use_settings(self, settings: Settings) -> None:
        self.controller.settings = settings
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply(app, settings)
        self.devices.refresh()

    @Slot()
    def _show_about(self) -> None:
        self.controller.probe_devices()
        self.about.show()

    @Slot()
    def _show_gpu_help(self) -> None:
        self.controller.probe_devices()
        self.gpu_help.show()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Asks while a training runs, which is ended and saved before the window goes."""
        if self._is_closed:
            event.accept()
            return
        event.ignore()
        if not self._is_closing:
            self.closing.ask()

    @Slot()
    def _close_down(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        geometry = base64.b64encode(bytes(self.saveGeometry().data())).decode()
        self.controller.settings = replace(self.controller.settings, window_geometry=geometry)
        self.run_bar.say(self.tr("Saving…"))
        self._still_open = 2
        self.page.waveform.shut_down()
        self.controller.shut_down()

    @Slot()
    def _on_closed(self) -> None:
        """The controller or the waveform page has ended its threads."""
        self._still_open -= 1
        if not self._still_open:
            self._is_closed = True
            QTimer.singleShot(0, self._go)

    @Slot()
    def _go(self) -> None:
        self.close()
        self.gone.emit()
