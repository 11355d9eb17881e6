"""The window: the queue on the left, views of one recording on the right, the run below."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QModelIndex, Qt, QUrl, Slot
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QInputDialog,
    QMainWindow,
    QMenu,
    QMessageBox,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from nam_engine.errors import NamEngineError
from nam_engine.events import EpochDone, Started, StepsDone, TrainEvent
from nam_engine.findings import Severity
from nam_gui.alignment_view import AlignmentView
from nam_gui.checks_view import ChecksView
from nam_gui.controller import Controller, RunState
from nam_gui.curves import Curves
from nam_gui.drop import FileDrops
from nam_gui.export import export_model, proposed_path
from nam_gui.job import Job, JobState
from nam_gui.metadata_form import MetadataForm
from nam_gui.queue_view import QueueView
from nam_gui.result_card import ResultCard, SubmodelScore
from nam_gui.run_bar import RunBar
from nam_gui.style import SPACING
from nam_gui.tasks import Pair

__all__ = ["MainWindow"]

SOUND_FILES = "*.wav *.wave *.flac *.aif *.aiff *.w64 *.rf64"


class MainWindow(QMainWindow):
    """Shows a :class:`Controller`; knows nothing of threads or of training."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        self._selected: int | None = None
        self._is_closing = self._is_closed = False
        self.setWindowTitle("NAM A2 Trainer")
        self.resize(1280, 720)
        self.queue_view = QueueView(controller.queue)
        self.curves = Curves()
        self.checks = ChecksView()
        self.alignment = AlignmentView()
        self.metadata = MetadataForm()
        self.result = ResultCard()
        self.run_bar = RunBar()
        self._lay_out()
        self._make_menus()
        self._connect()
        FileDrops(self).dropped.connect(controller.add_files)
        self._restore_geometry()
        self._show_state()
        self._select(-1)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.curves, self.tr("&Curves"))
        self.tabs.addTab(self.checks, self.tr("C&hecks"))
        self.tabs.addTab(self.alignment, self.tr("&Delay"))
        self.tabs.addTab(_scrolling(self.metadata), self.tr("&Info"))
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.result)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.queue_view)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(SPACING)
        rows.addWidget(splitter, 1)
        rows.addWidget(self.run_bar)
        self.setCentralWidget(whole)

    def _make_menus(self) -> None:
        file_menu = self.menuBar().addMenu(self.tr("&File"))
        key = QKeySequence.StandardKey
        self._add_action(file_menu, self.tr("&Add recordings…"), self._ask_for_files, key.Open)
        self._add_action(file_menu, self.tr("Choose the &input…"), self._ask_for_input)
        self._add_action(file_menu, self.tr("Save the &test signal…"), self._save_signal)
        self._add_action(file_menu, self.tr("Try the &demo"), self.load_demo)
        file_menu.addSeparator()
        self._add_action(file_menu, self.tr("&Export…"), self._export_selected, key.SaveAs)
        self._add_action(file_menu, self.tr("&Quit"), self.close, key.Quit)
        train_menu = self.menuBar().addMenu(self.tr("&Train"))
        controller = self.controller
        self._add_action(train_menu, self.tr("&Train"), controller.train, QKeySequence("Ctrl+T"))
        self._add_action(train_menu, self.tr("&Pause"), controller.pause, QKeySequence("Ctrl+P"))
        stop = QKeySequence("Ctrl+.")
        self._add_action(train_menu, self.tr("&Stop and keep the best"), controller.stop, stop)

    def _add_action(
        self,
        menu: QMenu,
        text: str,
        slot: Callable[[], object],
        shortcut: QKeySequence | QKeySequence.StandardKey | None = None,
    ) -> None:
        action = QAction(text, self)
        if shortcut is not None:
            action.setShortcut(shortcut)
        action.triggered.connect(slot)
        menu.addAction(action)

    def _connect(self) -> None:
        controller, queue = self.controller, self.queue_view
        controller.state_changed.connect(self._show_state)
        controller.input_changed.connect(self._show_input)
        controller.said.connect(self.run_bar.say)
        controller.asked.connect(self._ask_which_is_input)
        controller.happened.connect(self._on_event)
        controller.job_ended.connect(self._on_job_ended)
        controller.closed.connect(self._on_closed)
        controller.pair_loaded.connect(self._on_pair)
        controller.queue.dataChanged.connect(self._on_queue_changed)
        queue.files_dropped.connect(controller.add_files)
        queue.add_requested.connect(self._ask_for_files)
        queue.input_requested.connect(self._ask_for_input)
        queue.signal_requested.connect(self._save_signal)
        queue.demo_requested.connect(self.load_demo)
        queue.selected_job_changed.connect(self._select)
        queue.retry_requested.connect(controller.retry)
        queue.remove_requested.connect(controller.remove)
        queue.show_requested.connect(self._show_in_folder)
        queue.export_requested.connect(self._export)
        self.checks.proceed_requested.connect(self._proceed)
        self.alignment.latency_changed.connect(self._set_latency)
        self.alignment.flip_changed.connect(self._set_flip)
        self.tabs.currentChanged.connect(self._show_pair)
        self.metadata.changed.connect(self._keep_metadata)
        self.metadata.apply_to_all_requested.connect(self._metadata_to_all)
        self.metadata.remember_requested.connect(self._remember_metadata)
        self.result.export_requested.connect(self._export_selected)
        self.result.train_more_requested.connect(self._train_more)
        self.result.show_requested.connect(self._show_selected_in_folder)
        self.run_bar.train_requested.connect(controller.train)
        self.run_bar.stop_requested.connect(controller.stop)
        self.run_bar.pause_requested.connect(controller.pause)

    # Files

    def load_demo(self) -> None:
        """The built-in pair, made in the background, ready to train."""
        self.controller.load_demo()

    @Slot()
    def _ask_for_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, self.tr("Add recordings"), "", self._sound_filter()
        )
        if names:
            self.controller.add_files([Path(name) for name in names])

    @Slot()
    def _ask_for_input(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("What was played into the amp?"), "", self._sound_filter()
        )
        if name:
            self.controller.set_input(Path(name))

    def _sound_filter(self) -> str:
        return self.tr("Sound files ({0})").format(SOUND_FILES)

    @Slot()
    def _save_signal(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the test signal"), "test signal.wav", "WAV (*.wav)"
        )
        if name:
            self.controller.save_signal(Path(name))

    @Slot(str, list)
    def _ask_which_is_input(self, question: str, paths: list[Path]) -> None:
        names = [path.name for path in paths]
        name, chosen = QInputDialog.getItem(
            self, self.tr("Which one is the input?"), question, names, 0, editable=False
        )
        if chosen:
            self.controller.set_input(paths[names.index(name)])
        self.controller.add_recordings([p for p in paths if not chosen or p.name != name])

    # The selected recording

    @Slot(int)
    def _select(self, job_id: int) -> None:
        self._selected = None if job_id < 0 else job_id
        self._show_job()
        run = None if self._selected is None else self.controller.runs.get(self._selected)
        others = [r.history for i, r in self.controller.runs.items() if i != self._selected]
        self.curves.set_earlier(others)
        self.curves.set_history(run.history if run else [], run.submodels if run else ())

    def _show_job(self) -> None:
        """Everything about the selected recording but its curves."""
        job = self._job()
        report = None if job is None else job.report
        self.checks.set_report(report)
        self.checks.set_proceeding(job is not None and job.ignore_checks)
        count = (
            0 if report is None else sum(f.severity is not Severity.INFO for f in report.findings)
        )
        label = self.tr("C&hecks {0}").format(count) if count else self.tr("C&hecks")
        self.tabs.setTabText(self.tabs.indexOf(self.checks), label)
        self.metadata.setEnabled(job is not None)
        if job is not None and job.metadata != self.metadata.metadata():
            self.metadata.set_metadata(job.metadata)
        self._show_result()
        self._show_pair()

    def _show_result(self) -> None:
        job = self._job()
        run = None if job is None else self.controller.runs.get(job.id)
        if job is None or run is None or not run.result or job.model_path is None:
            self.result.setVisible(False)
            return
        scores = [SubmodelScore(s.name, s.metrics.esr, s.epoch) for s in run.result]
        self.result.set_result(job.name, scores, run.probes, job.model_path)
        self.result.setVisible(True)

    @Slot()
    def _show_pair(self) -> None:
        """The recordings themselves, read only when somebody looks at them."""
        job = self._job()
        if self.tabs.currentWidget() is not self.alignment:
            return
        if job is None or job.report is None:
            self.alignment.clear()
            return
        self.controller.load_pair(job.id)

    @Slot(int, object)
    def _on_pair(self, job_id: int, pair: Pair) -> None:
        job = self._job()
        if job is not None and job.id == job_id:
            source, output = pair
            rate = source.sample_rate_hz
            self.alignment.set_pair(source.samples, output.samples, rate, job.report)
            self.alignment.set_choice(job.latency_samples, job.flip)

    def _job(self) -> Job | None:
        jobs = {job.id: job for job in self.controller.queue.jobs()}
        return None if self._selected is None else jobs.get(self._selected)

    @Slot(QModelIndex, QModelIndex)
    def _on_queue_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        job = self._job()
        if job is None or job.state is JobState.TRAINING:
            return
        row = self.controller.queue.row(job.id)
        if first.row() <= row <= last.row():
            self._show_job()

    @Slot()
    def _proceed(self) -> None:
        if self._selected is not None:
            self.controller.proceed(self._selected)

    @Slot(object)
    def _set_latency(self, samples: int | None) -> None:
        if self._selected is not None:
            self.controller.set_latency(self._selected, samples)

    @Slot(bool)
    def _set_flip(self, flip: bool) -> None:
        if self._selected is not None:
            self.controller.set_flip(self._selected, flip)

    # Metadata

    @Slot()
    def _keep_metadata(self) -> None:
        if self._selected is not None:
            self.controller.queue.update(self._selected, metadata=self.metadata.metadata())

    @Slot()
    def _metadata_to_all(self) -> None:
        """All but the name, which is each recording's own."""
        common = self.metadata.metadata()
        for job in self.controller.queue.jobs():
            own = replace(common, name=job.metadata.name)
            self.controller.queue.update(job.id, metadata=own)

    @Slot()
    def _remember_metadata(self) -> None:
        common = replace(self.metadata.metadata(), name=None)
        self.controller.settings = replace(self.controller.settings, metadata=common)

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
        match event:
            case Started():
                self.queue_view.select_job(job_id)
                self.curves.start(event.submodels, event.epochs)
                if run.history:
                    self.curves.set_history(run.history, event.submodels)
            case EpochDone():
                if job_id == self._selected:
                    self.curves.add_epoch(event)
        if isinstance(event, StepsDone | EpochDone):
            self.run_bar.show_progress(
                self.controller.queue.job(job_id).name,
                run.device_name,
                min(len(run.history) + 1, run.epochs),
                run.epochs,
                event.seconds_left,
                run.progress(event),
            )

    @Slot(int)
    def _on_job_ended(self, job_id: int) -> None:
        if job_id == self._selected:
            self._show_job()

    @Slot()
    def _train_more(self) -> None:
        if self._selected is not None:
            self.controller.train_more(self._selected)

    # Results

    @Slot(int)
    def _export(self, job_id: int) -> None:
        job = self.controller.queue.job(job_id)
        if job.model_path is None:
            self.run_bar.say(self.tr("{0} has no model yet.").format(job.name))
            return
        settings = self.controller.settings
        folder = settings.export_folder or job.model_path.parents[2]
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Export the model"),
            str(proposed_path(folder, job.model_path)),
            self.tr("NAM models (*.nam)"),
        )
        if not name:
            return
        target = Path(name)
        try:
            export_model(job.model_path, target)
        except NamEngineError as error:
            self.run_bar.say(str(error))
            return
        self.controller.settings = replace(settings, export_folder=target.parent)
        self.run_bar.say(self.tr("Exported {0}.").format(target))

    @Slot()
    def _export_selected(self) -> None:
        if self._selected is not None:
            self._export(self._selected)

    @Slot(int)
    def _show_in_folder(self, job_id: int) -> None:
        path = self.controller.queue.job(job_id).model_path
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    @Slot()
    def _show_selected_in_folder(self) -> None:
        if self._selected is not None:
            self._show_in_folder(self._selected)

    # The window itself

    def _restore_geometry(self) -> None:
        text = self.controller.settings.window_geometry
        if text:
            self.restoreGeometry(QByteArray(base64.b64decode(text)))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Asks while a training runs, which is ended and saved before the window goes."""
        if self._is_closed:
            event.accept()
            return
        event.ignore()
        if not self._is_closing and (not self.controller.is_training or self._may_stop()):
            self._is_closing = True
            geometry = base64.b64encode(bytes(self.saveGeometry().data())).decode()
            self.controller.settings = replace(self.controller.settings, window_geometry=geometry)
            self.run_bar.say(self.tr("Saving…"))
            self.controller.shut_down()

    def _may_stop(self) -> bool:
        question = QMessageBox(self)
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(self.tr("A training is running."))
        question.setInformativeText(
            self.tr("Stop it and keep the best so far? It can be continued later.")
        )
        stop = question.addButton(
            self.tr("Stop and keep the best"), QMessageBox.ButtonRole.AcceptRole
        )
        question.addButton(self.tr("Keep training"), QMessageBox.ButtonRole.RejectRole)
        question.exec()
        return question.clickedButton() is stop

    @Slot()
    def _on_closed(self) -> None:
        self._is_closed = True
        self.close()


def _scrolling(widget: QWidget) -> QScrollArea:
    """For what is taller than its place where the text is large."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(widget)
    return area
