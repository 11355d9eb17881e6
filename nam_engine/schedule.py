"""The learning rate, and what else changes, from step to step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from nam_engine.errors import ConfigError
from nam_engine.events import EpochDone
from nam_engine.logged import logged
from nam_engine.method import SOAP, Method, RateDecay, TorchScheduler

__all__ = ["Schedule", "make_schedule"]

# What schedulers change.
_CHANGING = ("lr", "betas", "momentum")


class Schedule(Protocol):
    """Says how a step is to be taken; what came before decides, so that a run can be resumed."""

    def settings_at(self, step: int, history: Sequence[EpochDone]) -> Mapping[str, Any]:
        """The optimizer's settings, ``lr`` among them, for a step counted from 0.

        ``history`` holds the epochs that ended before it.
        """
        ...


class Decay:
    """A rate that is known for every step."""

    def __init__(self, method: Method, decay: RateDecay, steps_per_epoch: int) -> None:
        self._method = method
        self._decay = decay
        self._steps_per_epoch = steps_per_epoch

    def settings_at(self, step: int, history: Sequence[EpochDone]) -> Mapping[str, Any]:
        share = self._decay.share_at(step, self._steps_per_epoch, self._method.epochs)
        return {"lr": self._method.optimizer.learning_rate * share}


class Replay:
    """A scheduler of ``torch.optim.lr_scheduler``, stepped as Lightning does.

    It keeps its place in the training; for a place before that it begins anew and is stepped
    up to there, so that nothing of it needs to be saved. It drives an optimizer that trains
    nothing. Raises ConfigError where the training is longer than the scheduler allows.
    """

    def __init__(self, method: Method, scheduler: TorchScheduler, steps_per_epoch: int) -> None:
        self._method = method
        self._scheduler = scheduler
        self._steps_per_epoch = steps_per_epoch
        self._begin()
        self._require_long_enough()

    def _require_long_enough(self) -> None:
        """OneCycleLR refuses to be stepped beyond its end: better told before training."""
        steps = self._method.epochs * self._steps_per_epoch
        if self._method.max_steps is not None:
            steps = min(steps, self._method.max_steps)
        epochs, rest = divmod(steps - 1, self._steps_per_epoch)
        frequency = self._scheduler.frequency
        needed = epochs // frequency
        if self._scheduler.interval == "step":
            needed = epochs * (self._steps_per_epoch // frequency) + rest // frequency
        most = getattr(self._stepped, "total_steps", needed)
        if needed > most:
            raise ConfigError(
                f"The learning rate's scheduler {self._scheduler.name} ends after {most} of its"
                f" steps, but it is stepped {needed} times in this training.",
                "Give it more total_steps, or train for fewer epochs.",
            )

    def _begin(self) -> None:
        choice = self._method.optimizer
        weights = [torch.nn.Parameter(torch.zeros(1))]
        if choice.name == SOAP:
            self._driven: torch.optim.Optimizer = torch.optim.Adam(weights, **choice.settings)
        else:
            self._driven = getattr(torch.optim, choice.name)(weights, **choice.settings)
        make = getattr(torch.optim.lr_scheduler, self._scheduler.name)
        self._stepped = make(self._driven, **self._scheduler.settings)
        self._driven.step()  # a scheduler warns where its optimizer never stepped
        self._at = 0

    def settings_at(self, step: int, history: Sequence[EpochDone]) -> Mapping[str, Any]:
        if step < self._at:
            self._begin()
        while self._at < step:
            self._at += 1
            self._after_step(history)
        group = self._driven.param_groups[0]
        return {key: group[key] for key in _CHANGING if key in group}

    def _after_step(self, history: Sequence[EpochDone]) -> None:
        epoch, rest = divmod(self._at, self._steps_per_epoch)
        frequency = self._scheduler.frequency
        if self._scheduler.interval == "step":
            # Lightning counts anew in each epoch.
            if (rest or self._steps_per_epoch) % frequency == 0:
                self._stepped.step()
        elif rest == 0 and epoch % frequency == 0:
            (*_, row) = (row for row in history if row.epoch == epoch)
            self._stepped.step(*self._monitored(row))

    def _monitored(self, row: EpochDone) -> tuple[float, ...]:
        """What the scheduler is given: the metric that it monitors, if it does."""
        if self._scheduler.monitor is None:
            return ()
        return (logged(row.metrics, self._method.judged_by)[self._scheduler.monitor],)


def make_schedule(method: Method, steps_per_epoch: int) -> Schedule:
    """That of a method."""
    if isinstance(method.schedule, RateDecay):
        return Decay(method, method.schedule, steps_per_epoch)
    return Replay(method, method.schedule, steps_per_epoch)
