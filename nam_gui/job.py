"""A recording on its way to a model, and the states on that way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from nam_engine.intake import CaptureReport, Choices
from nam_engine.metadata import UserMetadata

__all__ = ["Job", "JobState"]


@dataclass(frozen=True)
class Look:
    """A state as it is shown: ``colour`` is the field of ``style.Scheme`` to take."""

    word: str
    shape: str
    colour: str


class JobState(Enum):
    """Where a recording stands, as a word, a shape and a colour."""

    WAITING_FOR_CHECK = Look(str(QT_TRANSLATE_NOOP("JobState", "waiting")), "○", "faint")
    CHECKING = Look(str(QT_TRANSLATE_NOOP("JobState", "checking")), "◌", "faint")
    READY = Look(str(QT_TRANSLATE_NOOP("JobState", "ready")), "●", "good")
    HAS_FINDINGS = Look(str(QT_TRANSLATE_NOOP("JobState", "look at it")), "▲", "warn")
    BLOCKED = Look(str(QT_TRANSLATE_NOOP("JobState", "unusable")), "■", "stop")
    QUEUED = Look(str(QT_TRANSLATE_NOOP("JobState", "in line")), "◇", "text")
    TRAINING = Look(str(QT_TRANSLATE_NOOP("JobState", "training")), "▶", "text")
    PAUSED = Look(str(QT_TRANSLATE_NOOP("JobState", "paused")), "‖", "warn")
    DONE = Look(str(QT_TRANSLATE_NOOP("JobState", "done")), "✓", "good")
    STOPPED = Look(str(QT_TRANSLATE_NOOP("JobState", "stopped")), "□", "faint")
    FAILED = Look(str(QT_TRANSLATE_NOOP("JobState", "failed")), "✗", "stop")

    @property
    def word(self) -> str:
        return _tr(self.value.word)

    @property
    def shape(self) -> str:
        return self.value.shape

    @property
    def colour(self) -> str:
        return self.value.colour


@dataclass(frozen=True)
class Job:
    """A recording in the queue.

    ``latency_samples`` is what the user has set, None for what is measured. ``message`` says
    more about the state; ``is_preparing`` that a training is not at its first step yet.
    ``progress`` is from 0 to 1; ``esr`` the best of each submodel so far, smallest submodel
    first; ``seconds_left`` is NaN while nothing is known.
    """

    id: int
    recording: Path
    name: str
    metadata: UserMetadata = field(default_factory=UserMetadata)
    latency_samples: int | None = None
    flip: bool = False
    ignore_checks: bool = False
    report: CaptureReport | None = None
    state: JobState = JobState.WAITING_FOR_CHECK
    message: str = ""
    is_preparing: bool = False
    progress: float = 0.0
    esr: tuple[float, ...] = ()
    model_path: Path | None = None
    seconds_left: float = math.nan

    @property
    def word(self) -> str:
        """That of its state."""
        return _tr("preparing") if self.is_preparing else self.state.word

    @property
    def is_being_checked(self) -> bool:
        """Whether its checks are still to say something."""
        return self.state in (JobState.WAITING_FOR_CHECK, JobState.CHECKING)

    @property
    def is_finished(self) -> bool:
        """Whether there is a model that nobody works on any more."""
        return self.model_path is not None and self.state in (JobState.DONE, JobState.STOPPED)

    @property
    def user_metadata(self) -> UserMetadata:
        """What its model says: it is called as the recording where it has no name of its own."""
        return replace(self.metadata, name=self.metadata.name or self.name)

    @property
    def choices(self) -> Choices:
        """What the user has decided about the recording."""
        return Choices(
            latency_samples=self.latency_samples,
            flip_polarity=self.flip,
            ignore_checks=self.ignore_checks,
        )


def _tr(text: str) -> str:
    return QCoreApplication.translate("JobState", text)
