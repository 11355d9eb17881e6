from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import small_capture, small_packed
from trainers import rate_at, trainer_of

from nam_engine.errors import TrainingError
from nam_engine.evaluate import evaluate
from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Started,
    StepsDone,
    SubmodelMetrics,
    TrainEvent,
    Warned,
)
from nam_engine.nam_file import NamModel
from nam_engine.presets import Recipe
from nam_engine.render import play
from nam_engine.trainer import Trainer

RECIPE = Recipe(epochs=3, window_samples=2048, batch_size=8, learning_rate=0.02)


def trainer(seed: int = 0, recipe: Recipe = RECIPE) -> Trainer:
    device = torch.device("cpu")
    return trainer_of(small_capture(), small_packed(), recipe, device=device, seed=seed)


def finished(events: list[TrainEvent]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(10**9))
    return lambda: next(asked) >= steps


def test_events_come_in_order_and_pickle() -> None:
    run = trainer()
    events = list(run.run())
    assert isinstance(events[0], Started)
    assert events[0].steps_per_epoch == run.windows.steps_per_epoch
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert [e.epoch for e in epochs] == [1, 2, 3]
    assert epochs[-1].seconds_left == 0
    assert finished(events).reason is FinishReason.COMPLETED
    copies = pickle.loads(pickle.dumps(events))
    assert copies[:-1] == events[:-1]
    np.testing.assert_array_equal(
        finished(copies).result.submodels[1].weights, finished(events).result.submodels[1].weights
    )


def test_progress_is_reported_with_finite_figures() -> None:
    events = list(trainer(recipe=replace(RECIPE, epochs=6)).run())
    reports = [e for e in events if isinstance(e, StepsDone)]
    assert reports
    for report in reports:
        assert report.steps_per_second > 0
        figures = [report.loss, report.mse, report.mrstft, report.gradient_norm]
        assert np.isfinite([*figures, report.seconds_left]).all()
        assert report.loss == pytest.approx(report.mse + RECIPE.mrstft_weight * report.mrstft)
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert [e.learning_rate for e in epochs] == [0.02 * 0.994**i for i in range(6)]
    assert [e.step for e in epochs] == [epochs[0].step * (i + 1) for i in range(6)]
    assert all(e.memory_mb > 10 and e.steps_per_second > 1 for e in epochs)


def test_training_lowers_the_error_and_keeps_the_best() -> None:
    events = list(trainer(recipe=replace(RECIPE, epochs=15)).run())
    result = finished(events).result
    epochs = [e for e in events if isinstance(e, EpochDone)]
    for i, submodel in enumerate(result.submodels):
        errors = [e.metrics[i].esr for e in epochs]
        assert submodel.metrics.esr == min(errors) < 0.3
        assert errors[submodel.epoch - 1] == min(errors)
        improved = [e.esr for e in events if isinstance(e, BestImproved) and e.submodel == i]
        assert improved == sorted(improved, reverse=True)
        assert improved[-1] == min(errors)


def test_result_weights_play_the_recording_at_its_own_level() -> None:
    """The exported model's ESR against the raw recording is the reported one."""
    run = trainer(recipe=replace(RECIPE, epochs=8))
    result = finished(list(run.run())).result
    capture = small_capture()
    for part, submodel in zip(run.config.submodels, result.submodels, strict=True):
        model = NamModel(part.config, submodel.weights, capture.sample_rate_hz)
        span = capture.validation
        played = play(model, capture.input, span.start, span.stop)
        (score,) = evaluate({part.name: played}, span.of(capture.target), capture.sample_rate_hz)
        assert score.esr == pytest.approx(submodel.metrics.esr, rel=1e-4)


@pytest.mark.parametrize("steps", [1, 7, 11, 20, 40])
def test_cancel_keeps_best_weights(steps: int) -> None:
    """Those of a run that is not cancelled, up to the epoch before the stop."""
    recipe = replace(RECIPE, epochs=50, learning_rate=0.1)  # high, so that errors also rise
    run = trainer(recipe=recipe)
    per_epoch = run.windows.steps_per_epoch
    end = finished(list(run.run(stop_after(steps))))
    assert end.reason is FinishReason.STOPPED
    assert end.result.epochs_done == steps // per_epoch
    if steps < per_epoch:
        assert [s.epoch for s in end.result.submodels] == [0, 0]
        return
    whole = trainer(recipe=replace(recipe, epochs=steps // per_epoch))
    expected = finished(list(whole.run())).result
    for kept, best in zip(end.result.submodels, expected.submodels, strict=True):
        assert (kept.epoch, kept.metrics) == (best.epoch, best.metrics)
        np.testing.assert_array_equal(kept.weights, best.weights)


def test_stop_before_the_first_step_is_not_a_model() -> None:
    with pytest.raises(TrainingError, match="stopped before its first step"):
        list(trainer().run(stop_after(0)))


def test_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    results = [finished(list(trainer(seed).run())).result for seed in (4, 4, 5)]
    weights = [np.concatenate([s.weights for s in r.submodels]) for r in results]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_random_numbers_of_others_are_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    list(trainer().run())
    torch.testing.assert_close(torch.rand(3), expected)


def test_nan_is_never_better_and_goes_back_to_the_last_good_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trainer()
    validate = run.validate
    nan = float("nan")
    forced = iter([None, (0.001, nan), (nan, 0.001), None, None])

    def sometimes_nan() -> tuple[SubmodelMetrics, ...]:
        errors = next(forced)
        if errors is None:
            return validate()
        return tuple(SubmodelMetrics(esr, 0.0, 0.0) for esr in errors)

    monkeypatch.setattr(run, "validate", sometimes_nan)
    events = list(run.run())
    assert [type(e) for e in events if isinstance(e, EpochDone | Warned)] == [
        EpochDone,
        Warned,
        Warned,
        EpochDone,
        EpochDone,
    ]
    rates = [e.learning_rate for e in events if isinstance(e, EpochDone)]
    full = [rate_at(RECIPE, i, 1) for i in range(3)]
    assert rates == [full[0], full[1] / 4, full[2] / 4]
    assert all(s.metrics.esr > 0.001 for s in finished(events).result.submodels)


def test_unstable_training_fails_after_two_rollbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer()
    nan = SubmodelMetrics(float("nan"), float("nan"), float("nan"))
    monkeypatch.setattr(run, "validate", lambda: (nan, nan))
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match="is unstable: its error is no finite number"):
        events.extend(run.run())
    assert sum(isinstance(e, Warned) for e in events) == 2
    assert not any(isinstance(e, EpochDone | Finished) for e in events)


def test_abandoned_run_ends_quietly() -> None:
    events = trainer().run()
    next(events)
    events.close()
