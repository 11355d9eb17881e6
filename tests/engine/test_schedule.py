"""Schedules: PyTorch's own, stepped as in a training that is never interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from nam_engine.events import EpochDone, SubmodelMetrics
from nam_engine.method import JudgedBy, Method, Objective, OptimizerChoice, TorchScheduler
from nam_engine.schedule import make_schedule

STEPS_PER_EPOCH, EPOCHS = 4, 6
STEPS = STEPS_PER_EPOCH * EPOCHS
ESRS = [0.9, 0.5, 0.6, 0.7, 0.4, 0.45]

SCHEDULERS = {
    "ExponentialLR": {"gamma": 0.9},
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [1, 3]},
    "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "LinearLR": {},
    "PolynomialLR": {"total_iters": 4},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": STEPS},
    "CyclicLR": {"base_lr": 0.001, "max_lr": 0.01, "step_size_up": 3, "cycle_momentum": False},
    "ReduceLROnPlateau": {"patience": 0, "factor": 0.5},
}


def method(scheduler: TorchScheduler, optimizer: str = "Adam") -> Method:
    return Method(
        epochs=EPOCHS,
        objective=Objective(),
        optimizer=OptimizerChoice(optimizer, {"lr": 0.01}),
        schedule=scheduler,
        judged_by=JudgedBy.ESR,
    )


def row(epoch: int, step: int, esr: float) -> EpochDone:
    metrics = (SubmodelMetrics(esr / 4, 0.1, 1.0), SubmodelMetrics(3 * esr / 4, 0.2, 2.0))
    figures = [0.0] * 8
    return EpochDone(epoch, step, metrics, *figures[:3], 0.0, 0.01, 0, *figures[4:])


HISTORY = [row(i + 1, (i + 1) * STEPS_PER_EPOCH, esr) for i, esr in enumerate(ESRS)]


def known_at(step: int) -> Sequence[EpochDone]:
    return [r for r in HISTORY if r.step <= step]


def expected(name: str, interval: str, frequency: int) -> list[dict[str, Any]]:
    """A plain loop over epochs and steps."""
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **SCHEDULERS[name])
    is_plateau = name == "ReduceLROnPlateau"
    settings = []
    for epoch in range(EPOCHS):
        for step in range(STEPS_PER_EPOCH):
            group = optimizer.param_groups[0]
            settings.append({"lr": group["lr"], "betas": group["betas"]})
            optimizer.step()
            if interval == "step" and (step + 1) % frequency == 0:
                scheduler.step()
        if interval == "epoch" and (epoch + 1) % frequency == 0:
            scheduler.step(*([ESRS[epoch]] if is_plateau else []))
    return settings


@pytest.mark.parametrize("frequency", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "interval"),
    [(n, "epoch") for n in SCHEDULERS] + [(n, "step") for n in SCHEDULERS if "Plateau" not in n],
)
def test_settings_are_those_of_an_uninterrupted_training(
    name: str, interval: str, frequency: int
) -> None:
    monitor = "ESR" if name == "ReduceLROnPlateau" else None
    scheduler = TorchScheduler(name, SCHEDULERS[name], interval, frequency, monitor)
    schedule = make_schedule(method(scheduler), STEPS_PER_EPOCH)
    wanted = expected(name, interval, frequency)
    assert [schedule.settings_at(i, known_at(i)) for i in range(STEPS)] == wanted
    # As after a rollback, and as in another process that resumes in the middle.
    assert schedule.settings_at(9, known_at(9)) == wanted[9]
    other = make_schedule(method(scheduler), STEPS_PER_EPOCH)
    assert other.settings_at(17, known_at(17)) == wanted[17]


def test_plateau_follows_the_metric_that_it_monitors() -> None:
    settings = {"patience": 0, "factor": 0.5}
    by_esr = TorchScheduler("ReduceLROnPlateau", settings, monitor="ESR_packed_1")
    by_mse = TorchScheduler("ReduceLROnPlateau", settings, monitor="MSE_packed_0")
    rates = [
        make_schedule(method(s), STEPS_PER_EPOCH).settings_at(STEPS, HISTORY)["lr"]
        for s in (by_esr, by_mse)
    ]
    assert rates == [0.01 / 2**3, 0.01 / 2**5]  # ESR rose three times, the MSE never fell


def test_soap_follows_a_scheduler_of_pytorch() -> None:
    scheduler = TorchScheduler("StepLR", {"step_size": 1, "gamma": 0.1})
    schedule = make_schedule(method(scheduler, "SOAP"), STEPS_PER_EPOCH)
    assert schedule.settings_at(STEPS_PER_EPOCH, HISTORY)["lr"] == pytest.approx(0.001)
