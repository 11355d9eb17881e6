"""Why a device is not used, in words that say what to do."""

from __future__ import annotations

import sys

import pytest
import torch

from nam_engine import devices
from nam_engine.devices import probe_device, probe_devices


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


def test_a_device_that_computes_nonsense_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: torch.device) -> None:
        raise RuntimeError("CUDA error: no kernel image is available\nand more")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_train_tiny_step", fail)
    problem = probe_device("cuda").problem
    assert problem == (
        "it is there but a training step on it fails (CUDA error: no kernel image is available)"
    )
