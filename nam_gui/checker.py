"""Checks the recordings that wait for it, one after the other in one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from nam_gui.job import Job, JobState
from nam_gui.queue_model import QueueModel
from nam_gui.tasks import Checked, CheckTask
from nam_gui.threads import Threads

__all__ = ["Checker"]


class Checker(QObject):
    """Changes the states of the queue's recordings, and only the reports of those begun before."""

    changed = Signal()
    """Some recording's state is another one."""
    input_checked = Signal(tuple)
    """The input's name, its seconds and what it was recognised as."""

    def __init__(self, queue: QueueModel, threads: Threads, parent: QObject) -> None:
        super().__init__(parent)
        self._input_path: Path | None = None
        self._queue = queue
        self._threads = threads
        self._task: CheckTask | None = None
        self._begun: dict[int, Path] = {}

    def set_input(self, path: Path) -> None:
        """What recordings are checked against from now on."""
        self._input_path = path

    def check_again(self, job_id: int, **changes: Any) -> None:
        """A recording waits for its check, with these fields of it changed."""
        state = JobState.WAITING_FOR_CHECK
        self._queue.update(job_id, state=state, report=None, message="", **changes)
        self.check_next()

    def report_on(self, job_id: int, input_path: Path) -> None:
        """Find out what is to be said of a recording whose training was begun with this input.

        Its state stays as it is, and those that wait for their check come first.
        """
        self._begun[job_id] = input_path
        self.check_next()

    def check_next(self) -> None:
        """Begin with the first that waits, unless one is being checked."""
        if self._task is None:
            self._task = self._next_task()
            if self._task is not None:
                self._task.succeeded.connect(self._checked)
                self._task.failed.connect(self._failed)
                self._threads.start(self._task)
        self.changed.emit()

    def _next_task(self) -> CheckTask | None:
        waiting = [j for j in self._queue.jobs() if j.state is JobState.WAITING_FOR_CHECK]
        if waiting and self._input_path is not None:
            self._queue.update(waiting[0].id, state=JobState.CHECKING)
            return CheckTask(self._input_path, waiting[0], self)
        while self._begun:
            job_id = next(iter(self._begun))
            input_path, job = self._begun.pop(job_id), self._queue.find(job_id)
            if job is not None and not job.is_being_checked:
                return CheckTask(input_path, job, self, reports_only=True)
        return None

    @Slot(object)
    def _checked(self, checked: Checked) -> None:
        task, job = self._take()
        report = checked.report
        if task.input_path == self._input_path:
            known = "" if report.recognised is None else report.recognised.known.name
            self.input_checked.emit((report.input_name, checked.input_seconds, known))
        if job is not None and task.reports_only:
            self._queue.update(job.id, report=report)
        elif job is not None:
            state, message = JobState.READY, ""
            if report.stops:
                message = report.stops[0].message
                overridable = all(finding.overridable for finding in report.stops)
                if not overridable:
                    state = JobState.BLOCKED
                elif not job.ignore_checks:
                    state = JobState.HAS_FINDINGS
                else:
                    message = ""
            self._queue.update(job.id, report=report, state=state, message=message)
        self.check_next()

    @Slot(str, str)
    def _failed(self, message: str, remedy: str) -> None:
        task, job = self._take()
        text = f"{message} {remedy}".strip()
        if job is not None and task.reports_only:
            self._queue.update(job.id, message=text)
        elif job is not None:
            self._queue.update(job.id, state=JobState.BLOCKED, message=text)
        self.check_next()

    def _take(self) -> tuple[CheckTask, Job | None]:
        """What has ended, and its job; None where that is gone or to be checked again."""
        task, self._task = self._task, None
        assert task is not None
        job = self._queue.find(task.job.id)
        if job is not None:
            is_due = job.state is JobState.CHECKING
            if task.reports_only:
                is_due = not job.is_being_checked
            job = job if is_due else None
        return task, job
