"""Steps that are decided on the device, rehearsed on the processor; test_cuda.py is the play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from rehearsal import rehearse
from support import small_capture, small_packed
from torch import Tensor
from trainers import trainer_of

from nam_engine.errors import TrainingError
from nam_engine.events import EpochDone, TrainEvent, Warned
from nam_engine.method import Clipping, LastBatch
from nam_engine.optimizer import make_optimizer
from nam_engine.presets import OFFICIAL_RECIPE, STANDARD_RECIPE, Recipe
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer

CPU = torch.device("cpu")
RECIPES = [
    replace(recipe, epochs=2, window_samples=2048, batch_size=8)
    for recipe in (OFFICIAL_RECIPE, STANDARD_RECIPE)
]
both = pytest.mark.parametrize("recipe", RECIPES, ids=["official", "standard"])


def trainer(recipe: Recipe) -> Trainer:
    return trainer_of(small_capture(), small_packed(), recipe, device=CPU)


def spoil(run: Trainer, windows: slice) -> None:
    """Make the targets of some windows NaN."""
    for start in run.windows._target_starts[windows]:
        run.windows._targets[start, 0] = float("nan")


def epochs(events: list[TrainEvent]) -> list[EpochDone]:
    return [e for e in events if isinstance(e, EpochDone)]


def weights(run: Trainer) -> Tensor:
    return torch.cat([p.detach().flatten() for p in run.network.parameters()])


@both
def test_run_is_that_of_a_processor_steps_that_are_skipped_included(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, ours = trainer(recipe), None
    spoil(expected, slice(3, 5))
    wanted = epochs(list(expected.run()))
    done = rehearse(monkeypatch)
    ours = trainer(recipe)
    spoil(ours, slice(3, 5))
    rows = epochs(list(ours.run()))
    assert "replayed" in done
    assert rows[-1].skipped_steps == wanted[-1].skipped_steps > 0
    for row, other in zip(rows, wanted, strict=True):
        assert row.loss == pytest.approx(other.loss, rel=1e-3)
    # SOAP's second basis magnifies what rounding differs by.
    torch.testing.assert_close(weights(ours), weights(expected), rtol=1e-2, atol=1e-3)


@both
def test_skipped_step_changes_nothing(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse(monkeypatch)
    run = trainer(recipe)
    batch = run.windows.batch
    for first in range(0, 24, 8):
        assert run.stepper.step(batch, torch.arange(first, first + 8)).is_finite
    before = run.stepper.state()
    spoil(run, slice(0, 1))
    assert not run.stepper.step(batch, torch.arange(8)).is_finite
    after = run.stepper.state()
    for group in ("weights", "optimizer"):
        for name, array in getattr(before, group).items():
            np.testing.assert_array_equal(getattr(after, group)[name], array)


@both
def test_resumed_run_equals_an_unbroken_one(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearse(monkeypatch)
    whole = trainer(recipe)
    list(whole.run())
    first, second = trainer(recipe), trainer(recipe)
    events: Iterator[TrainEvent] = first.run(lambda: first.position.steps_done >= 13)
    list(events)
    second.restore(first.state())
    list(second.run())
    assert torch.equal(weights(second), weights(whole))
    assert [r.metrics for r in second.history] == [r.metrics for r in whole.history]


@both
def test_steps_that_stay_bad_go_back_and_then_fail(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearse(monkeypatch)
    run = trainer(recipe)
    events: list[TrainEvent] = []
    training = run.run()
    while not epochs(events):
        events.append(next(training))
    good = weights(run)
    spoil(run, slice(None))
    with pytest.raises(TrainingError, match="is unstable"):
        events.extend(training)
    assert sum(isinstance(e, Warned) for e in events) == 2
    assert torch.equal(weights(run), good)


@pytest.mark.parametrize("by_norm", [True, False])
def test_gradients_are_clipped_as_on_a_processor(
    *, by_norm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = replace(RECIPES[0].method, clipping=Clipping(1e-3, by_norm))
    expected, indices = trainer(RECIPES[0]), torch.arange(8)
    plain = Stepper(expected.network, method, CPU)
    plain.step(expected.windows.batch, indices)
    rehearse(monkeypatch)
    run = trainer(RECIPES[0])
    Stepper(run.network, method, CPU).step(run.windows.batch, indices)
    torch.testing.assert_close(weights(run), weights(expected))


def test_smaller_last_batch_is_a_recording_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done = rehearse(monkeypatch)
    run = trainer(RECIPES[0])
    assert run.method.batches.last is LastBatch.FILLED
    for size in (8, 3, 8, 3):
        assert run.stepper.step(run.windows.batch, torch.arange(size)).is_finite
    assert done.count("recorded") == 2


def test_short_memory_gives_recordings_up(monkeypatch: pytest.MonkeyPatch) -> None:
    done = rehearse(monkeypatch)
    run = trainer(RECIPES[0])
    run.stepper.step(run.windows.batch, torch.arange(8))
    assert run.stepper.halve_parts(8)
    done.clear()
    assert run.stepper.step(run.windows.batch, torch.arange(8)).is_finite
    assert done == []


def test_recording_that_fails_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse(monkeypatch)
    run = trainer(RECIPES[1])

    def fail(_work: object) -> None:
        raise RuntimeError("cannot be captured")

    monkeypatch.setattr("nam_engine.graphs.record", fail)
    events = list(run.run())
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert "cannot be captured" in warning.message
    assert len(epochs(events)) == 2


def test_optimizer_decides_about_numbers_that_are_not_finite() -> None:
    run = trainer(RECIPES[0])
    for name in ("SOAP", "Adam", "SGD", "RMSprop"):
        choice = replace(RECIPES[0].method.optimizer, name=name, settings={"lr": 0.01})
        optimizer = make_optimizer(run.network, choice)
        for parameter in run.network.parameters():
            parameter.grad = torch.full_like(parameter, float("nan"))
        before = weights(run)
        optimizer.step(torch.tensor(False))
        optimizer.not_taken()
        assert torch.equal(weights(run), before)
        for parameter in run.network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step(torch.tensor(True))
        assert not torch.equal(weights(run), before)
