"""``auto`` is the device that trains fastest, not the first that works."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support import small_capture, small_packed

from nam_engine import device_choice
from nam_engine.dataset import material_of
from nam_engine.device_choice import DeviceChoice, choose_device
from nam_engine.errors import DeviceError
from nam_engine.presets import Recipe

RECIPE = Recipe(epochs=1, window_samples=2048, batch_size=4)
CPU, GPU = torch.device("cpu"), torch.device("mps")
NAMES = {CPU: "Processor", GPU: "Apple GPU"}


def choose(name: str = "auto") -> DeviceChoice:
    config = small_packed()
    material = material_of(small_capture(), config.receptive_field, RECIPE)
    return choose_device(name, config, RECIPE.method, material)


def found(monkeypatch: pytest.MonkeyPatch, seconds: dict[torch.device, float | Exception]) -> None:
    """These devices work, and their steps take so long or fail."""

    def step_seconds(device: torch.device, *_: Any) -> float:
        taken = seconds[device]
        if isinstance(taken, Exception):
            raise taken
        return taken

    monkeypatch.setattr(device_choice, "usable_devices", lambda: list(seconds))
    monkeypatch.setattr(device_choice, "describe_device", NAMES.get)
    monkeypatch.setattr(device_choice, "_step_seconds", step_seconds)


@pytest.mark.parametrize(
    ("gpu_seconds", "chosen"), [(0.1, GPU), (0.31, CPU), (0.22, GPU), (0.2, GPU)]
)
def test_a_gpu_trains_unless_the_processor_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, gpu_seconds: float, chosen: torch.device
) -> None:
    found(monkeypatch, {GPU: gpu_seconds, CPU: 0.2})
    assert choose().device == chosen


def test_the_choice_is_told_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, {GPU: 0.314, CPU: 0.14})
    (report,) = choose().told
    assert report.lines == (
        "Training on Processor. A step on Apple GPU takes 0.31 s, on Processor takes 0.14 s.",
    )


@pytest.mark.parametrize(
    "fault", [RuntimeError("out of memory\nand more"), TypeError("no float64")]
)
def test_a_gpu_that_fails_is_not_taken(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    found(monkeypatch, {GPU: fault, CPU: 0.14})
    choice = choose()
    assert choice.device == CPU
    reason = str(fault).splitlines()[0]
    assert (
        choice.told[0]
        .lines[0]
        .endswith(f"A step on Apple GPU failed ({reason}), on Processor takes 0.14 s.")
    )


def test_where_all_fail_the_training_itself_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, {GPU: RuntimeError("full"), CPU: RuntimeError("full")})
    assert choose().device == GPU


def test_a_single_device_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, {CPU: AssertionError("was measured")})
    assert choose() == DeviceChoice(CPU)


def test_a_device_that_is_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, {GPU: AssertionError("was measured"), CPU: AssertionError("was measured")})
    assert choose("cpu") == DeviceChoice(CPU)


def test_a_device_that_is_asked_for_and_does_not_work_is_refused() -> None:
    with pytest.raises(DeviceError, match="'mps' cannot be used: this is not a Mac"):
        choose("mps")


def test_the_steps_that_are_measured_are_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_choice, "usable_devices", lambda: [CPU, CPU])
    before = torch.random.get_rng_state()
    (report,) = choose().told
    assert "takes" in report.lines[0]
    assert "failed" not in report.lines[0]
    assert torch.equal(torch.random.get_rng_state(), before)
