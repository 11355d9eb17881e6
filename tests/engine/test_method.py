"""What a method may ask of a training beyond a recipe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support import small_capture, small_packed, two_array_packed

from nam_engine.dataset import Windows, material_of
from nam_engine.errors import CaptureError, ConfigError
from nam_engine.events import EpochDone, Finished, FinishReason, TrainEvent
from nam_engine.material import Material, Passage
from nam_engine.method import (
    Batches,
    Clipping,
    JudgedBy,
    LastBatch,
    LossName,
    Method,
    Objective,
    OptimizerChoice,
    TorchScheduler,
)
from nam_engine.presets import Recipe
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.packed import PackedWaveNet

CPU = torch.device("cpu")
CONFIG = small_packed()
RECIPE = Recipe(epochs=2, window_samples=2048)
METHOD = Method(
    epochs=2,
    objective=Objective(LossName.MSE),
    optimizer=OptimizerChoice("SGD", {"lr": 0.01, "momentum": 0.9}),
    schedule=TorchScheduler("OneCycleLR", {"max_lr": 0.1, "total_steps": 100}, "step"),
    batches=Batches(6, shuffle=False, last=LastBatch.DROPPED),
)


def material() -> Material:
    return material_of(small_capture(), CONFIG.receptive_field, RECIPE)


def trainer(method: Method = METHOD, **changes: Any) -> Trainer:
    return Trainer(material(), CONFIG, replace(method, **changes), device=CPU)


def rows(events: list[TrainEvent]) -> list[EpochDone]:
    return [e for e in events if isinstance(e, EpochDone)]


def windows(batches: Batches) -> Windows:
    return Windows(material(), CONFIG.receptive_field, replace(METHOD, batches=batches), CPU)


def epoch_of(batches: Batches) -> list[list[int]]:
    return [b.tolist() for b in windows(batches).epoch(torch.Generator().manual_seed(0))]


def test_last_batch_is_dropped_or_smaller_and_nothing_is_shuffled() -> None:
    dropped = epoch_of(Batches(9, shuffle=False, last=LastBatch.DROPPED))
    assert dropped == [list(range(9 * i, 9 * i + 9)) for i in range(8)]
    smaller = epoch_of(Batches(9, shuffle=False, last=LastBatch.SMALLER))
    assert smaller == [*dropped, list(range(72, 80))]
    shuffled = epoch_of(Batches(9, last=LastBatch.SMALLER))
    order = [i for batch in shuffled for i in batch]
    assert sorted(order) == list(range(80)) != order


def test_an_epoch_may_be_limited() -> None:
    assert len(epoch_of(Batches(10, limit=3))) == 3
    assert len(epoch_of(Batches(10, limit=0.5))) == 4
    assert len(epoch_of(Batches(10, limit=100))) == 8


def test_windows_that_fill_no_batch_are_refused_where_they_would_be_dropped() -> None:
    with pytest.raises(CaptureError, match="80 windows of 2048 samples; they do not fill one"):
        windows(Batches(81, last=LastBatch.DROPPED))


def test_windows_come_from_all_passages_and_never_lie_across_two() -> None:
    def passage(first: int, samples: int) -> Passage:
        target = np.arange(first, first + samples, dtype=np.float32)
        return Passage(np.concatenate([np.full(7, first - 1, np.float32), target]), target)

    several = replace(
        material(), window_samples=10, train=(passage(100, 25), passage(500, 39)), target_gain=1.0
    )
    made = Windows(several, 8, replace(METHOD, batches=Batches(5, shuffle=False)), CPU)
    audio, target = made.batch(torch.arange(5))
    assert target[:, 0].tolist() == [100, 110, 500, 510, 520]
    assert audio.shape == (5, 17)
    torch.testing.assert_close(audio[:, 7:], target)
    assert audio[0, 0] == 99
    assert audio[2, 0] == 499


def test_validation_averages_over_its_passages() -> None:
    whole = material()
    (passage,) = whole.validation
    context, half = CONFIG.receptive_field - 1, len(passage.target) // 2
    parts = (
        Passage(passage.input[: half + context], passage.target[:half]),
        Passage(passage.input[half:], passage.target[half:]),
    )
    each = [
        Trainer(replace(whole, validation=(p,)), CONFIG, METHOD, device=CPU).validate()
        for p in parts
    ]
    both = Trainer(replace(whole, validation=parts), CONFIG, METHOD, device=CPU).validate()
    for i, metrics in enumerate(both):
        assert metrics.esr == pytest.approx((each[0][i].esr + each[1][i].esr) / 2)
        assert metrics.mse == pytest.approx((each[0][i].mse + each[1][i].mse) / 2)


def test_validation_within_epochs_keeps_what_is_better() -> None:
    events = list(trainer(validate_every=5).run())
    told = [(row.epoch, row.step, row.is_complete) for row in rows(events)]
    assert told == [
        (1, 5, False),
        (1, 10, False),
        (1, 13, True),
        (2, 18, False),
        (2, 23, False),
        (2, 26, True),
    ]
    (finished,) = (e for e in events if isinstance(e, Finished))
    best = min(rows(events), key=lambda row: row.metrics[1].esr)
    assert finished.result.submodels[1].metrics == best.metrics[1]
    assert finished.result.submodels[1].step == best.step
    assert [r.step for r in rows(list(trainer(validate_every=0.5).run()))] == [
        6,
        12,
        13,
        19,
        25,
        26,
    ]


def test_training_ends_after_so_many_steps() -> None:
    events = list(trainer(max_steps=17, epochs=1000).run())
    assert [row.step for row in rows(events)] == [13, 17]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.COMPLETED


@pytest.mark.parametrize("stop_at", [1, 12, 13, 14, 17, 23])
def test_resumed_equals_uninterrupted(stop_at: int) -> None:
    """With a scheduler that changes rate and momentum every step, and validations within."""
    changes = {"validate_every": 5, "epochs": 3, "max_steps": 30}
    whole = trainer(**changes)
    list(whole.run())
    first = trainer(**changes)
    list(first.run(lambda: first.position.steps_done >= stop_at))
    second = trainer(**changes)
    second.restore(first.state())
    list(second.run())
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], tensor)
    assert [row.metrics for row in second.history] == [row.metrics for row in whole.history]
    assert [r.learning_rate for r in second.history] == [r.learning_rate for r in whole.history]
    for ours, theirs in zip(second.result().submodels, whole.result().submodels, strict=True):
        assert (ours.step, ours.metrics) == (theirs.step, theirs.metrics)


def test_best_is_judged_by_the_mse_where_asked() -> None:
    """ESR is an average of ratios over passages, so that both can disagree."""
    whole = material()
    (passage,) = whole.validation
    quiet = Passage(passage.input, passage.target * np.float32(1e-4))
    two = replace(whole, validation=(passage, quiet))
    for judged_by in JudgedBy:
        method = replace(METHOD, judged_by=judged_by, epochs=6, validate_every=2)
        run = Trainer(two, CONFIG, method, device=CPU)
        events = list(run.run())
        figures = [getattr(row.metrics[0], judged_by) for row in rows(events)]
        (finished,) = (e for e in events if isinstance(e, Finished))
        assert getattr(finished.result.submodels[0].metrics, judged_by) == min(figures)


@pytest.mark.parametrize("by_norm", [True, False])
def test_gradients_are_clipped(*, by_norm: bool) -> None:
    method = replace(METHOD, clipping=Clipping(1e-3, by_norm))
    stepper = Stepper(PackedWaveNet(two_array_packed()), method, CPU)
    audio = torch.randn(2, two_array_packed().receptive_field + 99)
    figures = stepper.backward(audio, torch.randn(2, 100))
    assert figures.gradient_norm > 1e-3
    stepper.update()
    gradients = [p.grad for p in stepper.network.parameters() if p.grad is not None]
    if by_norm:
        assert torch.nn.utils.get_total_norm(gradients) <= 1.001e-3
    else:
        assert max(g.abs().max() for g in gradients) <= 1e-3


def test_a_scheduler_that_ends_before_the_training_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"OneCycleLR ends after 100 of its steps, .* 129 times"):
        trainer(epochs=10)
