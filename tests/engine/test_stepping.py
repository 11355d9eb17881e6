from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import small_capture, small_packed, two_array_packed
from torch import Tensor
from trainers import rate_at, trainer_of

from nam_engine.errors import TrainingError
from nam_engine.events import EpochDone, Finished, TrainEvent, Warned
from nam_engine.losses import log_mse, mse
from nam_engine.presets import STANDARD_RECIPE, Recipe
from nam_engine.stepping import Stepper, is_out_of_memory
from nam_engine.wavenet.packed import PackedWaveNet

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=2, window_samples=2048, batch_size=8)


def stepper(parts: int = 1) -> Stepper:
    made = Stepper(PackedWaveNet(two_array_packed()), Recipe().method, CPU)
    made.parts = parts
    return made


def batch(windows: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    context = two_array_packed().receptive_field - 1
    audio = torch.randn(windows, context + 3000, generator=generator)
    return audio, torch.randn(windows, 3000, generator=generator)


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_split_batch_gives_the_same_loss_and_gradient(parts: int) -> None:
    whole, split = stepper(), stepper(parts)
    expected, figures = whole.backward(*batch()), split.backward(*batch())
    assert figures.loss == pytest.approx(expected.loss, rel=1e-5)
    assert figures.mrstft == pytest.approx(expected.mrstft, rel=1e-5)
    assert figures.gradient_norm == pytest.approx(expected.gradient_norm, rel=1e-5)
    for a, b in zip(whole.network.parameters(), split.network.parameters(), strict=True):
        if a.grad is not None:
            torch.testing.assert_close(b.grad, a.grad, rtol=1e-4, atol=1e-5 * a.grad.abs().max())


@pytest.mark.parametrize("parts", [1, 3])
def test_logarithm_of_the_error_is_what_our_recipe_descends(parts: int) -> None:
    run = Stepper(PackedWaveNet(two_array_packed()), STANDARD_RECIPE.method, CPU)
    run.parts = parts
    audio, target = batch()
    with torch.no_grad():
        errors = mse(run.network(audio), target)
    figures = run.backward(audio, target)
    assert figures.mse == pytest.approx(errors.sum().item(), rel=1e-4)
    spectral = STANDARD_RECIPE.mrstft_weight * figures.mrstft
    assert figures.loss == pytest.approx(log_mse(errors).sum().item() + spectral, rel=1e-4)


@pytest.mark.parametrize("where", ["target", "gradient"])
def test_loss_or_gradient_that_is_not_finite_is_seen_before_it_changes_anything(
    where: str,
) -> None:
    run = stepper()
    run.backward(*batch())
    run.update()
    before = run.state()
    audio, target = batch(seed=1)
    if where == "target":
        target[0, 0] = float("nan")
    else:
        head = next(p for n, p in run.network.named_parameters() if n.endswith("head.weight"))
        head.register_hook(lambda gradient: gradient * float("inf"))
    figures = run.backward(audio, target)
    assert not figures.is_finite
    after = run.state()
    for group in ("weights", "optimizer"):
        for name, array in getattr(before, group).items():
            np.testing.assert_array_equal(getattr(after, group)[name], array)


def test_state_of_another_network_is_refused() -> None:
    state = stepper().state()
    with pytest.raises(ValueError, match="a part is missing"):
        Stepper(PackedWaveNet(small_packed()), Recipe().method, CPU).restore(state)
    name = next(iter(state.weights))
    for wrong in (state.weights[name][:1], np.full_like(state.weights[name], np.nan)):
        with pytest.raises(ValueError, match="does not fit the network"):
            stepper().restore(replace(state, weights={**state.weights, name: wrong}))
    stepped = stepper()
    stepped.backward(*batch())
    stepped.update()
    state = stepped.state()
    name = next(iter(state.optimizer))
    part = {n: a for n, a in state.optimizer.items() if n != name}
    with pytest.raises(ValueError, match="a part is missing"):
        stepper().restore(replace(state, optimizer=part))
    huge = {n: np.full(a.shape, 1e300) for n, a in state.optimizer.items()}
    with pytest.raises(ValueError, match="does not fit the network"):
        stepper().restore(replace(state, optimizer=huge))
    negative = {n: np.asarray(a - 2, a.dtype) for n, a in state.optimizer.items()}
    with pytest.raises(ValueError, match="is negative"):
        stepper().restore(replace(state, optimizer=negative))


def test_every_way_to_say_out_of_memory_is_understood() -> None:
    for error in (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
    ):
        assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("CUDA error: an illegal memory access"))


def small_memory(monkeypatch: pytest.MonkeyPatch, most_windows: int) -> None:
    """A device on which more windows at once do not fit."""
    forward = PackedWaveNet.forward

    def limited(self: PackedWaveNet, audio: Tensor) -> Tensor:
        if len(audio) > most_windows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, audio)

    monkeypatch.setattr(PackedWaveNet, "forward", limited)


def run_events() -> list[TrainEvent]:
    return list(trainer_of(small_capture(), small_packed(), RECIPE, device=CPU).run())


def test_run_goes_on_in_less_memory_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [e for e in run_events() if isinstance(e, EpochDone)]
    small_memory(monkeypatch, 2)
    events = run_events()
    epochs = [e for e in events if isinstance(e, EpochDone)]
    for row, wanted in zip(epochs, expected, strict=True):
        assert row.loss == pytest.approx(wanted.loss, rel=1e-4)
        for metrics, others in zip(row.metrics, wanted.metrics, strict=True):
            assert metrics.esr == pytest.approx(others.esr, rel=1e-3)
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert "memory" in warning.message
    assert "is full: training on amp goes on in smaller parts" in warning.message


def test_run_that_fits_in_no_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    small_memory(monkeypatch, 0)
    with pytest.raises(TrainingError, match=r"does not fit into the memory of .* one window"):
        run_events()


def spoil_steps(monkeypatch: pytest.MonkeyPatch, spoilt: set[int]) -> None:
    """Make the targets of some steps, counted over the run, NaN."""
    backward, count = Stepper.backward, iter(range(10**6))

    def spoiling(self: Stepper, audio: Tensor, target: Tensor) -> object:
        bad = float("nan") if next(count) in spoilt else 0.0
        return backward(self, audio, target + bad)

    monkeypatch.setattr(Stepper, "backward", spoiling)


def test_single_bad_steps_are_skipped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_steps(monkeypatch, {1, 3, 4, 12})
    events = run_events()
    rows = [e for e in events if isinstance(e, EpochDone)]
    assert [row.skipped_steps for row in rows] == [3, 4]
    assert np.isfinite([row.loss for row in rows]).all()
    assert not any(isinstance(e, Warned) for e in events)
    assert isinstance(events[-1], Finished)


def test_three_bad_steps_in_a_row_go_back_with_half_the_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = trainer_of(small_capture(), small_packed(), RECIPE, device=CPU).windows.steps_per_epoch
    spoil_steps(monkeypatch, {steps + 1, steps + 2, steps + 3})
    events = run_events()
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert "goes on from the end of epoch 1 with half the learning rate" in warning.message
    first, second = (e for e in events if isinstance(e, EpochDone))
    assert second.learning_rate == rate_at(RECIPE, 2 * steps - 1, steps) / 2
    assert (second.step, second.skipped_steps) == (2 * first.step, 3)


def test_training_that_stays_bad_is_a_failure_that_keeps_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trainer_of(small_capture(), small_packed(), RECIPE, device=CPU)
    spoil_steps(monkeypatch, set(range(run.windows.steps_per_epoch, 10**4)))
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match="is unstable"):
        events.extend(run.run())
    assert sum(isinstance(e, Warned) for e in events) == 2
    assert not any(isinstance(e, Finished) for e in events)
    assert [s.epoch for s in run.result().submodels] == [1, 1]
    # What is kept of it is the last good state, and going on from there fails as well.
    again = trainer_of(small_capture(), small_packed(), RECIPE, device=CPU)
    again.restore(run.state())
    assert again.position.skipped_in_a_row == 0
    with pytest.raises(TrainingError, match="is unstable"):
        list(again.run())


def test_memory_that_is_short_in_the_update_repeats_no_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(_self: Stepper) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Stepper, "update", short)
    with pytest.raises(TrainingError, match="failed on cpu"):
        run_events()
