"""The list of jobs, with what can be done to them by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTreeView, QWidget

from nam_gui.job import Job, JobState
from nam_gui.job_delegate import SHOWS_PROGRESS, JobDelegate
from nam_gui.queue_model import Column, QueueModel

__all__ = ["JobTable"]

# What is left out first where there is little room comes last. Progress is in the state.
BY_IMPORTANCE = (
    Column.STATE,
    Column.FULL,
    Column.LITE,
    Column.CHECKS,
    Column.DELAY,
    Column.LENGTH,
)
MIN_NAME_CHARACTERS = 16

CAN_RETRY = (JobState.BLOCKED, JobState.DONE, JobState.STOPPED, JobState.FAILED)
CAN_SKIP = (JobState.QUEUED, JobState.TRAINING, JobState.PAUSED)


class JobTable(QTreeView):
    """Jobs in rows that can be dragged; columns as there is room.

    Signals that end in ``_requested`` with an int carry the id of a job, once for each that
    is selected.
    """

    selected_job_changed = Signal(int)
    """The id of the job that is looked at, -1 for none."""
    remove_requested = Signal(int)
    retry_requested = Signal(int)
    train_more_requested = Signal(int)
    skip_requested = Signal(int)
    show_requested = Signal(int)
    export_requested = Signal(list)
    """list[int]: the ids of all selected jobs that have a model."""

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setItemDelegate(JobDelegate(self))
        self.setAccessibleName(self.tr("Recordings"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)  # a part of the window, no field in it
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(False)
        self.header().setSectionsMovable(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.header().setSectionResizeMode(Column.RECORDING, QHeaderView.ResizeMode.Stretch)
        self._make_actions()
        # Overriding selectionChanged instead crashes PySide when the view goes.
        self.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self.selectionModel().selectionChanged.connect(self._enable_actions)
        for signal in (model.rowsInserted, model.dataChanged, model.rowsRemoved):
            signal.connect(self._enable_actions)
        self.setColumnHidden(Column.PROGRESS, True)
        self._fit_columns()

    def selected_job(self) -> Job | None:
        """The job that is looked at."""
        index = self.currentIndex()
        return index.data(QueueModel.JOB_ROLE) if index.isValid() else None

    def select_job(self, job_id: int) -> None:
        self.setCurrentIndex(self._model.index(self._model.row(job_id), Column.RECORDING))

    # What can be done.

    def _make_actions(self) -> None:
        self.rename_action = self._action(self.tr("Rename"), "F2", self._rename)
        self.up_action = self._action(self.tr("Move up"), "Alt+Up", self._move_up)
        self.down_action = self._action(self.tr("Move down"), "Alt+Down", self._move_down)
        self.retry_action = self._action(self.tr("Train again"), "Ctrl+R", self._retry)
        self.train_more_action = self._action(
            self.tr("Train more"), "Ctrl+Shift+T", self._train_more
        )
        self.skip_action = self._action(self.tr("Skip"), "Ctrl+K", self._skip)
        self.export_action = self._action(self.tr("Export…"), "Ctrl+E", self._export)
        # As in any program, also where another part of the window has the keyboard.
        self.export_action.setShortcuts([QKeySequence("Ctrl+E"), QKeySequence("Ctrl+Shift+S")])
        self.export_action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.show_action = self._action(self.tr("Show in folder"), "Ctrl+Shift+R", self._show)
        self.remove_action = self._action(
            self.tr("Remove"), QKeySequence(QKeySequence.StandardKey.Delete), self._remove
        )
        self.select_all_action = self._action(self.tr("Select all"), "Ctrl+A", self.selectAll)
        self.select_none_action = self._action(
            self.tr("Select none"), "Ctrl+Shift+A", self.clearSelection
        )
        self._enable_actions()

    def _action(
        self, text: str, keys: str | QKeySequence, triggered: Callable[[], None]
    ) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(triggered)
        self.addAction(action)
        return action

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        if self.selected_job() is None:
            return
        menu = self.make_menu()
        menu.exec(event.globalPos())
        menu.deleteLater()

    def make_menu(self) -> QMenu:
        """What can be done with the selected jobs."""
        menu = QMenu(self)
        menu.addActions([self.export_action, self.show_action])
        menu.addSeparator()
        menu.addActions([self.retry_action, self.train_more_action, self.skip_action])
        menu.addSeparator()
        menu.addActions([self.rename_action, self.up_action, self.down_action])
        menu.addSeparator()
        menu.addAction(self.remove_action)
        return menu

    def _enable_actions(self) -> None:
        jobs = self._selected_jobs()
        current = self.currentIndex().row() if self.selected_job() else -1
        looked_at = self.selected_job()
        self.rename_action.setEnabled(looked_at is not None)
        self.show_action.setEnabled(looked_at is not None and looked_at.model_path is not None)
        self.remove_action.setEnabled(any(job.state is not JobState.TRAINING for job in jobs))
        self.up_action.setEnabled(current > 0)
        self.down_action.setEnabled(0 <= current < self._model.rowCount() - 1)
        self.retry_action.setEnabled(any(job.state in CAN_RETRY for job in jobs))
        self.train_more_action.setEnabled(any(job.is_finished for job in jobs))
        self.skip_action.setEnabled(any(job.state in CAN_SKIP for job in jobs))
        self.export_action.setEnabled(any(job.model_path for job in jobs))
        self.select_all_action.setEnabled(len(jobs) < self._model.rowCount())
        self.select_none_action.setEnabled(bool(jobs))

    def _selected_jobs(self) -> list[Job]:
        """From top to bottom."""
        rows = sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)
        return [index.data(QueueModel.JOB_ROLE) for index in rows]

    def _rename(self) -> None:
        self.edit(self.currentIndex().siblingAtColumn(Column.RECORDING))

    def _move_up(self) -> None:
        row = self.currentIndex().row()
        self._model.move(row, row - 1)
        self._enable_actions()

    def _move_down(self) -> None:
        row = self.currentIndex().row()
        self._model.move(row, row + 1)
        self._enable_actions()

    def _retry(self) -> None:
        for job in self._selected_jobs():
            if job.state in CAN_RETRY:
                self.retry_requested.emit(job.id)

    def _train_more(self) -> None:
        for job in self._selected_jobs():
            if job.is_finished:
                self.train_more_requested.emit(job.id)

    def _skip(self) -> None:
        for job in self._selected_jobs():
            if job.state in CAN_SKIP:
                self.skip_requested.emit(job.id)

    def _export(self) -> None:
        self.export_requested.emit([job.id for job in self._selected_jobs() if job.model_path])

    def _show(self) -> None:
        if job := self.selected_job():
            self.show_requested.emit(job.id)

    def _remove(self) -> None:
        for job in self._selected_jobs():
            self.remove_requested.emit(job.id)

    # What follows from changes.

    def _on_current_changed(self) -> None:
        job = self.selected_job()
        self.selected_job_changed.emit(job.id if job else -1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_columns()

    def _fit_columns(self) -> None:
        """Show as many columns as leave room for the names.

        Their widths follow from what can stand in them, not from what does: many rows
        change many times a second.
        """
        metrics = self.fontMetrics()
        room = self.viewport().width() - metrics.averageCharWidth() * MIN_NAME_CHARACTERS
        for column in BY_IMPORTANCE:
            width = max(
                max(JobDelegate.width_of(column, text, metrics) for text in self._widest(column)),
                self.header().sectionSizeHint(column),
            )
            room -= width
            self.setColumnHidden(column, room < 0 and column is not Column.STATE)
            self.header().resizeSection(column, width)

    def _widest(self, column: Column) -> list[str]:
        match column:
            case Column.STATE:
                return [state.word for state in JobState] + [
                    f"{state.word} 100%" for state in SHOWS_PROGRESS
                ]
            case Column.CHECKS:
                return [self.tr("{0} findings").format(10)]
            case Column.DELAY:
                return [self.tr("{0}, yours").format("-100 ms")]
            case Column.LENGTH:
                return ["30:00"]
            case _:
                return ["0.000123"]
