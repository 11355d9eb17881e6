"""Why a device is not used, in words that say what to do."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch

from nam_engine import devices
from nam_engine.devices import probe_device, probe_devices
from nam_engine.kernels.trial import Make, TrialGradients, trial_gradients

Gpu: TypeAlias = Callable[[Callable[[TrialGradients], TrialGradients]], None]


@pytest.fixture(autouse=True)
def _no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_the_processor_can_always_train() -> None:
    assert probe_devices()[-1].name == "cpu"
    assert probe_devices()[-1].usable


@pytest.mark.parametrize(
    ("platform", "has_driver", "cuda", "says"),
    [
        ("linux", True, None, "'pip install --force-reinstall torch' installs the one with CUDA"),
        ("win32", True, None, "the command for CUDA that pytorch.org/get-started/locally shows"),
        ("linux", True, "12.8", "its driver is too old for CUDA 12.8"),
        ("linux", False, None, "no NVIDIA GPU with a driver was found"),
        ("win32", False, "12.8", "no NVIDIA GPU with a driver was found"),
        ("darwin", False, None, "Macs have no NVIDIA GPU"),
    ],
)
def test_missing_gpu_is_explained(
    monkeypatch: pytest.MonkeyPatch, platform: str, has_driver: bool, cuda: str | None, says: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(devices, "_has_nvidia_driver", lambda: has_driver)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    report = probe_device("cuda")
    assert not report.usable
    assert says in report.problem


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    """Pretends that there is an NVIDIA GPU which computes so; the processor is itself."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "describe_device", str)

    def computes(gradients: Callable[[TrialGradients], TrialGradients]) -> None:
        def of_device(make: Make, device: torch.device) -> TrialGradients:
            right = trial_gradients(make, torch.device("cpu"))
            return gradients(right) if device.type == "cuda" else right

        monkeypatch.setattr(devices, "trial_gradients", of_device)

    return computes


def test_a_device_that_rounds_what_it_multiplies_is_used(gpu: Gpu) -> None:
    gpu(lambda right: TrialGradients(right.network * (1 + 5e-4), right.mrstft))
    assert probe_device("cuda").usable


@pytest.mark.parametrize("wrong", ["network", "mrstft"])
def test_a_device_that_computes_wrong_numbers_is_not_used(gpu: Gpu, wrong: str) -> None:
    gpu(lambda right: right._replace(**{wrong: 1.1 * getattr(right, wrong)}))
    assert probe_device("cuda").problem == (
        "it is there but a training step on it fails (the gradient is off by 0.1)"
    )


def test_a_device_that_gives_no_numbers_is_not_used(gpu: Gpu) -> None:
    gpu(lambda right: right._replace(mrstft=right.mrstft * math.nan))
    assert "off by nan" in probe_device("cuda").problem


@pytest.mark.parametrize(
    "fault",
    [RuntimeError("CUDA error: no kernel image is available\nand more"), TypeError("no float64")],
)
def test_a_device_that_fails_is_not_used(gpu: Gpu, fault: Exception) -> None:
    def fail(_: TrialGradients) -> TrialGradients:
        raise fault

    gpu(fail)
    reason = str(fault).splitlines()[0]
    assert probe_device("cuda").problem == (
        f"it is there but a training step on it fails ({reason})"
    )
