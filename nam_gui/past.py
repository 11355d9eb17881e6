"""Earlier trainings: which there are, and which of them wait to go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from nam_engine.job_file import Ending
from nam_gui.job import Job, JobState
from nam_gui.past_tasks import FindTask, Found, Note, NoteTask, OpenTask
from nam_gui.run import Run
from nam_gui.threads import Threads

__all__ = ["Past", "notes_on"]


class Past(QObject):
    """Finds, opens and leaves alone the trainings on the disk."""

    found = Signal(tuple)
    """``job_file.JobFile`` of each training that has ended, the latest first."""
    interrupted = Signal(tuple)
    """``past.PastTraining`` of each that something has interrupted; said once, if at all."""
    opened = Signal(object)
    """``past_tasks.Opened``."""

    def __init__(self, threads: Threads, parent: QObject) -> None:
        super().__init__(parent)
        self._threads = threads
        self._has_offered = False

    def look(self, folders: Sequence[Path]) -> None:
        """Look for trainings in these folders."""
        task = FindTask(folders, self)
        task.succeeded.connect(self._found)
        self._threads.start(task)

    def open(self, folders: Sequence[Path], *, goes_on: bool) -> None:
        """Read trainings, to look at them or to go on."""
        task = OpenTask(folders, goes_on, self)
        task.succeeded.connect(self.opened)
        self._threads.start(task)

    def leave(self, folders: Sequence[Path]) -> None:
        """Do not ask about these again."""
        self.write_down([Note(folder, Ending.STOPPED) for folder in folders])

    def write_down(self, notes: Sequence[Note]) -> None:
        """Keep these for another day."""
        if notes:
            self._threads.start(NoteTask(notes, self))

    @Slot(object)
    def _found(self, found: Found) -> None:
        self.found.emit(found.ended)
        if found.interrupted and not self._has_offered:
            self.interrupted.emit(found.interrupted)
        self._has_offered = True


def notes_on(jobs: Iterable[Job], runs: Mapping[int, Run]) -> list[Note]:
    """What the folders of these trainings, none of which runs, do not say yet."""
    notes = []
    for job in jobs:
        if job.model_path is None or job.id not in runs:
            continue
        # As if something had interrupted it, which is offered at the next start.
        ending = Ending.INTERRUPTED if job.state is JobState.PAUSED else None
        is_said = runs[job.id].begun_with.user in (job.metadata, job.user_metadata)
        if ending is not None or not is_said:
            notes.append(Note(job.model_path.parent, ending, job.user_metadata))
    return notes
