"""What a network learns from and is judged on: aligned passages of input and target."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Material", "Passage", "digest_of"]

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Passage:
    """``target`` (time,) is what is to be predicted from ``input`` (context + time,).

    The context is the receptive field less one sample; so ``target[t]`` depends on
    ``input[t : t + context + 1]``. ``pair`` tells those of one pair of recordings from others.
    """

    input: Samples
    target: Samples
    pair: int = 0


@dataclass(frozen=True)
class Material:
    """What a network learns from and is judged on, at the recordings' own levels.

    Training takes windows of ``window_samples`` targets from the passages of ``train``, one
    after the other, and leaves what is too short for one. Each passage of ``validation`` is
    judged whole, and their figures are averaged. Targets are multiplied by ``target_gain`` for
    training, which is undone in what a training gives. ``identity`` is what a training that
    goes on must share, each thing under the name that the user knows it by.
    """

    name: str
    sample_rate_hz: int
    window_samples: int
    train: tuple[Passage, ...]
    validation: tuple[Passage, ...]
    target_gain: float = 1.0
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def train_seconds(self) -> float:
        return sum(len(p.target) for p in self.train) / self.sample_rate_hz

    @property
    def validation_seconds(self) -> float:
        return sum(len(p.target) for p in self.validation) / self.sample_rate_hz


def digest_of(*recordings: Samples) -> str:
    """What tells recordings from others."""
    digest = hashlib.sha256()
    for samples in recordings:
        digest.update(np.ascontiguousarray(samples).tobytes())
    return digest.hexdigest()
