"""Which kernels run a network: the fastest that prove themselves on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from nam_engine.losses import MultiResolutionStft
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["Kernels", "choose_kernels"]

_log = logging.getLogger(__name__)

TRIAL_SAMPLES = 256
# Generous: a sample close to the kink of an activation may fall on either side of it.
TRIAL_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Kernels:
    """How a network predicts and how its spectra are compared; both have gradients.

    ``predict``: audio (batch, time) to (batch, submodel, out). ``mrstft``: a prediction and its
    target to one value per submodel. ``problem`` says why faster ones cannot be used; it is
    empty where there are none.
    """

    name: str
    predict: Callable[[Tensor], Tensor]
    mrstft: Callable[[Tensor, Tensor], Tensor]
    problem: str = ""


def choose_kernels(
    network: PackedWaveNet, mrstft: MultiResolutionStft, device: torch.device
) -> Kernels:
    """Raises nothing: what cannot be used is replaced by PyTorch's own."""
    reference = Kernels("PyTorch", network, mrstft)
    if device.type != "cpu":
        return reference
    try:
        fast = _cpu_kernels(network, mrstft)
        return reference if fast is None else _tried(fast, reference, network)
    except Exception as error:  # noqa: BLE001 - whatever a compiler may raise on some machine
        _log.exception("the fast kernels cannot be used")
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return Kernels(
            reference.name,
            reference.predict,
            reference.mrstft,
            f"The fast kernels cannot be used here ({reason}). Training works but takes longer.",
        )


def _cpu_kernels(network: PackedWaveNet, mrstft: MultiResolutionStft) -> Kernels | None:
    """None where they are not made for the network."""
    from nam_engine.kernels.cpu import CpuKernel, unsupported
    from nam_engine.kernels.cpu_stft import CpuStft

    if next(network.parameters()).dtype != torch.float32 or unsupported(network.config):
        return None
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="kernel")
    return Kernels("Numba", CpuKernel(network, pool, threads), CpuStft(mrstft, pool))


def _tried(fast: Kernels, reference: Kernels, network: PackedWaveNet) -> Kernels:
    """``fast``, after a gradient that equals the reference's. It is compiled by that."""
    generator = torch.Generator().manual_seed(0)
    samples = network.receptive_field - 1 + TRIAL_SAMPLES
    audio = torch.rand(1, samples, generator=generator) - 0.5
    parameters = [p for p in network.parameters() if p.requires_grad]
    ours, theirs = (
        torch.autograd.grad(k.predict(audio).square().mean(), parameters, allow_unused=True)
        for k in (fast, reference)
    )
    for one, other in zip(ours, theirs, strict=True):
        if (one is None) != (other is None):
            raise ArithmeticError("a gradient is missing")
        if one is not None and other is not None:
            scale = torch.linalg.vector_norm(other)
            if not torch.linalg.vector_norm(one - other) <= TRIAL_TOLERANCE * scale:
                raise ArithmeticError("their gradients are wrong")
    return fast
