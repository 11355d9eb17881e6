"""Which processors can train here, found out by differentiating a little network on each."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psutil
import torch

from nam_engine.device_report import DeviceReport
from nam_engine.errors import DeviceError, reason_of
from nam_engine.kernels.interface import Kernels
from nam_engine.kernels.trial import require_equal, trial_gradients

__all__ = [
    "describe_device",
    "memory_mb",
    "probe_devices",
    "require_device",
    "usable_devices",
]

PREFERENCE = ("cuda", "mps", "cpu")


def probe_devices() -> list[DeviceReport]:
    """All kinds of device, GPUs first."""
    return [probe_device(name) for name in PREFERENCE]


def usable_devices() -> list[torch.device]:
    """Those that can train, GPUs first; the processor, which is last, always can."""
    return [torch.device(report.name) for report in probe_devices() if report.usable]


def probe_device(name: str) -> DeviceReport:
    """Describe a device and try it."""
    kind = {"cuda": "NVIDIA GPU", "mps": "Apple GPU", "cpu": "Processor"}[name]
    if problem := _missing(name):
        return DeviceReport(name, kind, problem)
    device = torch.device(name)
    try:
        _require_right_numbers(device)
        return DeviceReport(name, describe_device(device))
    except (ArithmeticError, RuntimeError, TypeError) as error:  # in all of these PyTorch fails
        return DeviceReport(
            name, kind, f"it is there but a training step on it fails ({reason_of(error)})"
        )


def require_device(name: str) -> torch.device:
    """The device for ``cpu``, ``cuda`` or ``mps``; raises DeviceError where it does not work."""
    report = probe_device(name)
    if not report.usable:
        raise DeviceError(
            f"The device '{name}' cannot be used: {report.problem}.",
            "Choose --device auto, or see 'nam-engine devices'.",
        )
    return torch.device(name)


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


def _require_right_numbers(device: torch.device) -> None:
    """Compare a gradient with the processor's.

    PyTorch for Apple's GPUs has had convolutions, and has systems without Fourier transforms,
    that give wrong numbers without a word.
    """
    if device.type != "cpu":
        require_equal(
            trial_gradients(Kernels, device), trial_gradients(Kernels, torch.device("cpu"))
        )
