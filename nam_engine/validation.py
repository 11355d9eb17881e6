"""How far a network's predictions are from what was recorded."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nam_engine.events import SubmodelMetrics
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MRSTFT_PASSAGE_SECONDS, esr, mean_over_passages, mse
from nam_engine.wavenet.predict import predict

__all__ = ["validate"]


def validate(
    kernels: Kernels,
    passages: Sequence[tuple[Tensor, Tensor]],
    receptive_field: int,
    sample_rate_hz: int,
    *,
    pieces_at_once: int,
) -> tuple[SubmodelMetrics, ...]:
    """The figures of all submodels, means over passages of input (context + time) and target."""
    figures = []
    for audio, target in passages:
        prediction = predict(
            kernels.predict, audio, receptive_field, pieces_at_once=pieces_at_once
        ).unsqueeze(0)
        figures.append(_figures(kernels, prediction, target.unsqueeze(0), sample_rate_hz))
    mean = torch.stack(figures).mean(dim=0)
    return tuple(SubmodelMetrics(*column) for column in mean.T.tolist())


@torch.no_grad()
def _figures(kernels: Kernels, prediction: Tensor, target: Tensor, sample_rate_hz: int) -> Tensor:
    """(figure, submodel)."""
    return torch.stack(
        [
            esr(prediction, target),
            mse(prediction, target),
            mean_over_passages(
                kernels.mrstft, prediction, target, MRSTFT_PASSAGE_SECONDS * sample_rate_hz
            ),
        ]
    )
