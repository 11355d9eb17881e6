"""Work on the folders of earlier trainings, in threads: a missing drive may take its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from nam_engine.errors import CheckpointError, NamEngineError, NamFileError
from nam_engine.job_file import Ending, JobFile, read_job
from nam_engine.job_folder import JobFolder
from nam_engine.metadata import UserMetadata
from nam_engine.past import PastTraining, find_trainings, put_ending, read_training
from nam_gui.tasks import Task

__all__ = ["FindTask", "Found", "Note", "NoteTask", "OpenTask", "Opened"]


@dataclass(frozen=True)
class Found:
    """Trainings that have ended, and those that something has interrupted; the latest first."""

    ended: tuple[JobFile, ...]
    interrupted: tuple[PastTraining, ...]


@dataclass(frozen=True)
class Opened:
    """Trainings as they are now, and sentences about those that could not be opened."""

    trainings: tuple[PastTraining, ...]
    problems: tuple[str, ...]
    goes_on: bool


class FindTask(Task):
    """Looks for trainings in folders; carries a :class:`Found`."""

    def __init__(self, folders: Sequence[Path], parent: QObject) -> None:
        super().__init__(parent)
        self._folders = tuple(folders)

    def work(self) -> Any:
        files = find_trainings(self._folders, self.is_cancelled)
        interrupted = []
        for file in files:
            # While it runs, here or in another program, a training looks interrupted too.
            if file.ending is Ending.INTERRUPTED and not JobFolder.is_in_use(file.folder):
                try:
                    interrupted.append(read_training(file.folder))
                except CheckpointError:
                    continue  # nothing to go on from
        # One that was stopped before its first step has nothing to look at.
        ended = (
            file
            for file in files
            if file.ending is not Ending.INTERRUPTED
            and (file.folder / f"{file.folder.name}.nam").is_file()
        )
        return Found(tuple(ended), tuple(interrupted))


class OpenTask(Task):
    """Reads trainings; carries :class:`Opened`. What ``goes_on`` needs its recordings."""

    def __init__(self, folders: Sequence[Path], goes_on: bool, parent: QObject) -> None:
        super().__init__(parent)
        self._folders = tuple(folders)
        self._goes_on = goes_on

    def work(self) -> Any:
        trainings, problems = [], []
        for folder in self._folders:
            try:
                training = read_training(folder)
            except NamEngineError as error:
                problems.append(str(error))
                continue
            job = training.file.job
            gone = [p for p in (job.input_path, job.output_path) if not p.is_file()]
            if self._goes_on and gone:
                problems.append(
                    self.tr("{0} cannot be continued: {1} is not there any more.").format(
                        folder.name, gone[0]
                    )
                )
            else:
                trainings.append(training)
        return Opened(tuple(trainings), tuple(problems), self._goes_on)


@dataclass(frozen=True)
class Note:
    """How a training has ended, and what its user says of it; None is as it was."""

    folder: Path
    ending: Ending | None = None
    user: UserMetadata | None = None


class NoteTask(Task):
    """Writes notes into the folders of trainings that nobody runs."""

    def __init__(self, notes: Sequence[Note], parent: QObject) -> None:
        super().__init__(parent)
        self._notes = tuple(notes)

    def work(self) -> Any:
        problems = []
        for note in self._notes:
            try:
                put_ending(note.folder, note.ending or read_job(note.folder).ending, note.user)
            except NamFileError as error:
                problems.append(str(error))
        if problems:
            raise NamFileError(" ".join(problems))
