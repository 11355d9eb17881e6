"""How a network is trained, as data: what a recipe or the full trainer's files come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "MAX_EPOCHS",
    "MIN_SPECTRAL_SAMPLES",
    "SOAP",
    "Batches",
    "Clipping",
    "JudgedBy",
    "LastBatch",
    "LossName",
    "Method",
    "Objective",
    "OptimizerChoice",
    "RateDecay",
    "TorchScheduler",
]


SOAP = "SOAP"
"""The optimizer that is ours; all others are called as in ``torch.optim``."""
MAX_EPOCHS = 1_000_000
"""More than anybody trains: that many are asked for where only the time is limited."""
MIN_SPECTRAL_SAMPLES = 1025
"""The shortest audio that the MRSTFT is defined for: frames of 2,048 samples are centred on its
ends, where it is reflected."""


class LossName(StrEnum):
    """How the error over time counts beside the spectral loss; the value stands in files."""

    MSE = "mse"
    LOG_MSE = "log_mse"


class LastBatch(StrEnum):
    """What becomes of windows that do not fill a batch."""

    FILLED = "filled"  # with windows that are drawn again
    DROPPED = "dropped"
    SMALLER = "smaller"


class JudgedBy(StrEnum):
    """Which validation figure makes a submodel the best: a field of ``SubmodelMetrics``."""

    ESR = "esr"
    MSE = "mse"


@dataclass(frozen=True)
class Batches:
    """How an epoch is made of windows.

    ``limit`` ends an epoch early: after so many batches (int) or this share of them (float).
    """

    size: int = 16
    shuffle: bool = True
    last: LastBatch = LastBatch.FILLED
    limit: int | float | None = None


@dataclass(frozen=True)
class Objective:
    """What is made small, per submodel, and summed over them.

    The MSE or its logarithm, plus each term with a weight above zero: the MRSTFT, both of
    them again behind a first-order pre-emphasis ``y[t] - coefficient * y[t - 1]``, and the
    squared difference of the windows' means (DC).
    """

    error: LossName = LossName.MSE
    mrstft_weight: float = 0.0
    pre_emphasis_mse_weight: float = 0.0
    pre_emphasis_mse_coefficient: float = 0.0
    pre_emphasis_mrstft_weight: float = 0.0
    pre_emphasis_mrstft_coefficient: float = 0.0
    dc_weight: float = 0.0

    @property
    def min_window_samples(self) -> int:
        """The shortest windows that it can be computed for."""
        if self.pre_emphasis_mrstft_weight > 0:
            return MIN_SPECTRAL_SAMPLES + 1
        if self.mrstft_weight > 0:
            return MIN_SPECTRAL_SAMPLES
        return 2 if self.pre_emphasis_mse_weight > 0 else 1


@dataclass(frozen=True)
class OptimizerChoice:
    """``SOAP`` (ours) or a class of ``torch.optim`` by its name, with its keyword arguments.

    ``settings`` holds at least ``lr``.
    """

    name: str
    settings: Mapping[str, Any]

    @property
    def learning_rate(self) -> float:
        return float(self.settings["lr"])


@dataclass(frozen=True)
class RateDecay:
    """A learning rate that is multiplied by ``factor_per_epoch`` after each epoch.

    If it ``anneals``, it also falls to nothing along half a cosine over all epochs.
    """

    factor_per_epoch: float = 1.0
    anneals: bool = False

    def share_at(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """The share of the first learning rate that a step has, counted from 0."""
        share = self.factor_per_epoch ** (step // steps_per_epoch)
        if self.anneals:
            share *= 0.5 * (1 + math.cos(math.pi * step / (epochs * steps_per_epoch)))
        return share


@dataclass(frozen=True)
class TorchScheduler:
    """A class of ``torch.optim.lr_scheduler`` by its name, with its keyword arguments.

    It steps after every ``frequency``-th epoch, or step of an epoch (``interval``). ``monitor``
    names the logged metric that it is given, where it wants one; it steps after epochs then.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    interval: str = "epoch"
    frequency: int = 1
    monitor: str | None = None


@dataclass(frozen=True)
class Clipping:
    """Gradients are cut: their common ``norm`` or, if not ``by_norm``, each value, to ``limit``."""

    limit: float
    by_norm: bool = True


@dataclass(frozen=True)
class Method:
    """All that decides how a network is trained, but for what it is trained on.

    Validation follows each epoch and, with ``validate_every``, so many steps (int) or this
    share of an epoch (float) within it. Training ends after ``epochs`` or ``max_steps``.
    """

    epochs: int
    objective: Objective
    optimizer: OptimizerChoice
    schedule: RateDecay | TorchScheduler = field(default_factory=RateDecay)
    batches: Batches = field(default_factory=Batches)
    judged_by: JudgedBy = JudgedBy.ESR
    validate_every: int | float | None = None
    max_steps: int | None = None
    clipping: Clipping | None = None
