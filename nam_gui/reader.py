"""Reads or plays what somebody looks at, one job at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal, Slot

from nam_gui.tasks import Task
from nam_gui.threads import Threads

__all__ = ["Reader", "Source"]


class Source(Protocol):
    """What to read of which job; equal where nothing has changed."""

    @property
    def job_id(self) -> int: ...


class Reader(QObject):
    """Only the latest wish counts; who leafs through a queue starts no crowd of threads.

    What is out of date but of the same job is carried nevertheless, or a training that is
    faster than the reading would never be seen.
    """

    loaded = Signal(object, object)
    """A source and what was read of it."""
    failed = Signal(object, str)
    """A source and a sentence for the user."""

    def __init__(
        self, make_task: Callable[[Any, QObject], Task], threads: Threads, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._make_task = make_task
        self._threads = threads
        self._wanted: Source | None = None
        self._read: Source | None = None  # in a thread, now

    def load(self, source: Source) -> None:
        self._wanted = source
        if self._read is None:
            self._read = source
            task = self._make_task(source, self)
            task.succeeded.connect(self._succeeded)
            task.failed.connect(self._failed)
            self._threads.start(task)

    @Slot(object)
    def _succeeded(self, result: object) -> None:
        source = self._go_on()
        if self._is_looked_at(source):
            self.loaded.emit(source, result)

    @Slot(str, str)
    def _failed(self, message: str, remedy: str) -> None:
        source = self._go_on()
        if self._is_looked_at(source):
            self.failed.emit(source, f"{message} {remedy}".strip())

    def _go_on(self) -> Source:
        """With what is wanted by now; what was read is returned."""
        source, self._read = self._read, None
        assert source is not None
        assert self._wanted is not None
        if source != self._wanted:
            self.load(self._wanted)
        return source

    def _is_looked_at(self, source: Source) -> bool:
        return self._wanted is not None and source.job_id == self._wanted.job_id
