"""What the desktop sees of the program: the title, progress on its icon, the tray, notifications.

Only the window itself has the recordings one by one; here a queue is one piece of work.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from nam_engine.events import EpochDone, StepsDone, TrainEvent
from nam_gui.closing import Closing
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.outcome_words import OutcomeWords
from nam_gui.taskbar import Taskbar
from nam_gui.tray import Tray

__all__ = ["Presence"]

LEFT = (JobState.QUEUED, JobState.TRAINING)
ENDS = (JobState.DONE, JobState.STOPPED, JobState.FAILED)


class Presence(QObject):
    """Follows a controller. Without a ``tray`` or a ``taskbar`` it does what is left."""

    def __init__(
        self,
        window: QMainWindow,
        controller: Controller,
        closing: Closing,
        tray: Tray | None = None,
        taskbar: Taskbar | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._controller, self._closing = window, controller, closing
        self._tray, self._taskbar = tray, taskbar
        self._program = window.windowTitle()
        self._words = OutcomeWords(self)
        self._in_line: set[int] = set()
        self._ended: list[int] = []
        self._is_told = False
        self._shown: tuple[str, int, int] | None = None
        controller.state_changed.connect(self._show)
        controller.happened.connect(self._on_event)
        controller.job_ended.connect(self._on_job_ended)
        closing.background_chosen.connect(self._to_background)
        _app().applicationStateChanged.connect(self._on_activity)
        if tray is not None:
            tray.show_requested.connect(self.show_window)
            tray.stop_requested.connect(controller.stop)

    @Slot()
    def show_window(self) -> None:
        """Bring the window up, wherever it is."""
        self._closing.come_back()
        window = self._window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.show()
        window.raise_()
        window.activateWindow()
        self._show_tray()

    @Slot(int, object)
    def _on_event(self, _job_id: int, event: TrainEvent) -> None:
        if isinstance(event, StepsDone | EpochDone):
            self._show()

    @Slot()
    def _show(self) -> None:
        """Title, taskbar, badge and tray; whatever cannot be told apart is not shown anew."""
        job_id = self._controller.training_job
        job = None if job_id is None else self._controller.queue.find(job_id)
        if job is None:
            self._in_line.clear()
            self._show_figures(self._program, None, 0)
            return
        jobs = self._controller.queue.jobs()
        left = {other.id for other in jobs if other.state in LEFT}
        self._in_line = (self._in_line | left) & {other.id for other in jobs}
        in_all = len(self._in_line)
        share = (in_all - len(left) + job.progress) / in_all
        title = self._words.title(job, job.progress, self._program)
        # A lone 1 would be read as a message that waits.
        self._show_figures(title, share, len(left) if in_all > 1 else 0)

    def _show_figures(self, title: str, share: float | None, badge: int) -> None:
        shown = (title, -1 if share is None else int(100 * share), badge)
        if shown == self._shown:
            return
        self._shown = shown
        self._window.setWindowTitle(title)
        _app().setBadgeNumber(badge)
        if self._taskbar is not None:
            self._taskbar.show_progress(self._window, share)
        if self._tray is not None:
            self._tray.show_progress(title, share)
        self._show_tray()

    def _show_tray(self) -> None:
        if self._tray is not None:
            in_background = self._closing.is_in_background
            self._tray.set_visible(self._controller.is_training or in_background or self._is_told)

    @Slot(int)
    def _on_job_ended(self, job_id: int) -> None:
        queue = self._controller.queue
        job = queue.find(job_id)
        if job is not None and job.state in ENDS:
            self._ended.append(job_id)
        if not self._controller.is_training:
            ended = [job for job in map(queue.find, self._ended) if job is not None]
            self._ended.clear()
            if ended:
                self._tell(self._words.ended(ended))
        elif job is not None and job.state is JobState.FAILED:
            self._tell(self._words.one(job))

    def _tell(self, text: str) -> None:
        """Nobody is told what he sees."""
        if QApplication.activeWindow() is not None:
            return
        if self._tray is None:
            QApplication.alert(self._window)
            return
        self._is_told = True
        self._show_tray()  # only an icon that is there can tell
        self._tray.tell(self._program, text)

    @Slot()
    def _to_background(self) -> None:
        if not self._closing.is_in_background:
            self._window.showMinimized()
            return
        self._show_tray()
        for child in self._window.findChildren(QWidget):
            if child.isWindow():
                child.close()
        self._window.hide()

    @Slot(Qt.ApplicationState)
    def _on_activity(self, state: Qt.ApplicationState) -> None:
        if state is not Qt.ApplicationState.ApplicationActive:
            return
        self._is_told = False
        self._show_tray()
        # A click on the icon in the dock is all that a Mac tells a program without a window.
        if sys.platform == "darwin" and self._closing.is_in_background:
            self.show_window()


def _app() -> QGuiApplication:
    app = QGuiApplication.instance()
    assert isinstance(app, QGuiApplication)
    return app
