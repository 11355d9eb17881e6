"""Reads the recordings that somebody looks at, one pair at a time."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from nam_gui.tasks import Pair, PairSource, PairTask
from nam_gui.threads import Threads

__all__ = ["PairReader"]


class PairReader(QObject):
    """Only the latest wish counts; who leafs through a queue starts no crowd of threads."""

    loaded = Signal(int, object)
    """A job's id and its ``tasks.Pair``."""

    def __init__(self, threads: Threads, parent: QObject) -> None:
        super().__init__(parent)
        self._threads = threads
        self._wanted: PairSource | None = None
        self._task: PairTask | None = None

    def load(self, source: PairSource) -> None:
        self._wanted = source
        if self._task is None:
            self._task = PairTask(source, self)
            self._task.succeeded.connect(self._read)
            self._task.failed.connect(self._failed)
            self._threads.start(self._task)

    @Slot(object)
    def _read(self, pair: Pair) -> None:
        if self._is_wanted():
            assert self._wanted is not None
            self.loaded.emit(self._wanted.job_id, pair)

    @Slot()
    def _failed(self) -> None:
        self._is_wanted()

    def _is_wanted(self) -> bool:
        """Whether what was read is still looked at; else that is read which is."""
        task, self._task = self._task, None
        if task is None or self._wanted is None or task.source == self._wanted:
            return True
        self.load(self._wanted)
        return False
