"""On which device a network trains fastest here, found out by training it on each for a moment.

A GPU need not be the fastest: the network is small, and the processor's kernels are made for it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch

from nam_engine.dataset import Windows
from nam_engine.devices import describe_device, require_device, usable_devices
from nam_engine.errors import reason_of
from nam_engine.events import Reported
from nam_engine.material import Material
from nam_engine.method import Method
from nam_engine.stepping import Stepper
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["DeviceChoice", "choose_device"]

TIMED_STEPS = 3
# A GPU leaves the processor to other programs, so it may be a little slower.
CLEARLY_FASTER = 0.8


@dataclass(frozen=True)
class DeviceChoice:
    """A device and what is to be told about it: nothing where there was nothing to choose."""

    device: torch.device
    told: tuple[Reported, ...] = ()


@dataclass(frozen=True)
class _Trial:
    """What a device made of some steps: how long one takes, infinite where there is a problem."""

    device: torch.device
    step_seconds: float
    problem: str = ""

    def __str__(self) -> str:
        name = describe_device(self.device)
        if self.problem:
            return f"on {name} failed ({self.problem})"
        return f"on {name} takes {self.step_seconds:.2g} s"


def choose_device(
    name: str, config: PackedConfig, method: Method, material: Material
) -> DeviceChoice:
    """The device for ``cpu``, ``cuda`` or ``mps``; for ``auto`` the fastest that works.

    Where there is a choice this takes a few training steps on each, about a second. Raises
    DeviceError where the one that was asked for does not work, CaptureError where the material
    is too short.
    """
    if name != "auto":
        return DeviceChoice(require_device(name))
    devices = usable_devices()
    if len(devices) == 1:
        return DeviceChoice(devices[0])
    trials = [_try(device, config, method, material) for device in devices]
    chosen = trials[0]
    for trial in trials:
        if trial.step_seconds < CLEARLY_FASTER * chosen.step_seconds:
            chosen = trial
    told = ", ".join(map(str, trials))
    line = f"Training on {describe_device(chosen.device)}. A step {told}."
    return DeviceChoice(chosen.device, (Reported((line,)),))


def _try(device: torch.device, config: PackedConfig, method: Method, material: Material) -> _Trial:
    try:
        seconds = _step_seconds(device, config, method, material)
        if device.type == "cuda":
            torch.cuda.empty_cache()  # else the trial's memory stays reserved
        return _Trial(device, seconds)
    except (RuntimeError, TypeError, MemoryError) as error:  # in all of these PyTorch fails
        return _Trial(device, math.inf, reason_of(error))


def _step_seconds(
    device: torch.device, config: PackedConfig, method: Method, material: Material
) -> float:
    """How long a training step takes."""
    network = PackedWaveNet(config, torch.Generator().manual_seed(0)).to(device)
    windows = Windows(material, config.receptive_field, method, device)
    stepper = Stepper(network, method, device)
    indices = torch.arange(min(windows.batch_size, windows.count), device=device)
    stepper.step(windows.batch, indices)  # compiles, and takes what memory it needs
    # A GPU may still change the weights at either reading of the clock.
    started = time.perf_counter()
    for _ in range(TIMED_STEPS):
        stepper.step(windows.batch, indices)
    return (time.perf_counter() - started) / TIMED_STEPS
