"""Everything about the recording that is selected in the queue."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QModelIndex, Signal, Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from nam_engine.events import EpochDone, Saved, Started, TrainEvent
from nam_engine.findings import Severity
from nam_engine.intake import CaptureReport
from nam_gui.alignment_view import AlignmentView
from nam_gui.checks_view import ChecksView
from nam_gui.controller import Controller
from nam_gui.curves import Curves
from nam_gui.job import Job, JobState
from nam_gui.metadata_form import MetadataForm
from nam_gui.result_card import ResultCard, SubmodelScore
from nam_gui.scrolling import scrolling
from nam_gui.style import SPACING
from nam_gui.tasks import Pair
from nam_gui.waveform_page import WaveformPage

__all__ = ["RecordingPage"]


class RecordingPage(QWidget):
    """Curves, waveform, checks, delay and info of one recording, and its result when there is one.

    What the user changes goes to the controller; what takes a dialog is asked for by a signal.
    The first recording of a run is looked at, each next one while the user watches the one
    before: who types, listens or looks at another one is left where he is.
    """

    follow_requested = Signal(int)
    """This recording is to be selected."""
    export_requested = Signal(int)
    show_requested = Signal(int)
    picture_requested = Signal()

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._selected: int | None = None
        self._followed: int | None = None
        # What the pages that take reading show already.
        self._report_shown: CaptureReport | None = None
        self._epochs_played: int | None = None
        self.curves = Curves()
        self.waveform = WaveformPage()
        self.checks = ChecksView()
        self.alignment = AlignmentView()
        self.metadata = MetadataForm()
        self.result = ResultCard()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._result_tab = self.tabs.addTab(scrolling(self.result), self.tr("&Result"))
        self.tabs.addTab(self.curves, self.tr("&Curves"))
        self.tabs.addTab(self.waveform, self.tr("&Waveform"))
        self.tabs.addTab(self.checks, self.tr("Chec&ks"))
        self.tabs.addTab(self.alignment, self.tr("&Delay"))
        self.tabs.addTab(scrolling(self.metadata), self.tr("&Info"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, SPACING, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        self._connect()
        self.select(-1)

    def _connect(self) -> None:
        controller = self._controller
        controller.happened.connect(self._on_event)
        controller.state_changed.connect(self._on_state_changed)
        controller.job_ended.connect(self._on_job_ended)
        controller.pair_loaded.connect(self._on_pair)
        controller.comparison_loaded.connect(self._on_comparison)
        controller.comparison_failed.connect(self._on_comparison_failed)
        controller.queue.dataChanged.connect(self._on_queue_changed)
        self.tabs.currentChanged.connect(self._show_what_takes_reading)
        self.curves.picture_requested.connect(self.picture_requested)
        self.checks.proceed_requested.connect(self._proceed)
        self.alignment.latency_changed.connect(self._set_latency)
        self.alignment.flip_changed.connect(self._set_flip)
        self.metadata.changed.connect(self._keep_metadata)
        self.metadata.apply_to_all_requested.connect(self._metadata_to_all)
        self.metadata.remember_requested.connect(self._remember_metadata)
        self.result.export_requested.connect(self._export)
        self.result.show_requested.connect(self._show_in_folder)
        self.result.train_more_requested.connect(self._train_more)
        self.result.listen_requested.connect(self._listen)

    @Slot(int)
    def select(self, job_id: int) -> None:
        """Show another recording; -1 for none."""
        was, self._selected = self._selected, None if job_id < 0 else job_id
        if self._selected != was:
            self._clear_waveform()
            self._clear_delay()
        runs = self._controller.runs
        run = None if self._selected is None else runs.get(self._selected)
        others = [other.history for i, other in runs.items() if i != self._selected]
        self.curves.clear_all()
        self.curves.set_earlier([history for history in others if history])
        if run is not None and run.submodels:
            self.curves.start(run.submodels, run.epochs)
            self.curves.set_history(run.history, run.submodels)
        self._show_job()

    def _job(self) -> Job | None:
        return None if self._selected is None else self._controller.queue.find(self._selected)

    def _show_job(self) -> None:
        """Everything but the curves."""
        job = self._job()
        self._show_checks(job)
        self.metadata.setEnabled(job is not None)
        if job is not None:
            self._show_metadata(job)
        self._show_result(job)
        if job is None or job.model_path is None:
            self._clear_waveform()
        self._show_what_takes_reading()

    def _show_metadata(self, job: Job) -> None:
        if job.metadata != self.metadata.metadata():
            self.metadata.set_metadata(job.metadata)

    def _show_checks(self, job: Job | None) -> None:
        if job is None:
            report, problem, proceeding = None, "", False
        else:
            report, proceeding = job.report, job.ignore_checks
            # What a report has found is in it already.
            says_more = report is None or job.state is JobState.FAILED
            problem = job.message if says_more else ""
            if job.is_being_checked:
                problem = self._why_unchecked()
        self.checks.set_report(report, proceeding=proceeding, problem=problem)
        findings = () if report is None else report.findings
        count = sum(finding.severity is not Severity.INFO for finding in findings)
        title = self.tr("Chec&ks ({0})").format(count) if count else self.tr("Chec&ks")
        self.tabs.setTabText(self.tabs.indexOf(self.checks), title)

    def _why_unchecked(self) -> str:
        if self._controller.input_path is None:
            return self.tr("It is checked as soon as there is an input: what you played.")
        return self.tr("It is being checked…")

    def _show_result(self, job: Job | None) -> None:
        run = None if job is None else self._controller.runs.get(job.id)
        is_there = False
        if job is not None and run is not None and job.model_path is not None:
            best = sorted(run.best.items())
            scores = [SubmodelScore(run.submodels[i], s.esr, s.epoch) for i, s in best]
            failure = job.message if job.state is JobState.FAILED else ""
            self.result.set_result(job.name, scores, run.probes, job.model_path, failure)
            is_there = bool(scores) and job.state is not JobState.TRAINING
        self.tabs.setTabVisible(self._result_tab, is_there)

    @Slot()
    def _show_what_takes_reading(self) -> None:
        """Pages that need the recordings themselves: only while somebody looks at them."""
        job, page = self._job(), self.tabs.currentWidget()
        if page is self.alignment:
            if job is None or (job.report is None and not job.is_being_checked):
                self._clear_delay()
            elif job.report is not None and job.report is not self._report_shown:
                self._report_shown = job.report
                self._controller.load_pair(job.id)
        elif page is self.waveform and job is not None and job.model_path is not None:
            epochs_done = len(self._controller.runs[job.id].history)
            if self._epochs_played is None:
                self.waveform.say(self.tr("Playing the models…"))
            if self._epochs_played != epochs_done:
                self._epochs_played = epochs_done
                self._controller.load_comparison(job.id)

    def _clear_delay(self) -> None:
        self._report_shown = None
        self.alignment.clear()

    def _clear_waveform(self) -> None:
        self._epochs_played = None
        self.waveform.clear()

    @Slot(int, object)
    def _on_pair(self, job_id: int, pair: Pair) -> None:
        job = self._job()
        if job is None or job.id != job_id or job.report is None:
            return
        source, output = pair
        self.alignment.set_pair(source.samples, output.samples, source.sample_rate_hz, job.report)
        self.alignment.set_choice(job.latency_samples, job.flip)

    @Slot(int, object)
    def _on_comparison(self, job_id: int, comparison: object) -> None:
        if job_id == self._selected and self._epochs_played is not None:
            self.waveform.set_comparison(comparison)

    @Slot(int, str)
    def _on_comparison_failed(self, job_id: int, sentence: str) -> None:
        if job_id == self._selected and self._epochs_played is not None:
            self.waveform.say(sentence)

    @Slot()
    def _on_state_changed(self) -> None:
        if not self._controller.is_training:
            self._followed = None

    def _follow(self, job_id: int) -> None:
        was, self._followed = self._followed, job_id
        if was is None or (was == self._selected and self._is_run_watched()):
            self.follow_requested.emit(job_id)
        if was is None:
            self.tabs.setCurrentWidget(self.curves)

    def _is_run_watched(self) -> bool:
        return self.tabs.currentIndex() in (self._result_tab, self.tabs.indexOf(self.curves))

    @Slot(int, object)
    def _on_event(self, job_id: int, event: TrainEvent) -> None:
        if isinstance(event, Started):
            self._follow(job_id)
        if job_id != self._selected:
            return
        match event:
            case Started():
                self.select(job_id)
                self.tabs.setTabVisible(self._result_tab, False)
            case EpochDone():
                self.curves.add_epoch(event)
            case Saved():
                self._show_what_takes_reading()

    @Slot(int)
    def _on_job_ended(self, job_id: int) -> None:
        if job_id == self._selected:
            self._show_job()
            if self.tabs.isTabVisible(self._result_tab) and self._is_run_watched():
                self.tabs.setCurrentIndex(self._result_tab)

    @Slot(QModelIndex, QModelIndex)
    def _on_queue_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        job = self._job()
        if job is None or not first.row() <= self._controller.queue.row(job.id) <= last.row():
            return
        if job.state is JobState.TRAINING:  # its figures come many times a second
            self._show_metadata(job)
        else:
            self._show_job()

    @Slot()
    def _proceed(self) -> None:
        if self._selected is not None:
            self._controller.proceed(self._selected)

    @Slot(object)
    def _set_latency(self, samples: int | None) -> None:
        if self._selected is not None:
            self._controller.set_latency(self._selected, samples)

    @Slot(bool)
    def _set_flip(self, flip: bool) -> None:
        if self._selected is not None:
            self._controller.set_flip(self._selected, flip)

    @Slot()
    def _keep_metadata(self) -> None:
        if self._selected is not None:
            self._controller.queue.update(self._selected, metadata=self.metadata.metadata())

    @Slot()
    def _metadata_to_all(self) -> None:
        """All but the name, which is each recording's own."""
        common = self.metadata.metadata()
        for job in self._controller.queue.jobs():
            own = replace(common, name=job.metadata.name)
            self._controller.queue.update(job.id, metadata=own)

    @Slot()
    def _remember_metadata(self) -> None:
        common = replace(self.metadata.metadata(), name=None)
        self._controller.settings = replace(self._controller.settings, metadata=common)

    @Slot()
    def _export(self) -> None:
        if self._selected is not None:
            self.export_requested.emit(self._selected)

    @Slot()
    def _show_in_folder(self) -> None:
        if self._selected is not None:
            self.show_requested.emit(self._selected)

    @Slot()
    def _listen(self) -> None:
        self.tabs.setCurrentWidget(self.waveform)
        self.waveform.listen()

    @Slot()
    def _train_more(self) -> None:
        if self._selected is not None:
            self._controller.train_more(self._selected)
