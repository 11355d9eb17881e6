"""What a network learns from and is judged on: aligned passages of input and target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Material", "Passage"]

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Passage:
    """``target`` (time,) is what is to be predicted from ``input`` (context + time,).

    The context is the receptive field less one sample; so ``target[t]`` depends on
    ``input[t : t + context + 1]``.
    """

    input: Samples
    target: Samples


@dataclass(frozen=True)
class Material:
    """What a network learns from and is judged on, at the recordings' own levels.

    Training takes windows of ``window_samples`` targets from the passages of ``train``, one
    after the other, and leaves what is too short for one. Each passage of ``validation`` is
    judged whole, and their figures are averaged. Targets are multiplied by ``target_gain`` for
    training, which is undone in what a training gives.
    """

    name: str
    sample_rate_hz: int
    window_samples: int
    train: tuple[Passage, ...]
    validation: tuple[Passage, ...]
    target_gain: float = 1.0

    @property
    def train_seconds(self) -> float:
        return sum(len(p.target) for p in self.train) / self.sample_rate_hz

    @property
    def validation_seconds(self) -> float:
        return sum(len(p.target) for p in self.validation) / self.sample_rate_hz
