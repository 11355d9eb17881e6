"""The threads that are at work, and their end."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from nam_gui.tasks import Task

__all__ = ["Threads"]


class Threads(QObject):
    """Keeps tasks alive while they run. No new ones begin after :meth:`shut_down`."""

    failed = Signal(str)
    """A task ended with this sentence for the user."""
    ended = Signal()
    """Once, after the shut-down: nothing runs any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: list[Task] = []
        self.is_closing = False

    def start(self, task: Task, *, tells: bool = True) -> None:
        """``tells``: its failure is one for ``failed``, and not for its owner alone."""
        if self.is_closing:
            task.deleteLater()
            return
        self._tasks.append(task)
        if tells:
            task.failed.connect(self._failed)
        task.finished.connect(self._finished)
        task.start()

    def shut_down(self) -> None:
        """Ask all tasks to end; ``ended`` comes later, even where nothing runs."""
        if not self.is_closing:
            self.is_closing = True
            for task in self._tasks:
                task.cancel()
            self._end_if_idle()

    @Slot(str, str)
    def _failed(self, message: str, remedy: str) -> None:
        self.failed.emit(f"{message} {remedy}".strip())

    @Slot()
    def _finished(self) -> None:
        ended = [task for task in self._tasks if task.isFinished()]
        for task in ended:
            task.wait()  # it has nothing left to do but to vanish
            self._tasks.remove(task)
            task.deleteLater()
        if ended and self.is_closing:
            self._end_if_idle()

    def _end_if_idle(self) -> None:
        """Through the event loop: nobody expects the end while he asks for it."""
        if not self._tasks:
            QTimer.singleShot(0, self._end)

    @Slot()
    def _end(self) -> None:
        self.ended.emit()
