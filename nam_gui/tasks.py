"""Work of the engine in threads of its own; results arrive as signals in the window's thread.

PyTorch is imported in here, where a thread runs, and never by the window.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from nam_engine.audio import Recording, read_recording, resampled
from nam_engine.capture_signal import write_capture_signal
from nam_engine.control import RunControl
from nam_engine.demo import write_demo_pair
from nam_engine.errors import AudioError, NamEngineError
from nam_engine.events import TrainEvent
from nam_engine.intake import CaptureReport, take_in
from nam_engine.train_job import TrainJob
from nam_gui.job import Job
from nam_gui.pairing import sort_files

__all__ = [
    "CheckTask",
    "Checked",
    "DemoTask",
    "Pair",
    "PairSource",
    "PairTask",
    "SignalTask",
    "SortTask",
    "Task",
    "TrainTask",
    "load_engine",
]

_log = logging.getLogger(__name__)

Pair = tuple[Recording, Recording]
"""Input and output as they are aligned: at one rate."""

SIGNAL_SECONDS, SIGNAL_RATE_HZ = 190.0, 48_000
DEMO_SECONDS = 20.0

Train = Callable[[TrainJob, RunControl], Generator[TrainEvent, None, None]]


def load_engine() -> Train:
    """``session.train``. The first time takes seconds: with it comes PyTorch."""
    from nam_engine.session import train

    return train


class Task(QThread):
    """Something that takes time. ``succeeded`` or ``failed`` is emitted, then ``finished``.

    ``error`` is what it failed with.
    """

    succeeded = Signal(object)
    failed = Signal(str, str)  # what happened, what to do

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.error: Exception | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask it to end soon; its result no longer matters."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def work(self) -> Any:
        """What the thread does; its result is what ``succeeded`` carries."""
        raise NotImplementedError

    def run(self) -> None:
        try:
            result = self.work()
        except NamEngineError as error:
            self.error = error
            self.failed.emit(error.message, error.remedy)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            _log.exception("%s failed", type(self).__name__)
            self.error = error
            fault = f"{type(error).__name__}: {error}"
            self.failed.emit(self.tr("A fault of this program: {0}.").format(fault), "")
        else:
            self.succeeded.emit(result)


class SortTask(Task):
    """Tells inputs from recordings; carries a ``pairing.Sorted`` whose ``input`` is a new one."""

    def __init__(self, paths: Sequence[Path], known_input: Path | None, parent: QObject) -> None:
        super().__init__(parent)
        self._paths = tuple(paths)
        self._known_input = known_input

    def work(self) -> Any:
        found = sort_files(self._paths, self._known_input, self.is_cancelled)
        return replace(found, input=None) if found.input == self._known_input else found


@dataclass(frozen=True)
class Checked:
    """The report of a recording and the length of its input."""

    report: CaptureReport
    input_seconds: float


class CheckTask(Task):
    """Looks at one recording; carries a :class:`Checked`.

    ``reports_only`` says that nothing follows from it: the training was begun long ago.
    """

    def __init__(
        self, input_path: Path, job: Job, parent: QObject, *, reports_only: bool = False
    ) -> None:
        super().__init__(parent)
        self.input_path = input_path
        self.job = job
        self.reports_only = reports_only

    def work(self) -> Any:
        source = read_recording(self.input_path)
        output = read_recording(self.job.recording)
        return Checked(take_in(source, output, self.job.choices).report, source.seconds)


@dataclass(frozen=True)
class PairSource:
    """Where a job's recordings are, and the rate at which they are aligned."""

    job_id: int
    input_path: Path
    recording: Path
    sample_rate_hz: int


class PairTask(Task):
    """Reads a pair to be looked at; carries a :data:`Pair`."""

    def __init__(self, source: PairSource, parent: QObject) -> None:
        super().__init__(parent)
        self._source = source

    def work(self) -> Any:
        where = self._source
        source, output = (
            resampled(read_recording(path), where.sample_rate_hz)
            for path in (where.input_path, where.recording)
        )
        return source, output


class SignalTask(Task):
    """Writes our capture signal; carries its path."""

    def __init__(self, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._path = path

    def work(self) -> Any:
        write_capture_signal(self._path, SIGNAL_SECONDS, SIGNAL_RATE_HZ)
        return self._path


class DemoTask(Task):
    """Writes the demo's pair of recordings; carries both paths."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = folder

    def work(self) -> Any:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AudioError(
                self.tr("{0} cannot be made ({1}).").format(self._folder, error.strerror),
                self.tr("Choose another folder for the captures in File > Settings."),
            ) from error
        return write_demo_pair(self._folder, DEMO_SECONDS)


class TrainTask(Task):
    """Trains one recording. ``happened`` carries each event; the result is None."""

    happened = Signal(object)

    def __init__(self, job: TrainJob, parent: QObject) -> None:
        super().__init__(parent)
        self.control = RunControl()
        self._job = job

    def cancel(self) -> None:
        super().cancel()
        self.control.stop()

    def _sleep_warning(self) -> str:
        return self.tr(
            "The computer cannot be kept awake. If it falls asleep, the training waits and goes on"
            " afterwards."
        )

    def work(self) -> Any:
        from wakepy import keep

        train = load_engine()
        with (
            keep.running(on_fail="pass") as awake,
            closing(train(self._job, self.control)) as events,
        ):
            if not awake.active:
                _log.warning("%s", self._sleep_warning())
            for event in events:
                self.happened.emit(event)
