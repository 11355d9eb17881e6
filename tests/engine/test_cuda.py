"""What only a GPU can show; left out where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import small_capture
from torch import Tensor
from trainers import trainer_of

from nam_engine.errors import TrainingError
from nam_engine.events import EpochDone, TrainEvent, Warned
from nam_engine.graphs import UNPROVEN, Graphs
from nam_engine.kernels.choose import choose_kernels
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft
from nam_engine.method import SOAP
from nam_engine.presets import A2, OFFICIAL_RECIPE, STANDARD_RECIPE, Recipe
from nam_engine.soap import STEPS_PER_REFRESH
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def unproven_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(UNPROVEN, "1")


RECIPE = replace(STANDARD_RECIPE, epochs=2)
both = pytest.mark.parametrize(
    "recipe", [replace(OFFICIAL_RECIPE, epochs=2), RECIPE], ids=["official", "standard"]
)


def trainer(recipe: Recipe = RECIPE) -> Trainer:
    return trainer_of(small_capture(20), parse_packed(A2), recipe, device=CUDA)


def weights(run: Trainer) -> Tensor:
    return torch.cat([p.detach().flatten() for p in run.network.parameters()])


def off(ours: Tensor, theirs: Tensor) -> float:
    return float(torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs))


def plainly(run: Trainer) -> Trainer:
    """With neither graphs nor kernels of ours."""
    kernels = Kernels(run.network, MultiResolutionStft().to(CUDA))
    run.stepper = Stepper(run.network, run.method, CUDA, kernels)
    return run


def test_everything_fast_proves_itself_here() -> None:
    kernels = choose_kernels(PackedWaveNet(parse_packed(A2)).to(CUDA), CUDA)
    assert kernels.problem == ""
    assert kernels.in_graphs
    assert type(kernels.predict).__name__ == "CudaKernel"


@both
def test_nothing_of_a_step_fails_to_be_recorded(recipe: Recipe) -> None:
    run = trainer(recipe)
    for _ in range(STEPS_PER_REFRESH + 1):
        indices = torch.arange(recipe.batch_size, device=CUDA)
        assert run.stepper.step(run.windows.batch, indices).is_finite
    graphs = run.stepper._graphs
    assert isinstance(graphs, Graphs)
    assert run.stepper.new_problem() == ""
    assert not graphs._unrecordable
    updates = 2 if run.method.optimizer.name == SOAP else 0
    assert len(graphs._recordings) == 1 + updates


@both
def test_recorded_steps_equal_plain_ones(recipe: Recipe) -> None:
    ours, theirs = trainer(recipe), plainly(trainer(recipe))
    for step in range(STEPS_PER_REFRESH + 2):
        indices = torch.arange(recipe.batch_size, device=CUDA) + step
        theirs.stepper.restore(ours.stepper.state())
        figures = [run.stepper.step(run.windows.batch, indices) for run in (ours, theirs)]
        gradients = [
            torch.cat([p.grad.flatten() for p in run.network.parameters() if p.grad is not None])
            for run in (ours, theirs)
        ]
        moved = off(weights(ours), weights(theirs))
        print(step, off(*gradients), moved)
        assert figures[0].loss == pytest.approx(figures[1].loss, rel=1e-5)
        assert off(*gradients) < 1e-3
        # Both optimizers divide small gradients by their own size, rounding included.
        assert moved < 1e-2


@both
def test_ten_steps_are_those_of_a_processor(recipe: Recipe) -> None:
    ours = trainer(recipe)
    theirs = trainer_of(small_capture(20), parse_packed(A2), recipe, device=torch.device("cpu"))
    for step in range(10):
        indices = torch.arange(recipe.batch_size) + step
        figures = [
            run.stepper.step(run.windows.batch, indices.to(run.device)) for run in (ours, theirs)
        ]
    print(off(weights(ours).cpu(), weights(theirs)))
    assert figures[0].loss == pytest.approx(figures[1].loss, rel=1e-3)


@both
def test_skipped_step_leaves_everything_alone(recipe: Recipe) -> None:
    run = trainer(recipe)
    for step in range(STEPS_PER_REFRESH):
        run.stepper.step(run.windows.batch, torch.arange(recipe.batch_size, device=CUDA) + step)
    before = run.stepper.state()
    run.windows._targets[run.windows._target_starts[0], 0] = float("nan")
    # The next one would make new bases.
    figures = run.stepper.step(run.windows.batch, torch.arange(recipe.batch_size, device=CUDA))
    assert not figures.is_finite
    after = run.stepper.state()
    for group in ("weights", "optimizer"):
        for name, array in getattr(before, group).items():
            np.testing.assert_array_equal(getattr(after, group)[name], array)


@both
def test_steps_that_stay_bad_go_back_and_then_fail(recipe: Recipe) -> None:
    run = trainer(recipe)
    events: list[TrainEvent] = []
    training = run.run()
    while not any(isinstance(event, EpochDone) for event in events):
        events.append(next(training))
    good = weights(run)
    run.windows._targets[run.windows._target_starts, 0] = float("nan")
    with pytest.raises(TrainingError, match="is unstable"):
        events.extend(training)
    assert sum(isinstance(e, Warned) for e in events) == 2
    assert torch.equal(weights(run), good)


def test_resumed_run_ends_where_an_unbroken_one_does() -> None:
    """But for the order of sums, which differs from run to run."""
    whole = trainer()
    expected = [e for e in whole.run() if isinstance(e, EpochDone)]
    first, second = trainer(), trainer()
    list(first.run(lambda: first.position.steps_done >= 13))
    second.restore(first.state())
    rows = [e for e in second.run() if isinstance(e, EpochDone)]
    assert rows[-1].step == expected[-1].step
    assert rows[-1].loss == pytest.approx(expected[-1].loss, rel=0.05)


@pytest.fixture
def _whole_memory() -> Iterator[None]:
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.usefixtures("_whole_memory")
def test_too_little_memory_splits_the_batch_and_changes_no_result() -> None:
    torch.cuda.reset_peak_memory_stats()
    expected = [e for e in trainer().run() if isinstance(e, EpochDone)]
    peak = torch.cuda.max_memory_reserved()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(0.6 * peak / total)
    events: list[TrainEvent] = list(trainer().run())
    rows = [e for e in events if isinstance(e, EpochDone)]
    print(f"{peak / 1e6:.0f} MB whole; ESR {[m.esr for m in rows[-1].metrics]}")
    assert sum(isinstance(e, Warned) for e in events) == 1
    for row, wanted in zip(rows, expected, strict=True):
        assert row.loss == pytest.approx(wanted.loss, rel=0.01)


def test_state_moves_to_another_trainer_on_the_device() -> None:
    run = trainer()
    list(run.run())
    other = trainer()
    other.restore(run.state())
    ours, theirs = other.state().stepper, run.state().stepper
    for group in ("weights", "optimizer"):
        for name, array in getattr(theirs, group).items():
            np.testing.assert_array_equal(getattr(ours, group)[name], array)
    assert other.validate() == run.validate()
