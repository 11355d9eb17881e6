"""One optimizer step, whatever the numbers or the memory do."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.checkpoint import StepperState
from nam_engine.kernels.choose import choose_kernels
from nam_engine.losses import mse
from nam_engine.position import StepFigures
from nam_engine.presets import Recipe
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["Stepper", "is_out_of_memory"]


class Stepper:
    """Network, loss and optimizer.

    ``parts`` is into how many the batch is split to save memory. The loss is that of the
    whole batch for any number of parts (its spectral term is no sum over windows): split, the
    batch is predicted once without and once with gradients.
    """

    def __init__(self, network: PackedWaveNet, recipe: Recipe, device: torch.device) -> None:
        self.network = network
        self.recipe = recipe
        self.kernels = choose_kernels(network, device)
        self.optimizer = torch.optim.Adam(
            network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=device.type in ("cpu", "cuda"),
        )
        self.parts = 1

    @property
    def learning_rate(self) -> float:
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.optimizer.param_groups[0]["lr"] = rate

    def backward(self, audio: Tensor, target: Tensor) -> StepFigures:
        """Gradients for a batch (batch, context + window) and its target (batch, window).

        The figures are waited for: whether they are finite decides about :meth:`update`.
        Nothing but the gradients changes, so that this can be done again where memory is short.
        """
        self.optimizer.zero_grad()
        terms = self._whole(audio, target) if self.parts == 1 else self._split(audio, target)
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        return StepFigures(*torch.stack([*terms, norm]).tolist())

    def update(self) -> None:
        """Step along the gradients of the latest :meth:`backward`."""
        self.optimizer.step()

    def halve_parts(self, batch_size: int) -> bool:
        """Use half the memory; false where the parts are single windows already."""
        if self.parts >= batch_size:
            return False
        self.parts = min(2 * self.parts, batch_size)
        self.optimizer.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def state(self) -> StepperState:
        """Copies of everything that a step reads and changes."""
        moments: dict[str, dict[str, NDArray[Any]]] = {"exp_avg": {}, "exp_avg_sq": {}, "step": {}}
        for name, parameter in self.network.named_parameters():
            for key, tensor in self.optimizer.state[parameter].items():
                moments[key][name] = _array(tensor)
        weights = {name: _array(p) for name, p in self.network.named_parameters()}
        return StepperState(weights, moments["exp_avg"], moments["exp_avg_sq"], moments["step"])

    def require_own(self, state: StepperState) -> None:
        """Raise ValueError where a state is another network's or not finite."""
        shapes = {name: tuple(p.shape) for name, p in self.network.named_parameters()}
        for group in (state.weights, state.exp_avg, state.exp_avg_sq):
            for name, array in group.items():
                if shapes.get(name) != array.shape or not np.isfinite(array).all():
                    raise ValueError(f"{name} does not fit the network")
        moments = state.exp_avg.keys() == state.exp_avg_sq.keys() == state.adam_steps.keys()
        counts = all(a.shape == () and 0 <= a < np.inf for a in state.adam_steps.values())
        if not (state.weights.keys() == shapes.keys() and moments and counts):
            raise ValueError("parameters are missing")

    def restore(self, state: StepperState) -> None:
        """The reverse of :meth:`state`. Raises ValueError as :meth:`require_own`."""
        self.require_own(state)
        self.optimizer.state.clear()
        with torch.no_grad():
            for name, parameter in self.network.named_parameters():
                parameter.copy_(torch.from_numpy(state.weights[name]))
                if name in state.exp_avg:
                    self.optimizer.state[parameter] = {
                        "step": torch.from_numpy(state.adam_steps[name].copy()),
                        "exp_avg": _like(parameter, state.exp_avg[name]),
                        "exp_avg_sq": _like(parameter, state.exp_avg_sq[name]),
                    }

    def _loss(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, MSE and MRSTFT."""
        error = mse(prediction, target).sum()
        if not self.recipe.mrstft_weight:
            return error, error.detach(), torch.zeros_like(error)
        mrstft = self.kernels.mrstft(prediction, target).sum()
        loss = error + self.recipe.mrstft_weight * mrstft
        return loss, error.detach(), mrstft.detach()

    def _whole(self, audio: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        loss, *terms = self._loss(self.kernels.predict(audio), target)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), *terms

    def _split(self, audio: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        pieces = audio.tensor_split(self.parts)
        with torch.no_grad():
            prediction = torch.cat([self.kernels.predict(piece) for piece in pieces])
        loss, *terms = self._loss(prediction.requires_grad_(), target)
        (gradient,) = torch.autograd.grad(loss, prediction)
        for piece, part in zip(pieces, gradient.tensor_split(self.parts), strict=True):
            self.kernels.predict(piece).backward(part)  # type: ignore[no-untyped-call]
        return loss.detach(), *terms


def _array(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return array


def _like(parameter: Tensor, array: NDArray[Any]) -> Tensor:
    return torch.zeros_like(parameter, requires_grad=False).copy_(torch.from_numpy(array))


def is_out_of_memory(error: Exception) -> bool:
    """Whether a device said, in one of PyTorch's several ways, that its memory is full."""
    text = str(error).lower()
    return (
        isinstance(error, (torch.OutOfMemoryError, MemoryError))
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
