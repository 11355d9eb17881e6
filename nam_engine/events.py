"""What a training run says while it runs.

A run yields these in order: from the session one :class:`Checked`; one
:class:`Started`; then any number of :class:`StepsDone`, :class:`EpochDone`,
:class:`BestImproved`, :class:`Warned` and, from the session, :class:`Saved`;
last :class:`Finished`. All are frozen, hold
scalars (``Finished``: NumPy arrays in main memory) and pickle. Failures that end
the run are exceptions, never events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BestImproved",
    "Checked",
    "EpochDone",
    "FinishReason",
    "Finished",
    "Probed",
    "Reported",
    "Saved",
    "Started",
    "StepsDone",
    "SubmodelMetrics",
    "SubmodelResult",
    "TrainEvent",
    "TrainResult",
    "Warned",
]


@dataclass(frozen=True)
class SubmodelMetrics:
    """Validation figures of one submodel.

    ``esr`` is sum((p - y)^2) / sum(y^2) over the whole validation passage,
    ``mse`` and ``mrstft`` are in the units of the loss (target at training level).
    """

    esr: float
    mse: float
    mrstft: float

    @property
    def is_finite(self) -> bool:
        return all(map(math.isfinite, (self.esr, self.mse, self.mrstft)))


@dataclass(frozen=True)
class Checked:
    """The recording ``capture`` was looked at; ``warnings`` are sentences for the user.

    ``latency_samples`` were taken out; ``confidence`` is that of their measurement,
    ``"by hand"`` where the user gave them. ``input`` names the input that was recognised.
    """

    capture: str
    input: str | None
    latency_samples: int
    confidence: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Started:
    """Training begins on the recording ``capture``. ``submodels`` are names, smallest first.

    ``epochs_done`` of ``epochs`` and ``steps_done`` steps in all are behind it where an earlier
    run is continued.
    ``device`` is PyTorch's name of it, ``device_name`` says it in words.
    """

    capture: str
    submodels: tuple[str, ...]
    epochs: int
    epochs_done: int
    steps_done: int
    steps_per_epoch: int
    device: str
    device_name: str
    sample_rate_hz: int
    train_seconds: float
    validation_seconds: float


@dataclass(frozen=True)
class StepsDone:
    """Progress about ten times a second.

    ``step`` counts from the start of the training, over all its runs. ``loss`` and what
    it is made of, ``mse`` and ``mrstft``, all summed over the submodels, are
    means over the steps since the previous ``StepsDone``; ``gradient_norm`` is that of the
    last step. ``skipped_steps`` counts those that were not finite, over the whole training.
    ``seconds_left`` is NaN while nothing is known.
    """

    step: int
    loss: float
    mse: float
    mrstft: float
    gradient_norm: float
    learning_rate: float
    skipped_steps: int
    steps_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone:
    """An epoch (counted from 1) was trained and validated: one row of the history.

    Means over the epoch's steps, otherwise as in :class:`StepsDone`; ``learning_rate`` is that
    of the last of them, ``metrics`` are the validation's, one per submodel. ``memory_mb`` is
    what the device's training takes. Where an epoch is validated within as well, those rows
    are not ``is_complete``.
    """

    epoch: int
    step: int
    metrics: tuple[SubmodelMetrics, ...]
    loss: float
    mse: float
    mrstft: float
    gradient_norm: float
    learning_rate: float
    skipped_steps: int
    steps_per_second: float
    memory_mb: float
    seconds: float
    seconds_left: float
    is_complete: bool = True


@dataclass(frozen=True)
class BestImproved:
    """A submodel reached its best validation so far, by the figure that it is judged by."""

    submodel: int
    epoch: int
    esr: float


@dataclass(frozen=True)
class Warned:
    """Something went wrong or came back to order, and the run goes on; sentences for the user."""

    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Saved:
    """The best so far was written completely; ``is_final`` at the end of the run."""

    path: Path
    is_final: bool


@dataclass(frozen=True)
class Probed:
    """The finished models were tried out; ``warnings`` say what is wrong with them."""

    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Reported:
    """What came out of a training, as lines of text for the user."""

    lines: tuple[str, ...]


class FinishReason(Enum):
    """Why a run ended well."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    TARGET_REACHED = "target reached"
    NO_IMPROVEMENT = "no improvement"
    TIME_UP = "time up"


@dataclass(frozen=True)
class SubmodelResult:
    """The best state of one submodel, reached after ``epoch`` epochs and ``step`` steps.

    ``weights`` are in .nam order (float32), ``head_scale`` last, and reproduce
    the recording at its own level: the training level is already undone.
    """

    name: str
    weights: NDArray[np.float32]
    epoch: int
    step: int
    metrics: SubmodelMetrics


@dataclass(frozen=True)
class TrainResult:
    """What a run has won."""

    submodels: tuple[SubmodelResult, ...]
    sample_rate_hz: int
    epochs_done: int


@dataclass(frozen=True)
class Finished:
    """The last event of a run that ended well; a stop by the user is one."""

    reason: FinishReason
    result: TrainResult


TrainEvent = (
    Checked
    | Started
    | StepsDone
    | EpochDone
    | BestImproved
    | Warned
    | Saved
    | Probed
    | Reported
    | Finished
)
