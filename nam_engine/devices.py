"""Which processors can train here, found out by training one tiny step on each."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from nam_engine.errors import DeviceError

__all__ = ["DeviceReport", "describe_device", "memory_mb", "probe_devices", "resolve_device"]

PREFERENCE = ("cuda", "mps", "cpu")


@dataclass(frozen=True)
class DeviceReport:
    """What a device is, in words, and why it cannot be used (empty: it can)."""

    name: str
    description: str
    problem: str = ""

    @property
    def usable(self) -> bool:
        return not self.problem


def probe_devices() -> list[DeviceReport]:
    """All kinds of device, the fastest first."""
    return [probe_device(name) for name in PREFERENCE]


def probe_device(name: str) -> DeviceReport:
    """Describe a device and try it."""
    kind = {"cuda": "NVIDIA GPU", "mps": "Apple GPU", "cpu": "Processor"}[name]
    if problem := _missing(name):
        return DeviceReport(name, kind, problem)
    try:
        _train_tiny_step(torch.device(name))
        return DeviceReport(name, describe_device(torch.device(name)))
    except RuntimeError as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return DeviceReport(name, kind, f"it is there but a training step on it fails ({reason})")


def resolve_device(name: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda`` or ``mps``.

    ``auto`` is the fastest that works. Raises DeviceError with the reason where
    a device that was asked for does not work.
    """
    candidates = PREFERENCE if name == "auto" else (name,)
    for candidate in candidates:
        report = probe_device(candidate)
        if report.usable:
            return torch.device(candidate)
    raise DeviceError(
        f"The device '{name}' cannot be used: {report.problem}.",
        "Choose --device auto, or see 'nam-engine devices'.",
    )


def describe_device(device: torch.device) -> str:
    """What a device is, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    cores, threads = os.cpu_count(), torch.get_num_threads()
    return f"{cores} processor core{'s' * (cores != 1)}, {threads} thread{'s' * (threads != 1)}"


def memory_mb(device: torch.device) -> float:
    """Megabytes in use: the device's own where it has some, else those of this process."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device) / 1e6
    if device.type == "mps":
        return torch.mps.current_allocated_memory() / 1e6
    resident: int = psutil.Process().memory_info().rss
    return resident / 1e6


def _missing(name: str) -> str:
    """Why PyTorch cannot even see a device; empty where it can."""
    if name == "cuda" and not torch.cuda.is_available():
        return _missing_cuda()
    if name == "mps" and not torch.backends.mps.is_available():
        return "this is not a Mac with an Apple processor, or its system is too old"
    return ""


def _missing_cuda() -> str:
    """Why, and what to do about it on this system."""
    if sys.platform == "darwin":
        return "Macs have no NVIDIA GPU that PyTorch can use"
    has_driver = _has_nvidia_driver()
    if torch.version.cuda is None and has_driver:
        return (
            "an NVIDIA GPU is there but this PyTorch"
            f" ({torch.__version__}) was built without CUDA: {_cuda_remedy()}"
        )
    if has_driver:
        return (
            "an NVIDIA GPU is there but its driver is too old for CUDA"
            f" {torch.version.cuda}, or not running: install the newest one from"
            " nvidia.com/drivers and restart"
        )
    return "no NVIDIA GPU with a driver was found; where there is one, see nvidia.com/drivers"


def _cuda_remedy() -> str:
    # On Linux the package index has the build with CUDA, for Windows only PyTorch's own has it.
    if sys.platform == "win32":
        return "install it with the command for CUDA that pytorch.org/get-started/locally shows"
    return "'pip install --force-reinstall torch' installs the one with CUDA"


def _has_nvidia_driver() -> bool:
    """Whether NVIDIA's driver is installed, which nobody has without a GPU of theirs."""
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", "")) / "System32" / "nvcuda.dll").exists()
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _train_tiny_step(device: torch.device) -> None:
    convolution = torch.nn.Conv2d(1, 2, (1, 3)).to(device)
    optimizer = torch.optim.Adam(convolution.parameters())
    loss = convolution(torch.ones(2, 1, 1, 64, device=device)).square().mean()
    loss.backward()
    optimizer.step()
    if not torch.isfinite(loss).item():
        raise RuntimeError("it computes values that are not numbers")
