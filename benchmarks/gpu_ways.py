"""The ways to train on a GPU that ``gpu.py`` compares: which kernels, and recorded or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nam_engine.audio import Recording
from nam_engine.capture import make_capture
from nam_engine.dataset import material_of
from nam_engine.demo import SAMPLE_RATE_HZ, amplify, play
from nam_engine.kernels.choose import choose_kernels
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft
from nam_engine.presets import A2, Recipe
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

Make = Callable[[PackedWaveNet, torch.device], Kernels]


def pytorch(network: PackedWaveNet, device: torch.device) -> Kernels:
    return Kernels(network, MultiResolutionStft().to(device))


def triton(network: PackedWaveNet, device: torch.device, precision: str = "tf32x3") -> Kernels:
    from nam_engine.kernels.cuda import CudaKernel

    return Kernels(CudaKernel(network, precision), MultiResolutionStft().to(device))


def recorded(make: Make) -> Make:
    return lambda network, device: replace(make(network, device), in_graphs=device.type == "cuda")


def half(network: PackedWaveNet, device: torch.device) -> Kernels:
    """Convolutions in bfloat16, all else and the weights in float32."""

    def predict(audio: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return network(audio).float()

    return replace(pytorch(network, device), predict=predict)


VARIANTS: dict[str, Make] = {
    "chosen": choose_kernels,
    "Triton, graphs": recorded(triton),
    "Triton": triton,
    "PyTorch, graphs": recorded(pytorch),
    "PyTorch": pytorch,
}


@cache
def recordings(seconds: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is played, and what the demo's rig makes of it."""
    audio = play(seconds)
    return audio.astype(np.float32), amplify(audio).astype(np.float32)


def trainer_of(recipe: Recipe, device: torch.device, make: Make, seconds: float = 30.0) -> Trainer:
    audio, amplified = recordings(seconds)
    source = Recording(audio, SAMPLE_RATE_HZ, Path("di.wav"))
    output = Recording(amplified, SAMPLE_RATE_HZ, Path("amp.wav"))
    config = parse_packed(A2)
    material = material_of(make_capture(source, output), config.receptive_field, recipe)
    trainer = Trainer(material, config, recipe.method, device=device)
    trainer.stepper = Stepper(trainer.network, recipe.method, device, make(trainer.network, device))
    return trainer


@contextmanager
def tf32_convolutions() -> Iterator[None]:
    """As PyTorch has them by default; ours switches them off."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def milliseconds(step: Callable[[], object], device: torch.device, count: int) -> float:
    """Of one step, the mean of some."""
    synchronize(device)
    started = time.perf_counter()
    for _ in range(count):
        step()
    synchronize(device)
    return 1000 * (time.perf_counter() - started) / count


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def official_of(weight: float, batch: tuple[torch.Tensor, torch.Tensor]) -> Callable[[], None]:
    from step import official_step  # the official trainer may not be installed

    official = official_step(weight, batch[0].device)

    def step() -> None:
        with tf32_convolutions():
            official(*batch)

    return step
