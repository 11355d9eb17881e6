"""Which kernels run a network: the fastest that prove themselves on this machine."""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import replace

import torch

from nam_engine.errors import reason_of
from nam_engine.graphs import Do, are_unproven_ways_wanted, directly, replayed
from nam_engine.kernels.interface import Kernels
from nam_engine.kernels.trial import Make, require_equal, trial_gradients
from nam_engine.losses import MultiResolutionStft
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["choose_kernels"]

_log = logging.getLogger(__name__)


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
        return (
            f"The fast way to train cannot be used here ({reason_of(error)}). It will take longer."
        )
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


def _try(make: Make, device: torch.device, do: Do = directly) -> None:
    """Raises ArithmeticError where kernels have another gradient than PyTorch, and whatever a
    compiler or driver raises.
    """
    require_equal(trial_gradients(make, device, do), trial_gradients(Kernels, device))
