"""A whole training step on a GPU for which the processor is hardly needed.

Batch, prediction, loss and gradient are one recording, the optimizer's change is another. Between
them the figures set out for main memory, and whether they are finite is decided on the GPU: so the
processor waits only for the gradient, and looks after everything else while the weights change.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nam_engine.graphs import Do
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import Loss
from nam_engine.position import StepFigures

__all__ = ["DeviceStep", "Gather"]

Gather = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Indices of windows to a batch and its target, as :meth:`Windows.batch`."""


class _Gradient(NamedTuple):
    """``figures`` are those of :class:`StepFigures`; ``is_finite`` a truth on the device."""

    figures: Tensor
    is_finite: Tensor
    of_parameters: tuple[Tensor | None, ...]


class DeviceStep:
    """Takes steps of one network along one loss."""

    def __init__(self, network: nn.Module, kernels: Kernels, loss: Loss, do: Do) -> None:
        self._parameters = list(network.parameters())
        self._kernels = kernels
        self._loss = loss
        self._do = do
        self._indices: dict[int, Tensor] = {}
        self._figures = _Readback(self._parameters[0].device)

    def gradient(self, gather: Gather, indices: Tensor) -> Tensor:
        """Put a batch's gradient into the parameters; whether it is finite, on the device.

        The figures set out for main memory. ``gather`` is the same in all steps.
        """
        size = len(indices)
        fixed = self._indices.setdefault(size, torch.empty_like(indices))
        fixed.copy_(indices)
        gradient = self._do(
            f"gradient of {size} windows", partial(self._gradient, gather, fixed), ()
        )
        for parameter, of_parameter in zip(self._parameters, gradient.of_parameters, strict=True):
            parameter.grad = of_parameter
        self._figures.send(gradient.figures)
        return gradient.is_finite

    def figures(self) -> StepFigures:
        """Those of the latest :meth:`gradient`, which is waited for."""
        return StepFigures(*self._figures.wait())

    def _gradient(self, gather: Gather, indices: Tensor) -> _Gradient:
        audio, target = gather(indices)
        loss, *terms = self._loss(self._kernels.predict(audio), target)
        computed = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        # Fused optimizers take gradients to lie in memory as parameters do.
        of_parameters = tuple(None if g is None else g.contiguous() for g in computed)
        norm = torch.nn.utils.get_total_norm([g for g in of_parameters if g is not None])
        is_finite = torch.isfinite(loss.detach()) & torch.isfinite(norm)
        return _Gradient(torch.stack([loss.detach(), *terms, norm]), is_finite, of_parameters)


class _Readback:
    """Numbers on their way from a device, past the work that was asked for after them."""

    def __init__(self, device: torch.device) -> None:
        is_cuda = device.type == "cuda"
        self._arrived = torch.cuda.Event() if is_cuda else None  # type: ignore[no-untyped-call]
        self._numbers = torch.empty(4, pin_memory=is_cuda)

    def send(self, numbers: Tensor) -> None:
        self._numbers.copy_(numbers, non_blocking=True)
        if self._arrived is not None:
            self._arrived.record()

    def wait(self) -> list[float]:
        if self._arrived is not None:
            self._arrived.synchronize()
        values: list[float] = self._numbers.tolist()
        return values
