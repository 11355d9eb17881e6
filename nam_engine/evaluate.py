"""How close a model comes to a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nam_engine.losses import MRSTFT_PASSAGE_SECONDS, MultiResolutionStft, esr, mean_over_passages

__all__ = ["Score", "evaluate"]


@dataclass(frozen=True)
class Score:
    """Figures of one submodel, which is named after its width (``channels_8``)."""

    submodel: str
    esr: float
    mrstft: float


def evaluate(
    predictions: Mapping[str, NDArray[np.float32]],
    target: NDArray[np.float32],
    sample_rate_hz: int,
) -> list[Score]:
    """ESR and MRSTFT of every submodel's prediction (time,) of ``target`` (time,).

    MRSTFT is the mean over passages of about ten seconds, to bound the memory.
    """
    wanted = torch.from_numpy(target)
    passage_samples = MRSTFT_PASSAGE_SECONDS * sample_rate_hz
    scores = []
    for name, samples in predictions.items():
        played = torch.from_numpy(samples)
        error = esr(played[None, None].double(), wanted[None].double())
        mrstft = mean_over_passages(
            MultiResolutionStft(), played[None, None], wanted[None], passage_samples
        )
        scores.append(Score(name, error.item(), mrstft.item()))
    return scores
