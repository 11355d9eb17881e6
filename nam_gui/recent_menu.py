"""File > Recent captures: earlier trainings, to be opened again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from nam_engine.job_file import Ending, JobFile

__all__ = ["RecentMenu"]


class RecentMenu(QMenu):
    """A line for each training; disabled while there is none."""

    chosen = Signal(object)
    """The folder of a training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("&Recent captures"))
        self.setToolTipsVisible(True)
        self.triggered.connect(self._triggered)
        self.set_captures(())

    @Slot(tuple)
    def set_captures(self, captures: Sequence[JobFile]) -> None:
        """Show these, in their order."""
        self.clear()
        words = {
            Ending.DONE: self.tr("{0}"),
            Ending.STOPPED: self.tr("{0} (stopped)"),
            Ending.FAILED: self.tr("{0} (failed)"),
        }
        for capture in captures:
            name = capture.folder.name.replace("&", "&&")
            action = self.addAction(words[capture.ending].format(name))
            action.setToolTip(str(capture.folder))
            action.setData(capture.folder)
        self.setEnabled(bool(captures))

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        self.chosen.emit(action.data())
