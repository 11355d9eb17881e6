"""Which kernels run a network: the fastest that prove themselves on this machine."""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from nam_engine.graphs import Do, are_unproven_ways_wanted, directly, replayed
from nam_engine.losses import MultiResolutionStft
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

__all__ = ["Kernels", "choose_kernels"]

_log = logging.getLogger(__name__)

# More than the kernels' own rounding: a sample beside a kink may fall on either side of it.
TRIAL_TOLERANCE = 1e-2
TRIAL_SAMPLES = 1500
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


@dataclass(frozen=True)
class Kernels:
    """How a network predicts and how its spectra are compared; both have gradients.

    ``predict``: audio (batch, time) to (batch, submodel, out). ``mrstft``: a prediction and its
    target (batch, out) to one value per submodel. ``problem`` says why faster ones cannot be
    used; it is empty where there are none. ``in_graphs``: steps with them may be recorded.
    """

    predict: Callable[[Tensor], Tensor]
    mrstft: Callable[[Tensor, Tensor], Tensor]
    problem: str = ""
    in_graphs: bool = False


def choose_kernels(network: PackedWaveNet, device: torch.device) -> Kernels:
    """Raises nothing: what cannot be used is replaced by PyTorch's own.

    The first time on a machine takes some seconds, in which the kernels are compiled.
    """
    mrstft = MultiResolutionStft().to(device)
    reference = Kernels(network, mrstft)
    if device.type not in ("cpu", "cuda") or next(network.parameters()).dtype != torch.float32:
        return reference
    if device.type == "cuda":
        # What is called float32 is computed as such, and not with PyTorch's 10 bits of fraction.
        torch.backends.cudnn.allow_tf32 = False
        if not are_unproven_ways_wanted():
            return reference
        return _for_cuda(reference, network, mrstft)
    if problem := _cpu_problem():
        return replace(reference, problem=problem)
    return _cpu_kernels(network, mrstft) or reference


def _for_cuda(reference: Kernels, network: PackedWaveNet, mrstft: MultiResolutionStft) -> Kernels:
    """The fastest layers and, whichever these are, graphs, each if they prove themselves."""
    chosen = reference
    by_triton = _cuda_kernels(network, mrstft)
    if by_triton is not None:
        problem = _triton_problem()
        chosen = replace(reference, problem=problem) if problem else by_triton
    if problem := _graph_problem(by_triton=chosen is by_triton):
        return replace(chosen, problem=problem)
    return replace(chosen, in_graphs=True)


@functools.cache
def _cpu_problem() -> str:
    """Why the processor's kernels cannot be used here; empty where they can."""
    return _problem_of(lambda: _try(_cpu_kernels, torch.device("cpu")))


@functools.cache
def _triton_problem() -> str:
    """Why Triton's kernels cannot be used on this GPU; empty where they can."""
    return _problem_of(lambda: _try(_cuda_kernels, torch.device("cuda")))


@functools.cache
def _graph_problem(*, by_triton: bool) -> str:
    """Why steps cannot be recorded on this GPU; empty where they can."""
    make = _cuda_kernels if by_triton else Kernels
    return _problem_of(lambda: _try(make, torch.device("cuda"), replayed))


def _problem_of(trial: Callable[[], None]) -> str:
    try:
        trial()
    except Exception as error:  # noqa: BLE001 - whatever a compiler may raise on some machine
        _log.exception("the fast kernels cannot be used")
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return f"The fast way to train cannot be used here ({reason}). It will take longer."
    return ""


def _cpu_kernels(network: PackedWaveNet, mrstft: MultiResolutionStft) -> Kernels | None:
    """None for networks that they are not made for."""
    from nam_engine.kernels.cpu import CpuKernel, is_made_for
    from nam_engine.kernels.cpu_stft import CpuStft
    from nam_engine.kernels.pool import workers

    if not is_made_for(network.config):
        return None
    return Kernels(CpuKernel(network, workers()), CpuStft(mrstft, workers()))


def _cuda_kernels(network: PackedWaveNet, mrstft: MultiResolutionStft) -> Kernels | None:
    """None for networks that they are not made for, and where there is no Triton."""
    from nam_engine.kernels.cpu import is_made_for

    if importlib.util.find_spec("triton") is None or not is_made_for(network.config):
        return None
    from nam_engine.kernels.cuda import CudaKernel, is_narrow_enough

    return Kernels(CudaKernel(network), mrstft) if is_narrow_enough(network.config) else None


def _try(
    make: Callable[[PackedWaveNet, MultiResolutionStft], Kernels | None],
    device: torch.device,
    do: Do = directly,
) -> None:
    """Compare the gradient of a little network with PyTorch's.

    Raises ArithmeticError where it is another, and whatever a compiler or driver raises.
    """
    generator = torch.Generator().manual_seed(0)
    network = PackedWaveNet(parse_packed(TRIAL_NETWORK), generator)
    audio = torch.randn(2, network.receptive_field - 1 + TRIAL_SAMPLES, generator=generator)
    target = torch.randn(2, TRIAL_SAMPLES, generator=generator)
    network, audio, target = network.to(device), audio.to(device), target.to(device)
    mrstft = MultiResolutionStft().to(device)

    def gradient(kernels: Kernels | None) -> Tensor:
        assert kernels is not None
        loss = kernels.mrstft(kernels.predict(audio), target).sum()
        parts = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
        return torch.cat([part.flatten() for part in parts if part is not None])

    theirs = gradient(Kernels(network, mrstft))
    kernels = make(network, mrstft)
    ours = do("the gradient of a little network", lambda: gradient(kernels))
    off = torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs)
    if not off < TRIAL_TOLERANCE:
        raise ArithmeticError(f"their gradient is off by {off:.1g}")
