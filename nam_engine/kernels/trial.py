"""Little gradients that tell whether kernels, or a whole device, can be trusted.

Both are insensitive to rounding, and so to a device's order of summation: the network is
differentiated by its squared error. The spectral loss is differentiated by clicks, at most one in
a frame, whose spectra are nowhere near zero: its logarithm makes a billion of a rounding there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nam_engine.graphs import Do, directly
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft, mse
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

__all__ = ["TRIAL_NETWORK", "Make", "TrialGradients", "require_equal", "trial_gradients"]

Make = Callable[[PackedWaveNet, MultiResolutionStft], Kernels | None]

# Rounding of float32 leaves 1e-6, GPUs that round what they multiply 5e-4.
TRIAL_TOLERANCE = 1e-3
CLICKS = slice(600, None, 1200)
TRIAL_SAMPLES = 3600
TRIAL_NETWORK: dict[str, Any] = {
    "submodels": [
        {
            "name": f"channels_{channels}",
            "config": {
                "layers_configs": [
                    {
                        "input_size": 1,
                        "condition_size": 1,
                        "channels": channels,
                        "kernel_sizes": [6, 15],
                        "dilations": [1, 7],
                        "activation": {"name": "LeakyReLU", "negative_slope": 0.01},
                        "head": {"out_channels": 1, "kernel_size": 16, "bias": True},
                    }
                ],
                "head_scale": 0.5,
            },
        }
        for channels in (3, 8)
    ],
    "export": {"container_max_values": "uniform"},
}


class TrialGradients(NamedTuple):
    """Of a network by its weights, flat; of the spectral loss by its prediction."""

    network: Tensor
    mrstft: Tensor


def trial_gradients(make: Make, device: torch.device, do: Do = directly) -> TrialGradients:
    """In main memory; the same for each call. ``make`` has to know the network.

    Raises whatever a compiler or driver raises.
    """
    generator = torch.Generator().manual_seed(0)
    network = PackedWaveNet(parse_packed(TRIAL_NETWORK), generator)
    audio = torch.randn(2, network.receptive_field - 1 + TRIAL_SAMPLES, generator=generator)
    target = torch.randn(2, TRIAL_SAMPLES, generator=generator)
    clicks = torch.zeros(2, 2, TRIAL_SAMPLES)
    clicks[..., CLICKS] = 0.5 + torch.rand(clicks[..., CLICKS].shape, generator=generator)
    audio, target, clicks = (signal.to(device) for signal in (audio, target, clicks))
    network.to(device)
    kernels = make(network, MultiResolutionStft().to(device))
    assert kernels is not None

    def gradients() -> TrialGradients:
        error = mse(kernels.predict(audio), target).sum()
        of_weights = torch.autograd.grad(error, list(network.parameters()), allow_unused=True)
        prediction = clicks.clone().requires_grad_()
        distance = kernels.mrstft(prediction, clicks[:, 0].flip(0)).sum()
        (of_prediction,) = torch.autograd.grad(distance, prediction)
        flat = torch.cat([part.flatten() for part in of_weights if part is not None])
        return TrialGradients(flat, of_prediction)

    done = do("little gradients", gradients)
    return TrialGradients(*(gradient.cpu() for gradient in done))


def require_equal(ours: TrialGradients, theirs: TrialGradients) -> None:
    """Raise ArithmeticError where they are not equal, but for rounding."""
    for our, their in zip(ours, theirs, strict=True):
        off = torch.linalg.vector_norm(our - their) / torch.linalg.vector_norm(their)
        if not off < TRIAL_TOLERANCE:
            raise ArithmeticError(f"the gradient is off by {off:.1g}")
