"""Export: where to, under which names, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nam_gui.controller import Controller
from nam_gui.export import ModelCopy, proposed_name, proposed_path
from nam_gui.export_task import Exported, ExportTask
from nam_gui.file_dialogs import ask_export_folder, ask_export_path
from nam_gui.job import Job

__all__ = ["Exporter"]


class Exporter(QObject):
    """Asks in front of ``window``; ``controller`` says how it went."""

    def __init__(self, controller: Controller, window: QWidget) -> None:
        super().__init__(window)
        self._controller = controller
        self._window = window

    @Slot(int)
    def export(self, job_id: int) -> None:
        """One model, to a file that the user chooses."""
        job = self._controller.queue.job(job_id)
        if job.model_path is None:
            self._controller.said.emit(self.tr("{0} has no model yet.").format(job.name))
            return
        folder = self._controller.settings.export_folder or job.model_path.parents[1]
        path = ask_export_path(self._window, proposed_path(folder, self._name(job)))
        if path is not None:
            copy = ModelCopy(job.model_path, path, job.user_metadata, may_replace=True)
            self._start([copy], path.parent)

    @Slot(list)
    def export_several(self, job_ids: list[int]) -> None:
        """Models into one folder that the user chooses, under names of their own."""
        jobs = [self._controller.queue.job(job_id) for job_id in job_ids]
        if len(jobs) == 1:
            self.export(jobs[0].id)
            return
        with_models = [(job, job.model_path) for job in jobs if job.model_path is not None]
        if not with_models:
            self._controller.said.emit(self.tr("There is no finished model yet."))
            return
        settings = self._controller.settings
        first = with_models[0][1]
        folder = ask_export_folder(self._window, settings.export_folder or first.parents[1])
        if folder is None:
            return
        copies = [
            ModelCopy(model_path, folder / f"{self._name(job)}.nam", job.user_metadata)
            for job, model_path in with_models
        ]
        self._start(copies, folder)

    @Slot()
    def export_all(self) -> None:
        """Every finished recording."""
        self.export_several([job.id for job in self._controller.queue.jobs() if job.is_finished])

    def _name(self, job: Job) -> str:
        return proposed_name(self._controller.settings.name_template, job, date.today())

    def _start(self, copies: Sequence[ModelCopy], folder: Path) -> None:
        settings = replace(self._controller.settings, export_folder=folder)
        self._controller.settings = settings.with_recent_folder(folder)
        task = ExportTask(copies, self._controller)
        task.succeeded.connect(self._exported)
        self._controller.start(task)

    @Slot(object)
    def _exported(self, done: Exported) -> None:
        paths, problems = done.paths, done.problems
        said = []
        if len(paths) == 1:
            said.append(self.tr("Exported {0}.").format(paths[0]))
        elif paths:
            text = self.tr("Exported {0} models to {1}.")
            said.append(text.format(len(paths), paths[0].parent))
        if problems and len(paths) + len(problems) > 1:
            said.append(self.tr("{0} failed:").format(len(problems)))
        self._controller.said.emit(" ".join((*said, *problems)))
