"""One optimizer step, whatever the numbers or the memory do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from nam_engine.checkpoint import Arrays, StepperState
from nam_engine.kernels.choose import choose_kernels
from nam_engine.losses import log_mse, mse
from nam_engine.optimizer import NEVER_NEGATIVE, make_optimizer
from nam_engine.position import StepFigures
from nam_engine.presets import LossName, Recipe
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
        self.optimizer = make_optimizer(network, recipe)
        self.parts = 1

    def backward(self, audio: Tensor, target: Tensor) -> StepFigures:
        """Gradients for a batch (batch, context + window) and its target (batch, window).

        The figures are waited for: whether they are finite decides about :meth:`update`.
        Nothing but the gradients changes, so that this can be done again where memory is short.
        """
        self.network.zero_grad()
        terms = self._whole(audio, target) if self.parts == 1 else self._split(audio, target)
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        return StepFigures(*torch.stack([*terms, norm]).tolist())

    def update(self) -> None:
        """Step along the gradients of the latest :meth:`backward`."""
        with _one_thread():
            self.optimizer.step()

    def halve_parts(self, batch_size: int) -> bool:
        """Use half the memory; false where the parts are single windows already."""
        if self.parts >= batch_size:
            return False
        self.parts = min(2 * self.parts, batch_size)
        self.network.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def state(self) -> StepperState:
        """Copies of everything that a step reads and changes."""
        return StepperState(_arrays(self._weights()), _arrays(self.optimizer.tensors()))

    def require_own(self, state: StepperState) -> None:
        """Raise ValueError where a state is another network's or optimizer's, or not finite."""
        _require_like(self._weights(), state.weights)
        _require_like(self.optimizer.tensors(), state.optimizer)

    def restore(self, state: StepperState) -> None:
        """The reverse of :meth:`state`. Raises ValueError as :meth:`require_own`."""
        self.require_own(state)
        _write(self._weights(), state.weights)
        _write(self.optimizer.tensors(), state.optimizer)

    def _weights(self) -> dict[str, Tensor]:
        return {name: p.detach() for name, p in self.network.named_parameters()}

    def _loss(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, MSE and MRSTFT."""
        errors = mse(prediction, target)
        is_log = self.recipe.loss is LossName.LOG_MSE
        loss, error = (log_mse(errors) if is_log else errors).sum(), errors.detach().sum()
        if not self.recipe.mrstft_weight:
            return loss, error, torch.zeros_like(error)
        mrstft = self.kernels.mrstft(prediction, target).sum()
        return loss + self.recipe.mrstft_weight * mrstft, error, mrstft.detach()

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


@contextmanager
def _one_thread() -> Iterator[None]:
    """For many small operations: to wake another thread for each would take longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _arrays(tensors: Mapping[str, Tensor]) -> Arrays:
    return {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}


def _write(tensors: Mapping[str, Tensor], arrays: Arrays) -> None:
    for name, tensor in tensors.items():
        tensor.copy_(torch.from_numpy(arrays[name].copy()))


def _require_like(tensors: Mapping[str, Tensor], arrays: Arrays) -> None:
    if arrays.keys() != tensors.keys():
        raise ValueError("a part is missing, or one too many")
    for name, tensor in tensors.items():
        array = torch.from_numpy(arrays[name])
        is_like = array.shape == tensor.shape and array.dtype == tensor.dtype
        if not (is_like and torch.isfinite(array).all()):
            raise ValueError(f"{name} does not fit the network")
        if name.split(".")[-1] in NEVER_NEGATIVE and (array < 0).any():
            raise ValueError(f"{name} is negative")


def is_out_of_memory(error: Exception) -> bool:
    """Whether a device said, in one of PyTorch's several ways, that its memory is full."""
    text = str(error).lower()
    return (
        isinstance(error, (torch.OutOfMemoryError, MemoryError))
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
