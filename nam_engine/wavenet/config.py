"""Network descriptions: immutable, and written in the form of a .nam file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = [
    "ACTIVATIONS",
    "FILM_POSITIONS",
    "Activation",
    "LayerArrayConfig",
    "PackedConfig",
    "Submodel",
    "WaveNetConfig",
]

ACTIVATIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "Tanh": {},
        "ReLU": {},
        "Sigmoid": {},
        "SiLU": {},
        "Hardswish": {},
        "Softsign": {},
        "Hardtanh": {"min_val": -1.0, "max_val": 1.0},
        "LeakyReLU": {"negative_slope": 0.01},
        "LeakyHardtanh": {"min_val": -1.0, "max_val": 1.0, "min_slope": 0.01, "max_slope": 0.01},
    }
)
"""Activation name to its parameters and their defaults."""

FILM_POSITIONS = (
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
)


@dataclass(frozen=True)
class Activation:
    """An element-wise function; ``parameters`` in the order of ``ACTIVATIONS``."""

    name: str
    parameters: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.name,
            **dict(zip(ACTIVATIONS[self.name], self.parameters, strict=True)),
        }


@dataclass(frozen=True)
class LayerArrayConfig:
    """A stack of dilated layers of one width and the head that sums them.

    ``head1x1_channels`` is ``None`` where the head 1x1 is off.
    """

    input_size: int
    channels: int
    bottleneck: int
    kernel_sizes: tuple[int, ...]
    dilations: tuple[int, ...]
    activations: tuple[Activation, ...]
    head_channels: int
    head_kernel_size: int
    head_bias: bool
    layer1x1: bool = True
    head1x1_channels: int | None = None
    condition_size: int = 1

    @property
    def head_input_channels(self) -> int:
        return self.bottleneck if self.head1x1_channels is None else self.head1x1_channels

    @property
    def layers_receptive_field(self) -> int:
        """Receptive field in samples up to, not including, the head."""
        return 1 + sum((k - 1) * d for k, d in zip(self.kernel_sizes, self.dilations, strict=True))

    @property
    def receptive_field(self) -> int:
        return self.layers_receptive_field + self.head_kernel_size - 1

    @property
    def multiply_adds(self) -> int:
        """What one sample costs at run time; see :attr:`WaveNetConfig.multiply_adds`."""
        count = self.input_size * self.channels
        for kernel_size in self.kernel_sizes:
            count += self.bottleneck * (self.channels * kernel_size + self.condition_size)
            if self.layer1x1:
                count += self.channels * self.bottleneck
            if self.head1x1_channels is not None:
                count += self.head1x1_channels * self.bottleneck
        return count + self.head_channels * self.head_input_channels * self.head_kernel_size

    @property
    def weight_count(self) -> int:
        biases = self.bottleneck + (self.head1x1_channels or 0)
        if self.layer1x1:
            biases += self.channels
        layers = len(self.kernel_sizes)
        return self.multiply_adds + layers * biases + self.head_channels * self.head_bias

    def to_json(self) -> dict[str, Any]:
        """The exported form, field for field as the runtime's A2 path wants it."""
        layers = len(self.dilations)
        inactive_film = {"active": False, "shift": True, "groups": 1}
        return {
            "input_size": self.input_size,
            "condition_size": self.condition_size,
            "head": {
                "out_channels": self.head_channels,
                "kernel_size": self.head_kernel_size,
                "bias": self.head_bias,
            },
            "channels": self.channels,
            "kernel_sizes": list(self.kernel_sizes),
            "dilations": list(self.dilations),
            "activation": [a.to_json() for a in self.activations],
            "bottleneck": self.bottleneck,
            "head1x1": {
                "active": self.head1x1_channels is not None,
                "out_channels": self.head1x1_channels or 1,
                "groups": 1,
            },
            "layer1x1": {"active": self.layer1x1, "groups": 1},
            "groups_input": 1,
            "groups_input_mixin": 1,
            **{position: dict(inactive_film) for position in FILM_POSITIONS},
            "gating_mode": ["none"] * layers,
            "secondary_activation": [None] * layers,
            "slimmable": None,
        }


@dataclass(frozen=True)
class WaveNetConfig:
    """An ordinary mono WaveNet."""

    layer_arrays: tuple[LayerArrayConfig, ...]
    head_scale: float

    @property
    def receptive_field(self) -> int:
        """Input samples that one output sample depends on."""
        return 1 + sum(a.receptive_field - 1 for a in self.layer_arrays)

    @property
    def weight_count(self) -> int:
        """Number of weights in a .nam file, ``head_scale`` included."""
        return sum(a.weight_count for a in self.layer_arrays) + 1

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds per sample at run time: each weight of a convolution is used once.

        Not counted are biases, activations, the additions of the residual stream and the head
        sum, and ``head_scale``.
        """
        return sum(a.multiply_adds for a in self.layer_arrays)

    def to_json(self, head_scale: float | None = None) -> dict[str, Any]:
        """The exported form, with another ``head_scale`` where one is given."""
        return {
            "layers": [a.to_json() for a in self.layer_arrays],
            "head": None,
            "head_scale": self.head_scale if head_scale is None else head_scale,
        }


@dataclass(frozen=True)
class Submodel:
    name: str
    config: WaveNetConfig


@dataclass(frozen=True)
class PackedConfig:
    """Submodels that train together; ``max_values`` ascend and end with 1.0.

    Only ``wavenet.parse`` makes one, so its submodels are known to fit.
    """

    submodels: tuple[Submodel, ...]
    max_values: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.submodels)

    @property
    def receptive_field(self) -> int:
        return self.submodels[0].config.receptive_field
