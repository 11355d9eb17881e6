"""The windows of the models that the user has opened, and what they ask for."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nam_engine.train_job import TrainJob
from nam_gui.compare_task import ModelSource, ScoreTask
from nam_gui.controller import Controller
from nam_gui.job import Job
from nam_gui.model_task import ModelTask
from nam_gui.model_window import ModelWindow
from nam_gui.run import Run

__all__ = ["ModelWindows"]

MAX_WINDOWS = 6


class ModelWindows(QObject):
    """A window for each file, at most six; models are tried on the recording that is selected."""

    def __init__(self, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._parent = parent
        self._selected = -1
        self.windows: list[ModelWindow] = []
        controller.models_found.connect(self.open)
        controller.input_changed.connect(self._show_recording)
        controller.queue.renamed.connect(self._show_recording)

    @Slot(list)
    def open(self, paths: list[Path]) -> None:
        """Show what is in the files, as they are now."""
        for window in [w for w in self.windows if not w.isVisible() and not w.is_trying]:
            self.windows.remove(window)
            window.deleteLater()
        left_out = 0
        for path in paths:
            known = [window for window in self.windows if window.path == path]
            if known:
                self._show(known[0])
            elif len(self.windows) < MAX_WINDOWS:
                self._show(self._new_window(path))
            else:
                left_out += 1
        if left_out:
            text = self.tr("{0} models are open; {1} more were left out.")
            self._controller.said.emit(text.format(len(self.windows), left_out))

    @Slot(int)
    def select(self, job_id: int) -> None:
        """The recording on which models are tried; -1 for none."""
        self._selected = job_id
        self._show_recording()

    def _new_window(self, path: Path) -> ModelWindow:
        window = ModelWindow(path, self._parent)
        window.try_requested.connect(self._try)
        self.windows.append(window)
        self._show_recording()
        return window

    def _show(self, window: ModelWindow) -> None:
        task = ModelTask(window.path, self._controller)
        task.succeeded.connect(window.set_facts)
        task.failed.connect(window.set_problem)
        self._controller.start(task)
        window.show()
        window.activateWindow()

    @Slot()
    def _show_recording(self) -> None:
        job = self._job()
        for window in self.windows:
            window.set_recording(None if job is None else job.name)

    @Slot()
    def _try(self) -> None:
        window, job = self.sender(), self._job()
        assert isinstance(window, ModelWindow)
        if job is None:
            return
        window.show_trying()
        task = ScoreTask(ModelSource(job.id, window.path, 0, self._pair(job)), self._controller)
        task.succeeded.connect(window.show_tried)
        task.failed.connect(window.show_failed)
        self._controller.start(task)

    def _job(self) -> Job | None:
        """The one on which models can be tried."""
        job = self._controller.queue.find(self._selected)
        if job is None or job.id in self._controller.runs or self._controller.input_path:
            return job
        return None

    def _pair(self, job: Job) -> TrainJob:
        """The recording with its input, and with its own delay and polarity."""
        run = self._controller.runs.get(job.id)
        if run is None:
            assert self._controller.input_path is not None
            run = Run.begin(self._controller.input_path, job, self._controller.settings)
        return run.begun_with
