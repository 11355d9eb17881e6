"""The window: the queue on the left, the selected recording on the right, the run below."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from nam_gui.about import AboutDialog
from nam_gui.closing import Closing
from nam_gui.controller import Controller
from nam_gui.device_watch import DeviceWatch
from nam_gui.drop import FileDrops
from nam_gui.exporter import Exporter
from nam_gui.file_actions import FileActions
from nam_gui.gpu_help import GpuHelp
from nam_gui.log_window import LogWindow
from nam_gui.menus import EditMenu, FileMenu, HelpMenu, TrainMenu
from nam_gui.model_windows import ModelWindows
from nam_gui.offer_bar import OfferBar
from nam_gui.preferences import Preferences
from nam_gui.presence import Presence
from nam_gui.queue_view import QueueView
from nam_gui.recent_menu import RecentMenu
from nam_gui.recording_page import RecordingPage
from nam_gui.run_bar import RunBar
from nam_gui.run_follower import RunFollower
from nam_gui.settings_dialog import SettingsDialog
from nam_gui.style import SPACING
from nam_gui.taskbar import Taskbar
from nam_gui.tray import Tray
from nam_gui.view_menu import ViewMenu

__all__ = ["MainWindow"]

FIRST_SIZE = (1280, 720)
QUEUE_CHARACTERS, QUEUE_SHARE = 70, 0.45  # as wide as so many, at most so much of the window

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
        self._is_closing = self._is_closed = self._is_split_by_user = False
        self.setWindowTitle("NAM A2 Trainer")
        self.resize(*FIRST_SIZE)
        self.queue_view = QueueView(controller.queue)
        self.page = RecordingPage(controller)
        self.run_bar = RunBar()
        self.offer_bar = OfferBar()
        self.recent = RecentMenu(self)
        self.log = LogWindow(self)
        self.settings_dialog = SettingsDialog(self)
        self.about = AboutDialog(self)
        self.files = FileActions(controller, self)
        self.exporter = Exporter(controller, self)
        self.models = ModelWindows(controller, self)
        self.gpu_help = GpuHelp(self)
        self.devices = DeviceWatch(controller, self)
        self.closing = Closing(self, controller, can_hide=tray is not None)
        self.presence = Presence(self, controller, self.closing, tray, taskbar)
        self._lay_out()
        self._make_menus()
        Preferences(controller, self.settings_dialog, self.view_menu, self.file_menu, self)
        RunFollower(controller, self.run_bar, self.train_menu, self.page.result.export, self)
        self._connect()
        geometry = controller.settings.window_geometry
        if geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(geometry)))
        self._show_what_can_be_done()

    def _lay_out(self) -> None:
        self.splitter = splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.queue_view)
        splitter.addWidget(self.page)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        splitter.splitterMoved.connect(self._keep_split)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(SPACING)
        rows.addWidget(self.offer_bar)
        rows.addWidget(splitter, 1)
        rows.addWidget(self.run_bar)
        self.setCentralWidget(whole)

    def _fit_queue(self) -> None:
        """Room for the recordings' figures, until the user has decided how much that is."""
        if not self._is_split_by_user:
            wanted = QUEUE_CHARACTERS * self.fontMetrics().averageCharWidth()
            width = min(wanted, round(QUEUE_SHARE * self.width()))
            self.splitter.setSizes([width, self.width() - width])

    @Slot()
    def _keep_split(self) -> None:
        self._is_split_by_user = True

    def _make_menus(self) -> None:
        table = self.queue_view.table
        self.file_menu = FileMenu(table, self)
        self.file_menu.insertMenu(self.file_menu.recent_folders.menuAction(), self.recent)
        self.edit_menu = EditMenu(table, self)
        self.view_menu = ViewMenu(self.page.tabs, self)
        self.train_menu = TrainMenu(self)
        self.help_menu = HelpMenu(self)
        for menu in (
            self.file_menu,
            self.edit_menu,
            self.view_menu,
            self.train_menu,
            self.help_menu,
        ):
            self.menuBar().addMenu(menu)

    def _connect(self) -> None:
        controller, page = self.controller, self.page
        controller.input_changed.connect(self._show_input)
        controller.said.connect(self.say)
        controller.devices_known.connect(self.about.set_devices)
        controller.opened.connect(page.select)
        controller.opened.connect(self.queue_view.select_job)
        controller.past.found.connect(self.recent.set_captures)
        controller.past.interrupted.connect(self.offer_bar.offer)
        self.recent.chosen.connect(controller.open_capture)
        self.offer_bar.continue_requested.connect(controller.continue_captures)
        self.offer_bar.later_requested.connect(controller.past.leave)
        controller.devices_known.connect(self.gpu_help.set_devices)
        controller.devices_unknown.connect(self.about.set_devices_text)
        self.devices.changed.connect(self.run_bar.set_device)
        self.devices.explained.connect(self.run_bar.explain_device)
        self.closing.agreed.connect(self.files.take_back_question)
        self.closing.agreed.connect(self._close_down)
        controller.closed.connect(self._on_closed)
        page.follow_requested.connect(self.queue_view.select_job)
        page.export_requested.connect(self.exporter.export)
        page.show_requested.connect(self.files.show_in_folder)
        page.picture_requested.connect(self.files.ask_for_picture_path)
        self.files.picture_path_chosen.connect(self._save_picture)
        self.run_bar.train_requested.connect(controller.train)
        self.run_bar.stop_requested.connect(controller.stop)
        self.run_bar.pause_requested.connect(controller.pause)
        self.run_bar.gpu_help_requested.connect(self._show_gpu_help)
        FileDrops(self).dropped.connect(self.files.add)
        self._connect_queue()
        self._connect_menus()

    def _connect_queue(self) -> None:
        controller, queue, table = self.controller, self.queue_view, self.queue_view.table
        queue.files_dropped.connect(self.files.add)
        queue.add_requested.connect(self.files.ask_for_recordings)
        queue.input_requested.connect(self.files.ask_for_input)
        queue.signal_requested.connect(self.files.save_signal)
        queue.demo_requested.connect(controller.load_demo)
        queue.export_all_requested.connect(self.exporter.export_all)
        table.selected_job_changed.connect(self.page.select)
        table.selected_job_changed.connect(self.models.select)
        table.retry_requested.connect(controller.retry)
        table.train_more_requested.connect(controller.train_more)
        table.remove_requested.connect(controller.remove)
        table.skip_requested.connect(controller.skip)
        table.show_requested.connect(self.files.show_in_folder)
        table.export_requested.connect(self.exporter.export_several)
        table.selected_job_changed.connect(self._show_what_can_be_done)
        for changed in (
            controller.queue.dataChanged,
            controller.queue.rowsInserted,
            controller.queue.rowsRemoved,
        ):
            changed.connect(self._show_what_can_be_done)

    def _connect_menus(self) -> None:
        controller, files = self.controller, self.files
        for action, slot in (
            (self.file_menu.add_recordings, files.ask_for_recordings),
            (self.file_menu.choose_input, files.ask_for_input),
            (self.file_menu.open_model, files.ask_for_models),
            (self.file_menu.save_signal, files.save_signal),
            (self.file_menu.load_demo, controller.load_demo),
            (self.file_menu.export_all, self.exporter.export_all),
            (self.file_menu.settings, self.settings_dialog.show),
            (self.file_menu.quit, self.close),
            (self.edit_menu.info_to_all, self.page.metadata.apply_to_all_requested),
            (self.view_menu.log, self.log.show),
            (self.train_menu.train, controller.train),
            (self.train_menu.pause, controller.pause),
            (self.train_menu.stop, controller.stop),
            (self.help_menu.gpu, self._show_gpu_help),
            (self.help_menu.about, self._show_about),
        ):
            action.triggered.connect(slot)
        self.file_menu.recent_folder_chosen.connect(files.ask_for_recordings_in)

    @Slot(str)
    def say(self, sentence: str) -> None:
        """Tell the user something, and keep it to be read again."""
        _log.info("%s", sentence)
        self.log.add(sentence)
        self.run_bar.say(sentence)

    @Slot(object)
    def _save_picture(self, path: Path) -> None:
        try:
            self.page.curves.save_picture(path)
        except OSError as error:
            self.say(self.tr("{0} cannot be written ({1}).").format(path, error.strerror))

    @Slot()
    def _show_what_can_be_done(self) -> None:
        jobs = self.controller.queue.jobs()
        self.file_menu.load_demo.setEnabled(not jobs)
        self.file_menu.export_all.setEnabled(any(job.is_finished for job in jobs))
        is_selected = self.queue_view.selected_job() is not None
        self.edit_menu.info_to_all.setEnabled(is_selected and len(jobs) > 1)

    @Slot()
    def _show_input(self) -> None:
        known = self.controller.input_info
        if known is None:
            self.queue_view.clear_input()
        else:
            self.queue_view.set_input(*known)

    @Slot()
    def _show_about(self) -> None:
        self.controller.probe_devices()
        self.about.show()

    @Slot()
    def _show_gpu_help(self) -> None:
        self.controller.probe_devices()
        self.gpu_help.show()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_queue()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_queue()

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
        self.page.waveform.stop_playing()
        self.controller.shut_down()

    @Slot()
    def _on_closed(self) -> None:
        self._is_closed = True
        QTimer.singleShot(0, self._go)

    @Slot()
    def _go(self) -> None:
        self.close()
        self.gone.emit()
