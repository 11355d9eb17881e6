"""The tensors of a training as NumPy arrays in main memory, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nam_engine.checkpoint import Arrays

__all__ = ["NEVER_NEGATIVE", "as_arrays", "require_like", "write_arrays"]

NEVER_NEGATIVE = ("exp_avg_sq", "mean_square", "square_avg", "step", "steps")
"""How the names of such tensors end."""


def as_arrays(tensors: Mapping[str, Tensor]) -> Arrays:
    """Copies."""
    return {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}


def write_arrays(tensors: Mapping[str, Tensor], arrays: Arrays) -> None:
    """Write arrays into the tensors of the same names, which are known to fit."""
    for name, tensor in tensors.items():
        tensor.copy_(torch.from_numpy(arrays[name].copy()))


def require_like(tensors: Mapping[str, Tensor], arrays: Arrays) -> None:
    """Raise ValueError where arrays are not finite, or others than the tensors could hold."""
    if arrays.keys() != tensors.keys():
        raise ValueError("a part is missing, or one too many")
    for name, tensor in tensors.items():
        array = torch.from_numpy(arrays[name])
        is_like = array.shape == tensor.shape and array.dtype == tensor.dtype
        if not (is_like and torch.isfinite(array).all()):
            raise ValueError(f"{name} does not fit the network")
        if name.split(".")[-1] in NEVER_NEGATIVE and (array < 0).any():
            raise ValueError(f"{name} is negative")
