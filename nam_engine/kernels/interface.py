"""What all kernels have in common: how a network predicts and how its spectra are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Kernels"]


@dataclass(frozen=True)
class Kernels:
    """How a network predicts and how its spectra are compared; both have gradients.

    ``predict``: audio (batch, time) to (batch, submodel, out). ``mrstft``: a prediction and its
    target (batch, out) to one value per submodel. ``problem`` says why faster ones cannot be
    used; it is empty where there are none. ``in_graphs``: steps with them may be recorded.
    """

    predict: Callable[[Tensor], Tensor]
    mrstft: Callable[[Tensor, Tensor], Tensor]
    problem: str = ""
    in_graphs: bool = False
