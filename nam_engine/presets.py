"""The A2 preset and its training recipes, as data.

The network is written in the official configuration form, so that it can be
parsed like any other and written to a ``model.json`` unchanged. Source: the
packed configuration of ``neural-amp-modeler`` 0.13.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from nam_engine.method import SOAP, Batches, LossName, Method, Objective, OptimizerChoice, RateDecay

__all__ = [
    "A2",
    "A2_CHANNELS",
    "A2_TITLES",
    "DEMO_RECIPE",
    "OFFICIAL_RECIPE",
    "RECIPES",
    "STANDARD_RECIPE",
    "OptimizerName",
    "Recipe",
    "submodel_title",
    "submodel_titles",
]

A2_CHANNELS = {"channels_3": 3, "channels_8": 8}
"""Submodel name, as it stands in files and JSON, to width."""

A2_TITLES = {"channels_3": "A2-Lite", "channels_8": "A2-Full"}
"""Submodel name to what people call it."""

_KERNEL_SIZES = [6] * 14 + [15] * 2 + [6] * 7
_DILATIONS = [1, 3, 7, 17, 41, 101, 239] * 2 + [1, 13] + [1, 3, 7, 17, 41, 101, 239]


def _a2_submodel(channels: int) -> dict[str, Any]:
    return {
        "layers_configs": [
            {
                "input_size": 1,
                "condition_size": 1,
                "channels": channels,
                "kernel_sizes": _KERNEL_SIZES,
                "dilations": _DILATIONS,
                "activation": {"name": "LeakyReLU", "negative_slope": 0.01},
                "head": {"out_channels": 1, "kernel_size": 16, "bias": True},
            }
        ],
        "head_scale": 0.01,
    }


A2: dict[str, Any] = {
    "submodels": [
        {"name": name, "config": _a2_submodel(channels)} for name, channels in A2_CHANNELS.items()
    ],
    "export": {"container_max_values": "uniform"},
}
"""The packed A2 network (A2-Lite and A2-Full) in the official form."""


class OptimizerName(StrEnum):
    """Which optimizer trains; the value stands in files."""

    ADAM = "adam"
    SOAP = "soap"


_OPTIMIZERS = {OptimizerName.ADAM: "Adam", OptimizerName.SOAP: SOAP}


@dataclass(frozen=True)
class Recipe:
    """How a packed network is trained.

    The loss is, per submodel, the MSE or its logarithm (``losses.log_mse``) plus
    ``mrstft_weight`` times the MRSTFT, summed over the submodels. Windows are
    ``window_samples`` output samples long; the target is scaled to ``target_rms_dbfs`` for
    training. ``weight_decay`` is L2 (added to the gradient) and Adam's alone.

    The learning rate is multiplied by ``lr_decay_per_epoch`` after each epoch and, if
    it ``anneals``, falls to nothing along half a cosine over all epochs.
    """

    epochs: int = 100
    batch_size: int = 16
    window_samples: int = 8192
    optimizer: OptimizerName = OptimizerName.ADAM
    learning_rate: float = 0.004
    weight_decay: float = 3.17e-7
    lr_decay_per_epoch: float = 0.994
    anneals: bool = False
    loss: LossName = LossName.MSE
    mrstft_weight: float = 0.0005
    target_rms_dbfs: float = -18.0

    @property
    def method(self) -> Method:
        """The recipe as the trainer follows it."""
        settings = {"lr": self.learning_rate}
        if self.optimizer is OptimizerName.ADAM:
            settings["weight_decay"] = self.weight_decay
        return Method(
            epochs=self.epochs,
            objective=Objective(self.loss, self.mrstft_weight),
            optimizer=OptimizerChoice(_OPTIMIZERS[self.optimizer], settings),
            schedule=RateDecay(self.lr_decay_per_epoch, self.anneals),
            batches=Batches(self.batch_size),
        )


OFFICIAL_RECIPE = Recipe()
"""The recipe of the official trainer on a machine with a GPU."""

STANDARD_RECIPE = Recipe(
    optimizer=OptimizerName.SOAP,
    batch_size=8,
    learning_rate=0.02,
    weight_decay=0.0,
    lr_decay_per_epoch=1.0,
    anneals=True,
    loss=LossName.LOG_MSE,
    mrstft_weight=0.03,
)
"""Ours: a fraction of the official recipe's error after as many epochs (docs/experiments.md)."""

RECIPES = {
    "draft": replace(STANDARD_RECIPE, epochs=25),
    "standard": STANDARD_RECIPE,
    "best": replace(STANDARD_RECIPE, epochs=300),
    "official": OFFICIAL_RECIPE,
}
"""Name to recipe."""

DEMO_RECIPE = replace(STANDARD_RECIPE, epochs=8, window_samples=4096)
"""Short enough for two minutes on two processor cores."""


def submodel_title(name: str) -> str:
    """What people call a submodel: A2-Lite and A2-Full, others by their name."""
    return A2_TITLES.get(name, name)


def submodel_titles(names: Sequence[str]) -> list[str]:
    """What people call the submodels of a network: A2's have titles, others only names."""
    return [submodel_title(name) for name in names] if set(names) == set(A2_TITLES) else [*names]
