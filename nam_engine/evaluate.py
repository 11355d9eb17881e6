"""How close a model comes to a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nam_engine.losses import MultiResolutionStft
from nam_engine.nam_file import NamFile, NamModel
from nam_engine.render import render

__all__ = ["Score", "esr_comment", "evaluate", "submodels_of"]

MRSTFT_PASSAGE_SECONDS = 10


@dataclass(frozen=True)
class Score:
    """``submodel`` is the model's width in channels or, in a container, its place."""

    submodel: str
    esr: float
    mrstft: float


def submodels_of(file: NamFile) -> list[tuple[str, NamModel]]:
    """The models in a file with a name for each, smallest first."""
    models = [file] if isinstance(file, NamModel) else [e.model for e in file.entries]
    return [(f"channels_{m.config.layer_arrays[0].channels}", m) for m in models]


def evaluate(
    file: NamFile,
    samples: NDArray[np.float32],
    target: NDArray[np.float32],
    sample_rate_hz: int,
    *,
    start: int = 0,
    stop: int | None = None,
) -> list[Score]:
    """ESR and MRSTFT of every submodel over samples ``start`` to ``stop``.

    ``samples`` and ``target`` are an aligned pair (time,). The model plays from
    the beginning, so its memory is filled at ``start`` as it was in the amp.
    MRSTFT is the mean over passages of about ten seconds, to bound the memory.
    """
    stop = len(target) if stop is None else stop
    scores = []
    for name, model in submodels_of(file):
        context_start = max(0, start - (model.config.receptive_field - 1))
        played = render(model, samples[context_start:stop])[start - context_start :]
        wanted = target[start:stop]
        error = np.sum(np.square(played - wanted, dtype=np.float64))
        signal = np.sum(np.square(wanted, dtype=np.float64))
        mrstft = _mean_mrstft(played, wanted, MRSTFT_PASSAGE_SECONDS * sample_rate_hz)
        scores.append(Score(name, float(error / signal) if signal else float("inf"), mrstft))
    return scores


def _mean_mrstft(
    played: NDArray[np.float32], wanted: NDArray[np.float32], passage_samples: int
) -> float:
    passages = max(1, round(len(wanted) / passage_samples))
    loss = MultiResolutionStft()
    values = []
    for p, y in zip(
        np.array_split(played, passages), np.array_split(wanted, passages), strict=True
    ):
        with torch.no_grad():
            value = loss(torch.from_numpy(p)[None, None], torch.from_numpy(y)[None])
        values.append(value.item())
    return float(np.mean(values))


def esr_comment(esr: float) -> str:
    """The official trainer's bands, in plain words."""
    for limit, comment in ((0.01, "great"), (0.035, "good"), (0.1, "may do"), (0.3, "poor")):
        if esr < limit:
            return comment
    return "something went wrong"
