"""An aligned input and output as the checks see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nam_engine.alignment import Alignment
from nam_engine.audio import Recording, Span
from nam_engine.effects import Levels, frame_levels

__all__ = ["MAX_PLACES", "Pair", "runs"]

Samples = NDArray[np.float32]

MAX_PLACES = 1000  # that a finding shows


@dataclass(frozen=True)
class Pair:
    """An aligned input ``x`` and output ``y``, (time,) each, of equal length.

    ``validation`` is the passage that will validate, ``replicates`` the one that is played
    twice. ``recorded`` is the output as it was before its rate was converted and
    ``latency_samples`` were taken out.
    """

    x: Samples
    y: Samples
    sample_rate_hz: int
    alignment: Alignment
    validation: Span
    replicates: tuple[Span, Span] | None
    input_name: str
    recorded: Recording
    latency_samples: int = 0

    @property
    def output_name(self) -> str:
        return self.recorded.path.name

    @cached_property
    def levels(self) -> Levels:
        return frame_levels(self.x, self.y, self.sample_rate_hz)

    def seconds(self, samples: float) -> float:
        return samples / self.sample_rate_hz

    def place(self, sample: float) -> float:
        """The second of the recording at which a sample of the pair is."""
        return self.seconds(max(0, self.latency_samples) + sample)


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return edges[::2], edges[1::2] - edges[::2]
