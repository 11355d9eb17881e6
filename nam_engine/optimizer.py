"""The optimizers: what turns gradients into better weights."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from nam_engine.arrays import require_like, write_arrays
from nam_engine.checkpoint import Arrays
from nam_engine.graphs import Do, directly
from nam_engine.method import SOAP, OptimizerChoice
from nam_engine.soap import Soap
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["Optimizer", "make_optimizer"]


class Optimizer(Protocol):
    """Changes the parameters of the network that it was made for."""

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Take over what a schedule says: ``lr``, and ``betas`` or ``momentum`` where it does."""
        ...

    def step(self, taken: Tensor | None = None) -> None:
        """Change the parameters along their gradients, unless ``taken`` is false.

        That is a truth on the device; it is waited for only where that cannot be helped.
        """

    def not_taken(self) -> None:
        """Hear that the latest step's ``taken`` was false."""

    def tensors(self) -> dict[str, Tensor]:
        """All that a step reads and changes besides the parameters, by name."""
        ...

    def require_own(self, state: Arrays) -> None:
        """Raise ValueError where these are not the tensors of an optimizer like this one."""

    def restore(self, state: Arrays) -> None:
        """Go on from another one's tensors, which are known to fit."""


class TorchOptimizer:
    """A class of ``torch.optim``, fused where PyTorch can on the network's device."""

    def __init__(self, network: nn.Module, choice: OptimizerChoice) -> None:
        self._names = dict(network.named_parameters())
        self._class = getattr(torch.optim, choice.name)
        self._settings = dict(choice.settings)
        device = next(network.parameters()).device.type
        can_fuse = "fused" in inspect.signature(self._class).parameters
        if can_fuse and device in ("cpu", "cuda"):
            self._settings["fused"] = True
        self._optimizer = self._class(list(network.parameters()), **self._settings)
        self._can_decide = getattr(self._optimizer, "_step_supports_amp_scaling", False)

    def configure(self, settings: Mapping[str, Any]) -> None:
        self._optimizer.param_groups[0].update(settings)

    def step(self, taken: Tensor | None = None) -> None:
        if taken is not None and self._can_decide:
            # How fused ones are told by PyTorch's gradient scaler that a step must not be taken.
            self._optimizer.found_inf = taken.logical_not().float()
            self._optimizer.step()
            del self._optimizer.found_inf
        elif taken is None or taken:
            self._optimizer.step()

    def not_taken(self) -> None:
        pass

    def tensors(self) -> dict[str, Tensor]:
        """None before the first step."""
        return _tensors(self._optimizer, self._names)

    def require_own(self, state: Arrays) -> None:
        require_like(self._blank(state), state)

    def restore(self, state: Arrays) -> None:
        self._optimizer.state.clear()
        tensors = self._blank(state)
        write_arrays(tensors, state)
        for name, tensor in tensors.items():
            parameter, _, key = name.rpartition(".")
            self._optimizer.state[self._names[parameter]][key] = tensor

    def _blank(self, state: Arrays) -> dict[str, Tensor]:
        """What a state like this is written into: all tensors of each parameter that has any.

        A parameter without a gradient has none, nor has any before the first step.
        """
        stepped = {name.rpartition(".")[0] for name in state}
        return {
            name: torch.empty_like(tensor)
            for name, tensor in self._after_a_step.items()
            if name.rpartition(".")[0] in stepped
        }

    @cached_property
    def _after_a_step(self) -> dict[str, Tensor]:
        """The names, shapes, types and devices of a state: from a trial on copies."""
        twins = {name: nn.Parameter(p.detach().clone()) for name, p in self._names.items()}
        for twin in twins.values():
            twin.grad = torch.zeros_like(twin)
        trial = self._class(list(twins.values()), **self._settings)
        trial.step()
        return _tensors(trial, twins)


def _tensors(
    optimizer: torch.optim.Optimizer, names: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    return {
        f"{name}.{key}": tensor
        for name, parameter in names.items()
        for key, tensor in optimizer.state.get(parameter, {}).items()
    }


def make_optimizer(network: PackedWaveNet, choice: OptimizerChoice, do: Do = directly) -> Optimizer:
    """The chosen one, at its first learning rate."""
    if choice.name == SOAP:
        return Soap(network.network, choice.learning_rate, do)
    return TorchOptimizer(network, choice)
