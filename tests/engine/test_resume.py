"""A training that is interrupted and continued is the one that was not, bit for bit."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import small_capture, small_packed, two_array_packed
from torch import Tensor
from trainers import rate_at, trainer_of

from nam_engine import meter
from nam_engine.capture import Capture
from nam_engine.checkpoint import TrainState, decode, encode
from nam_engine.errors import DamagedCheckpointError, OtherTrainingError
from nam_engine.events import EpochDone, Finished, FinishReason, Started, TrainEvent
from nam_engine.history import to_csv
from nam_engine.position import StepFigures
from nam_engine.presets import STANDARD_RECIPE, Recipe
from nam_engine.stepping import Stepper
from nam_engine.stopping import StopRules
from nam_engine.trainer import Trainer

RECIPE = Recipe(epochs=6, window_samples=2048, batch_size=4, learning_rate=0.05)
OURS = replace(STANDARD_RECIPE, epochs=6, window_samples=2048, batch_size=4)


@pytest.fixture(scope="module")
def capture() -> Capture:
    return small_capture(2.5)


def trainer(capture: Capture, recipe: Recipe = RECIPE, seed: int = 0) -> Trainer:
    device = torch.device("cpu")
    return trainer_of(capture, small_packed(), recipe, device=device, seed=seed)


def after_restart(state: TrainState, run: Trainer) -> Trainer:
    """``run`` with a state that went through a file."""
    run.restore(decode(encode(state), "last.ckpt"))
    return run


def figures(row: EpochDone) -> EpochDone:
    """A row without what the clock has to do with."""
    return replace(row, steps_per_second=0, memory_mb=0, seconds=0, seconds_left=0)


def assert_same(run: Trainer, expected: Trainer) -> None:
    assert [figures(r) for r in run.history] == [figures(r) for r in expected.history]
    ours, theirs = run.state(), expected.state()
    assert ours.position == theirs.position
    for group in ("weights", "optimizer"):
        for name, array in getattr(theirs.stepper, group).items():
            np.testing.assert_array_equal(getattr(ours.stepper, group)[name], array)
    for best, wanted in zip(run.result().submodels, expected.result().submodels, strict=True):
        assert (best.epoch, best.step, best.metrics) == (wanted.epoch, wanted.step, wanted.metrics)
        np.testing.assert_array_equal(best.weights, wanted.weights)


@pytest.fixture(scope="module")
def whole(capture: Capture) -> Trainer:
    """A run that was not interrupted."""
    run = trainer(capture)
    list(run.run())
    return run


@pytest.mark.parametrize("recipe", [RECIPE, OURS])
def test_run_continued_from_any_step_is_the_same(capture: Capture, recipe: Recipe) -> None:
    whole = trainer(capture, recipe)
    list(whole.run())
    total = whole.position.steps_done
    rng = np.random.default_rng(0)
    for _ in range(5):
        run = trainer(capture, recipe)
        for stop in sorted(rng.integers(0, total, 3)):
            left = stop - run.position.steps_done
            asked = iter(range(10**6))
            events = run.run(lambda left=left, asked=asked: next(asked) >= left)
            if stop:
                list(events)
            run = after_restart(run.state(), trainer(capture, recipe))
        list(run.run())
        assert_same(run, whole)


def test_run_continued_between_the_last_step_and_its_validation(
    capture: Capture, whole: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "REPORT_SECONDS", 0.0)
    run = trainer(capture)
    all_steps = run.windows.steps_per_epoch
    events = run.run()
    while run.position.steps_in_epoch < all_steps:
        next(events)
    run = after_restart(run.state(), trainer(capture))
    assert run.position.steps_in_epoch == all_steps
    rows = [e for e in run.run() if isinstance(e, EpochDone)]
    assert np.isnan(rows[0].seconds_left)
    assert rows[0].steps_per_second == 0
    assert_same(run, whole)


def test_run_goes_on_in_the_same_process_too(capture: Capture, whole: Trainer) -> None:
    run = trainer(capture)
    for steps in (3, 20, 5):
        asked = iter(range(10**6))
        list(run.run(lambda steps=steps, asked=asked: next(asked) >= steps))
    list(run.run())
    assert_same(run, whole)


def test_roll_back_after_a_resume_goes_where_it_would_have_gone(
    capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Continued within an epoch, training still knows how the epoch began."""
    per_epoch = trainer(capture).windows.steps_per_epoch
    backward = Stepper.backward

    def run_with_fault(cut: int | None) -> Trainer:
        """Three bad steps in the second epoch; stopped and continued after ``cut`` steps."""
        count = iter(range(10**6))
        bad = range(per_epoch + 6, per_epoch + 9)

        def spoiling(self: Stepper, audio: Tensor, target: Tensor) -> StepFigures:
            return backward(self, audio, target + (np.nan if next(count) in bad else 0.0))

        monkeypatch.setattr(Stepper, "backward", spoiling)
        run = trainer(capture)
        if cut is not None:
            asked = iter(range(10**6))
            list(run.run(lambda: next(asked) >= cut))
            run = after_restart(run.state(), trainer(capture))
        list(run.run())
        return run

    whole = run_with_fault(None)
    assert whole.position.rollbacks == 1
    for cut in (per_epoch + 3, per_epoch + 7):
        assert_same(run_with_fault(cut), whole)


def test_learning_rate_stays_halved(capture: Capture) -> None:
    state = trainer(capture).state()
    run = trainer(capture)
    run.restore(replace(state, position=replace(state.position, rollbacks=1)))
    rows = [e for e in run.run() if isinstance(e, EpochDone)]
    assert rows[0].learning_rate == RECIPE.learning_rate / 2


def test_finished_training_takes_more_epochs(capture: Capture, whole: Trainer) -> None:
    short = trainer(capture, replace(RECIPE, epochs=2))
    list(short.run())
    events: list[TrainEvent] = []
    run = after_restart(short.state(), trainer(capture))
    events.extend(run.run())
    assert isinstance(events[0], Started)
    assert (events[0].epochs_done, events[0].epochs) == (2, 6)
    assert_same(run, whole)
    nothing_left = list(after_restart(whole.state(), trainer(capture)).run())
    assert [type(e) for e in nothing_left] == [Started, Finished]


def test_state_of_another_training_is_refused_in_words(capture: Capture) -> None:
    state = trainer(capture).state()
    others = {
        "recording or latency": trainer(small_capture(5)),
        "batch size": trainer(capture, replace(RECIPE, batch_size=8)),
        "seed": trainer(capture, seed=1),
        "network": trainer_of(capture, two_array_packed(), RECIPE, device=torch.device("cpu")),
    }
    for what, other in others.items():
        with pytest.raises(OtherTrainingError, match=f"training of amp had another {what}"):
            other.restore(state)


def test_state_that_does_not_fit_together_is_refused(capture: Capture, whole: Trainer) -> None:
    state = trainer(capture).state()
    wrong = [
        replace(state, shuffle=np.zeros(3, np.uint8)),
        replace(state, stepper=replace(state.stepper, weights={})),
        replace(state, shuffle=state.shuffle.astype(np.float32)),
        replace(state, best=()),
        replace(state, position=replace(state.position, steps_in_epoch=3)),
        replace(state, epoch_start=state.stepper),
        replace(whole.state(), history=(replace(whole.history[0], metrics=()),)),
        replace(state, stepper=replace(state.stepper, optimizer={"step": np.zeros(1)})),
    ]
    for broken in wrong:
        with pytest.raises(DamagedCheckpointError, match="does not fit together"):
            trainer(capture).restore(broken)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (StopRules(target_esr=0.9), FinishReason.TARGET_REACHED),
        (StopRules(target_esr=0.9, target_submodel="small"), FinishReason.TARGET_REACHED),
        (StopRules(patience=1), FinishReason.NO_IMPROVEMENT),
        (StopRules(target_esr=1e-9, patience=1000, minutes=60), FinishReason.COMPLETED),
    ],
)
def test_rules_end_a_run_early_and_it_can_go_on(
    capture: Capture, rules: StopRules, reason: FinishReason
) -> None:
    is_stuck = reason is FinishReason.NO_IMPROVEMENT
    rate = 0.0 if is_stuck else 0.05
    recipe = replace(RECIPE, learning_rate=rate, epochs=12, mrstft_weight=0.0)
    device = torch.device("cpu")
    run = trainer_of(capture, small_packed(), recipe, device=device, stop_rules=rules)
    end = list(run.run())[-1]
    assert isinstance(end, Finished)
    assert end.reason is reason
    ended = run.position.epochs_done
    assert (ended < 12) == (reason is not FinishReason.COMPLETED)
    judged = [b for b in end.result.submodels if rules.target_submodel in (None, b.name)][-1]
    if reason is FinishReason.TARGET_REACHED:
        assert judged.metrics.esr <= 0.9
        assert all(row.metrics[-1].esr > 0.9 for row in run.history[:-1]) or rules.target_submodel
    if reason is FinishReason.NO_IMPROVEMENT:
        assert max(b.epoch for b in end.result.submodels) == ended - 1
    on = after_restart(run.state(), trainer(capture, recipe))
    end = list(on.run())[-1]
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.COMPLETED


def test_time_limit_ends_a_run_and_keeps_what_there_is(capture: Capture) -> None:
    device = torch.device("cpu")
    recipe = replace(RECIPE, epochs=10**6)
    rules = StopRules(minutes=0.3 / 60)
    run = trainer_of(capture, small_packed(), recipe, device=device, stop_rules=rules)
    events = list(run.run())
    end = events[-1]
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.TIME_UP
    rows = [e for e in events if isinstance(e, EpochDone)]
    assert all(row.seconds_left <= 0.3 for row in rows)
    assert end.result.epochs_done == len(rows)


def test_epochs_added_to_an_annealed_training_go_on_at_the_rate_of_a_longer_one(
    capture: Capture,
) -> None:
    short = trainer(capture, OURS)
    list(short.run())
    run = after_restart(short.state(), trainer(capture, replace(OURS, epochs=12)))
    rows = [e for e in run.run() if isinstance(e, EpochDone)]
    steps = run.windows.steps_per_epoch
    longer = replace(OURS, epochs=12)
    assert [r.learning_rate for r in rows] == [
        rate_at(longer, steps * epoch - 1, steps) for epoch in range(7, 13)
    ]
    assert rows[0].learning_rate > short.history[-1].learning_rate


def test_history_is_a_table_with_every_figure(whole: Trainer) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(whole.history, ("small", "large")))))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    for row, event in zip(rows, whole.history, strict=True):
        assert float(row["esr_small"]) == event.metrics[0].esr
        assert float(row["mrstft_large"]) == event.metrics[1].mrstft
        for name in ("loss", "mse", "mrstft", "gradient_norm", "learning_rate", "memory_mb"):
            assert float(row[name]) == getattr(event, name)
        assert float(row["steps_per_second"]) > 0
        assert int(row["skipped_steps"]) == 0
