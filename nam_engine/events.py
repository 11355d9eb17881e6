"""What a training run says while it runs.

A run yields these in order: from the session one :class:`Checked`; one
:class:`Started`; then any number of
:class:`StepsDone`, :class:`EpochDone`, :class:`BestImproved` and, from the
session, :class:`Saved`; last :class:`Finished`. All are frozen, hold scalars
(``Finished``: NumPy arrays in main memory) and pickle. Failures are exceptions,
never events.
"""

from __future__ import annotations

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
    "Saved",
    "Started",
    "StepsDone",
    "SubmodelMetrics",
    "SubmodelResult",
    "TrainEvent",
    "TrainResult",
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
    """Training begins on the recording ``capture``. ``submodels`` are names, smallest first."""

    capture: str
    submodels: tuple[str, ...]
    epochs: int
    steps_per_epoch: int
    device: str
    sample_rate_hz: int
    train_seconds: float
    validation_seconds: float


@dataclass(frozen=True)
class StepsDone:
    """Progress about ten times a second.

    ``step`` counts from the start of the run; ``mean_loss`` is over the steps
    since the previous ``StepsDone``; ``gradient_norm`` is that of the last step.
    """

    step: int
    mean_loss: float
    steps_per_second: float
    gradient_norm: float
    learning_rate: float


@dataclass(frozen=True)
class EpochDone:
    """An epoch (counted from 1) was trained and validated."""

    epoch: int
    metrics: tuple[SubmodelMetrics, ...]
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class BestImproved:
    """A submodel reached its lowest validation ESR so far."""

    submodel: int
    epoch: int
    esr: float


@dataclass(frozen=True)
class Saved:
    """A file was written completely."""

    path: Path


class FinishReason(Enum):
    COMPLETED = "completed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class SubmodelResult:
    """The best state of one submodel.

    ``weights`` are in .nam order (float32), ``head_scale`` last, and reproduce
    the recording at its own level: the training level is already undone.
    """

    name: str
    weights: NDArray[np.float32]
    epoch: int
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


TrainEvent = Checked | Started | StepsDone | EpochDone | BestImproved | Saved | Finished
