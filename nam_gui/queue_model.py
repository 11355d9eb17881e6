"""The recordings in the queue, as a table."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from nam_gui.figures import duration_text, esr_text, percent_text
from nam_gui.job import Job, JobState
from nam_gui.job_words import JobWords
from nam_gui.style import submodel_title

__all__ = ["Column", "Job", "JobState", "QueueModel"]

Index = QModelIndex | QPersistentModelIndex

MIME_TYPE = "application/x-nam-queue-jobs"
NOWHERE = QModelIndex()
Role = Qt.ItemDataRole


class Column(IntEnum):
    RECORDING = 0
    LENGTH = 1
    CHECKS = 2
    DELAY = 3
    STATE = 4
    PROGRESS = 5
    LITE = 6
    FULL = 7


FIGURES = (Column.PROGRESS, Column.LITE, Column.FULL)
ALIGNMENTS = (
    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
)
"""Of words and of figures."""


class QueueModel(QAbstractTableModel):
    """Jobs in the order in which they are trained; each is known by an id of its own.

    Rows move by drag and drop; ``rowsMoved`` says so, ``renamed`` that the user has typed
    another name.
    """

    renamed = Signal(int, str)

    JOB_ROLE = Role.UserRole
    """The Job of a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []
        self._ids = itertools.count(1)
        self._words = JobWords(self)

    def add(self, paths: Iterable[Path]) -> list[int]:
        """The ids of new jobs at the end; a recording that is there already is left out."""
        known = {job.recording.absolute() for job in self._jobs}
        new: dict[Path, Path] = {}
        for path in paths:
            if path.absolute() not in known:
                new.setdefault(path.absolute(), path)
        jobs = [Job(next(self._ids), path, path.stem) for path in new.values()]
        if jobs:
            end = len(self._jobs)
            self.beginInsertRows(NOWHERE, end, end + len(jobs) - 1)
            self._jobs += jobs
            self.endInsertRows()
        return [job.id for job in jobs]

    def remove(self, ids: Iterable[int]) -> None:
        for job_id in ids:
            row = self.row(job_id)
            self.beginRemoveRows(NOWHERE, row, row)
            del self._jobs[row]
            self.endRemoveRows()

    def update(self, job_id: int, **changes: Any) -> None:
        """Change fields of a job; only its row is drawn again. Raises KeyError as ``job``."""
        row = self.row(job_id)
        self._jobs[row] = replace(self._jobs[row], **changes)
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))

    def job(self, job_id: int) -> Job:
        """Raises KeyError where there is none."""
        return self._jobs[self.row(job_id)]

    def find(self, job_id: int) -> Job | None:
        """As ``job``, for what may have been removed: None where there is none."""
        return next((job for job in self._jobs if job.id == job_id), None)

    def jobs(self) -> tuple[Job, ...]:
        return tuple(self._jobs)

    def row(self, job_id: int) -> int:
        """Raises KeyError where there is none."""
        for row, job in enumerate(self._jobs):
            if job.id == job_id:
                return row
        raise KeyError(job_id)

    def move(self, row: int, to: int) -> None:
        """Put a row where ``to`` is now; beyond the ends nothing happens."""
        if row == to or not (0 <= row < len(self._jobs) and 0 <= to < len(self._jobs)):
            return
        # Qt counts the gap before which a row is put while it still lies in its old place.
        self.beginMoveRows(NOWHERE, row, row, NOWHERE, to + 1 if to > row else to)
        self._jobs.insert(to, self._jobs.pop(row))
        self.endMoveRows()

    def summary(self, now: Callable[[], datetime] = datetime.now) -> str:
        """How many, how far, how long still."""
        return self._words.summary(self._jobs, now())

    # What Qt asks.

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        title, tip = self._headers()[Column(section)]
        if role == Role.DisplayRole:
            return title
        if role == Role.TextAlignmentRole:
            return ALIGNMENTS[Column(section) in FIGURES]
        return tip if role == Role.ToolTipRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        job, column = self._jobs[index.row()], Column(index.column())
        if role == self.JOB_ROLE:
            return job
        if role in (Role.DisplayRole, Role.EditRole):
            return self._text(job, column)
        if role == Role.ToolTipRole:
            return self._words.tip(job) or self._headers()[column][1] or None
        if role == Role.AccessibleTextRole:
            title, _ = self._headers()[column]
            return f"{title}: {self._text(job, column) or self.tr('nothing yet')}"
        if role == Role.TextAlignmentRole:
            return ALIGNMENTS[column in FIGURES]
        if role == Role.AccessibleDescriptionRole:
            return self._words.tip(job) or None
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: N802
        """Another name, unless it is empty."""
        name = str(value).strip()
        if role != Role.EditRole or index.column() != Column.RECORDING or not name:
            return False
        job = self._jobs[index.row()]
        if name != job.name:
            self.update(job.id, name=name)
            self.renamed.emit(job.id, name)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled  # between rows, never on one
        flags = (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemNeverHasChildren
        )
        if index.column() == Column.RECORDING:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return [MIME_TYPE]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802
        rows = sorted({index.row() for index in indexes})
        data = QMimeData()
        data.setData(MIME_TYPE, json.dumps([self._jobs[row].id for row in rows]).encode())
        return data

    def dropMimeData(  # noqa: N802
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Put the dragged jobs, one after the other, before a row (-1: at the end)."""
        if action is not Qt.DropAction.MoveAction or not data.hasFormat(MIME_TYPE):
            return False
        gap = parent.row() if parent.isValid() else row if row >= 0 else len(self._jobs)
        dragged = json.loads(bytes(data.data(MIME_TYPE).data()))
        there = {job.id for job in self._jobs}  # one may have gone while it was dragged
        for job_id in filter(there.__contains__, dragged):
            row = self.row(job_id)
            if row < gap:
                self.move(row, gap - 1)
            else:
                self.move(row, gap)
                gap += 1
        return True

    def _text(self, job: Job, column: Column) -> str:
        words = self._words
        match column:
            case Column.RECORDING:
                return job.name
            case Column.LENGTH:
                return duration_text(job.report.seconds) if job.report else ""
            case Column.CHECKS:
                return words.checks(job)
            case Column.DELAY:
                return words.delay(job)
            case Column.STATE:
                return job.word
            case Column.PROGRESS:
                return percent_text(job.progress) if job.progress else ""
            case Column.LITE | Column.FULL:
                submodel = column - Column.LITE
                return esr_text(job.esr[submodel]) if submodel < len(job.esr) else ""

    def _headers(self) -> dict[Column, tuple[str, str]]:
        """Title and tip."""
        closeness = self.tr("How close it sounds (ESR): lower is closer. Best so far.")
        return {
            Column.RECORDING: (self.tr("Name"), self.tr("What came out of the amp")),
            Column.LENGTH: (self.tr("Length"), self.tr("Minutes and seconds that are used")),
            Column.CHECKS: (self.tr("Checks"), self.tr("What there is to look at")),
            Column.DELAY: (
                self.tr("Delay"),
                self.tr("How much later the recording is than the input (latency)"),
            ),
            Column.STATE: (self.tr("State"), self.tr("Where it stands")),
            Column.PROGRESS: (self.tr("Progress"), self.tr("How much of the training is done")),
            Column.LITE: (submodel_title("channels_3"), closeness),
            Column.FULL: (submodel_title("channels_8"), closeness),
        }
