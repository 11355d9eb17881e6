"""One optimizer step, whatever the numbers or the memory do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from nam_engine.arrays import as_arrays, require_like, write_arrays
from nam_engine.checkpoint import StepperState
from nam_engine.device_step import DeviceStep, Gather
from nam_engine.graphs import Graphs, are_unproven_ways_wanted, directly
from nam_engine.kernels.choose import choose_kernels
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import Loss
from nam_engine.method import Clipping, Method
from nam_engine.optimizer import make_optimizer
from nam_engine.position import StepFigures
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["Stepper", "is_out_of_memory"]


class Stepper:
    """Network, loss and optimizer; ``kernels`` are those that are found to be the fastest.

    ``parts`` is into how many the batch is split to save memory. The loss is that of the
    whole batch for any number of parts (its spectral term is no sum over windows): split, the
    batch is predicted once without and once with gradients.
    """

    def __init__(
        self,
        network: PackedWaveNet,
        method: Method,
        device: torch.device,
        kernels: Kernels | None = None,
    ) -> None:
        self.network = network
        self.kernels = kernels or choose_kernels(network, device)
        self.loss = Loss(method.objective, self.kernels.mrstft)
        self._graphs = Graphs() if self.kernels.in_graphs else None
        do = self._graphs or directly
        self.optimizer = make_optimizer(network, method.optimizer, do)
        self.parts = 1
        self._clipping = method.clipping
        self._device_step = None
        if runs_ahead(device):
            self._device_step = DeviceStep(network, self.kernels, self.loss, do)

    def new_problem(self) -> str:
        """Why a faster way, tried in the latest step, cannot be used; empty where it can."""
        return self._graphs.take_problem() if self._graphs else ""

    def step(self, gather: Gather, indices: Tensor) -> StepFigures:
        """Take a step with a batch of windows, unless its figures are not finite.

        What says that memory is full has changed nothing: this can be done again.
        """
        if self._device_step is None or self.parts > 1:
            figures = self.backward(*gather(indices))
            if figures.is_finite:
                with _not_to_be_repeated():
                    self.update()
            return figures
        is_finite = self._device_step.gradient(gather, indices)
        with _not_to_be_repeated():
            self.update(is_finite)
        figures = self._device_step.figures()
        if not figures.is_finite:
            self.optimizer.not_taken()
        return figures

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

    def update(self, taken: Tensor | None = None) -> None:
        """Step along the gradients of the latest :meth:`backward`, unless ``taken`` is false."""
        with _one_thread():
            if self._clipping is not None:
                self._clip(self._clipping)
            self.optimizer.step(taken)

    def _clip(self, clipping: Clipping) -> None:
        if clipping.by_norm:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), clipping.limit)
        else:
            torch.nn.utils.clip_grad_value_(self.network.parameters(), clipping.limit)

    def halve_parts(self, batch_size: int) -> bool:
        """Use half the memory; false where the parts are single windows already."""
        if self.parts >= batch_size:
            return False
        self.parts = min(2 * self.parts, batch_size)
        self.network.zero_grad()
        if self._graphs is not None:
            self._graphs.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def state(self) -> StepperState:
        """Copies of everything that a step reads and changes."""
        return StepperState(as_arrays(self._weights()), as_arrays(self.optimizer.tensors()))

    def require_own(self, state: StepperState) -> None:
        """Raise ValueError where a state is another network's or optimizer's, or not finite."""
        require_like(self._weights(), state.weights)
        self.optimizer.require_own(state.optimizer)

    def restore(self, state: StepperState) -> None:
        """The reverse of :meth:`state`. Raises ValueError as :meth:`require_own`."""
        self.require_own(state)
        write_arrays(self._weights(), state.weights)
        self.optimizer.restore(state.optimizer)

    def _weights(self) -> dict[str, Tensor]:
        return {name: p.detach() for name, p in self.network.named_parameters()}

    def _whole(self, audio: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        loss, *terms = self.loss(self.kernels.predict(audio), target)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), *terms

    def _split(self, audio: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        pieces = audio.tensor_split(self.parts)
        with torch.no_grad():
            prediction = torch.cat([self.kernels.predict(piece) for piece in pieces])
        loss, *terms = self.loss(prediction.requires_grad_(), target)
        (gradient,) = torch.autograd.grad(loss, prediction)
        for piece, part in zip(pieces, gradient.tensor_split(self.parts), strict=True):
            self.kernels.predict(piece).backward(part)  # type: ignore[no-untyped-call]
        return loss.detach(), *terms


def runs_ahead(device: torch.device) -> bool:
    """Whether work on a device is asked for before it is done, so that waiting costs."""
    return device.type == "cuda" and are_unproven_ways_wanted()


@contextmanager
def _not_to_be_repeated() -> Iterator[None]:
    """Full memory is told in other words: half of the weights may have changed."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise RuntimeError("its memory is full in the midst of a change") from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """For many small operations: to wake another thread for each would take longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def is_out_of_memory(error: Exception) -> bool:
    """Whether a device said, in one of PyTorch's several ways, that its memory is full."""
    text = str(error).lower()
    return (
        isinstance(error, (torch.OutOfMemoryError, MemoryError))
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
