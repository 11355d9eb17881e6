"""The optimizers: what turns gradients into better weights."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from nam_engine.presets import OptimizerName, Recipe
from nam_engine.soap import Soap
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["NEVER_NEGATIVE", "Optimizer", "make_optimizer"]

NEVER_NEGATIVE = ("exp_avg_sq", "mean_square", "step", "steps")
"""How the names of such tensors end."""


class Optimizer(Protocol):
    """Changes the parameters of the network that it was made for."""

    learning_rate: float

    def step(self) -> None:
        """Change the parameters along their gradients."""

    def tensors(self) -> dict[str, Tensor]:
        """All that a step reads and changes besides the parameters, by name.

        Written to in place, they are another optimizer's state.
        """
        ...


class Adam:
    """PyTorch's, as the official trainer uses it: ``weight_decay`` is added to the gradient."""

    def __init__(self, network: PackedWaveNet, recipe: Recipe) -> None:
        is_fused = next(network.parameters()).device.type in ("cpu", "cuda")
        self._names = dict(network.named_parameters())
        self._adam = torch.optim.Adam(
            network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=is_fused,
        )
        for parameter in network.parameters():  # as Adam itself begins, only sooner
            steps = torch.zeros((), device=parameter.device if is_fused else "cpu")
            self._adam.state[parameter] = {
                "step": steps,
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }

    @property
    def learning_rate(self) -> float:
        rate: float = self._adam.param_groups[0]["lr"]
        return rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._adam.param_groups[0]["lr"] = rate

    def step(self) -> None:
        self._adam.step()

    def tensors(self) -> dict[str, Tensor]:
        return {
            f"{name}.{key}": tensor
            for name, parameter in self._names.items()
            for key, tensor in self._adam.state[parameter].items()
        }


def make_optimizer(network: PackedWaveNet, recipe: Recipe) -> Optimizer:
    """That of the recipe, at its learning rate."""
    if recipe.optimizer is OptimizerName.SOAP:
        return Soap(network.network, recipe.learning_rate)
    return Adam(network, recipe)
