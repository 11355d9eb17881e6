"""Random packed networks, and how far a kernel's prediction and gradient are off for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st
from support import submodel
from torch import Tensor

from nam_engine.wavenet import layers
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

CPU = torch.device("cpu")

LEAST_RMS = 0.01

slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Predict = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Trial:
    """A packed configuration, and what it is to predict."""

    raw: dict[str, Any]
    seed: int
    batch: int
    out_samples: int

    def off(
        self, make: Callable[[PackedWaveNet], Predict], device: torch.device = CPU
    ) -> tuple[float, float]:
        """How far prediction and gradient are off those of PyTorch in double precision."""
        config = parse_packed(self.raw)
        generator = torch.Generator().manual_seed(self.seed)
        network = PackedWaveNet(config, generator)
        samples = config.receptive_field - 1 + self.out_samples
        audio = torch.randn(self.batch, samples, generator=generator)
        weight = torch.randn(
            self.batch, len(config.submodels), self.out_samples, generator=generator
        )
        exact = PackedWaveNet(config).double()
        exact.load_state_dict({name: t.double() for name, t in network.state_dict().items()})
        with pytest.MonkeyPatch.context() as patch:
            least = nearest_kink(patch)
            expected, by_reference = gradients(exact, exact, audio.double(), weight)
        # On either side of a kink, single precision may take the other side, and what is left
        # where numbers near one cancel is as inexact as they are.
        if min(least) < 2e-6 or expected.square().mean().sqrt() < LEAST_RMS:
            reject()
        network = network.to(device)
        kernel = make(network)
        prediction, by_kernel = gradients(network, kernel, audio.to(device), weight.to(device))
        all_ours, all_theirs = [], []
        for ours, theirs in zip(by_kernel, by_reference, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                all_ours.append(ours.flatten())
                all_theirs.append(theirs.flatten())
        return distance(prediction, expected), distance(torch.cat(all_ours), torch.cat(all_theirs))


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    return Trial(
        raw=draw(configs()),
        seed=draw(st.integers(0, 2**31)),
        batch=draw(st.integers(1, 3)),
        out_samples=draw(st.integers(1, 150)),
    )


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """One to three submodels of one layer array: any widths, kernels, dilations and slopes."""
    count = draw(st.integers(1, 5))
    shared = {
        "input_size": 1,
        "condition_size": 1,
        "kernel_sizes": draw(st.lists(st.integers(1, 16), min_size=count, max_size=count)),
        "dilations": draw(st.lists(st.integers(1, 40), min_size=count, max_size=count)),
        "activation": draw(st.sampled_from(["ReLU", {"name": "LeakyReLU", "negative_slope": 0.2}])),
        "head": {
            "out_channels": 1,
            "kernel_size": draw(st.integers(1, 17)),
            "bias": draw(st.booleans()),
        },
    }
    widths = st.integers(1, 9)
    arrays = [
        {**shared, "channels": draw(widths), "bottleneck": draw(widths)}
        for _ in range(draw(st.integers(1, 3)))
    ]
    return {"submodels": [submodel(f"s{i}", a, head_scale=0.5) for i, a in enumerate(arrays)]}


def gradients(
    network: PackedWaveNet, predict: Predict, audio: Tensor, weight: Tensor
) -> tuple[Tensor, list[Tensor | None]]:
    """A prediction and the gradient of its product with ``weight`` by all parameters."""
    prediction = predict(audio)
    parameters = list(network.parameters())
    loss = (prediction * weight.to(prediction.dtype)).sum()
    return prediction, list(torch.autograd.grad(loss, parameters, allow_unused=True))


def distance(ours: Tensor, theirs: Tensor) -> float:
    """Euclidean, relative to ``theirs``."""
    ours, theirs = ours.detach().double().cpu(), theirs.detach()
    difference = torch.linalg.vector_norm(ours - theirs)
    return float(difference / torch.linalg.vector_norm(theirs).clamp(min=1e-12))


def nearest_kink(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What activations are given comes no closer to zero than the least of this list."""
    least: list[float] = []
    apply = layers.apply_activation

    def watch(activation: Any, x: Tensor) -> Tensor:
        least.append(float(x.detach().abs().min()))
        return apply(activation, x)

    monkeypatch.setattr(layers, "apply_activation", watch)
    return least
