"""What torch says to a choice of optimizer and schedule, found by making them for a trial.

Importing this module does not import torch; calling its functions does.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nam_engine.errors import ConfigError
from nam_engine.method import SOAP, OptimizerChoice, TorchScheduler

__all__ = [
    "MAX_SETTINGS",
    "default_rate",
    "optimizer_names",
    "scheduler_names",
    "try_optimizer",
    "try_scheduler",
]

MAX_SETTINGS = 32
MAX_CALLS = 10_000

# What torch raises for settings that it cannot use; a wrong one often shows first as a
# failing comparison, index or attribute.
REFUSALS = (
    ArithmeticError,
    AttributeError,
    AssertionError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def optimizer_names() -> list[str]:
    import torch

    return _classes(torch.optim, torch.optim.Optimizer)


def scheduler_names() -> list[str]:
    import torch

    return _classes(torch.optim.lr_scheduler, torch.optim.lr_scheduler.LRScheduler)


def _classes(module: Any, base: type) -> list[str]:
    public = ((n, value) for n, value in vars(module).items() if not n.startswith("_"))
    return sorted(n for n, value in public if inspect.isclass(value) and issubclass(value, base))


def default_rate(name: str) -> float:
    """The learning rate of a class of ``torch.optim`` where none is given."""
    import torch

    return float(inspect.signature(getattr(torch.optim, name)).parameters["lr"].default)


def try_optimizer(choice: OptimizerChoice, where: str) -> None:
    """Make the optimizer for a few weights, and one step. Raises ConfigError with torch's words."""

    def attempt(settings: Mapping[str, Any]) -> None:
        optimizer, weights = _optimizer(choice.name, settings)
        optimizer.step()
        if not weights.isfinite().all():
            raise ValueError("the weights are not finite after one step")

    _try(attempt, choice.name, choice.settings, where)


def try_scheduler(
    choice: TorchScheduler, optimizer: OptimizerChoice, calls: int, where: str
) -> None:
    """Make the schedule and follow it for ``calls`` calls, as far as they are known.

    Raises ConfigError, with torch's words, where it fails or leaves the possible rates.
    """

    def attempt(settings: Mapping[str, Any]) -> None:
        import torch

        made, _ = _optimizer(optimizer.name, optimizer.settings)
        schedule = getattr(torch.optim.lr_scheduler, choice.name)(made, **settings)
        metric = (1.0,) if choice.monitor is not None else ()
        for call in range(min(max(calls, 1), MAX_CALLS)):
            schedule.step(*metric)
            rate = float(made.param_groups[0]["lr"])
            if not math.isfinite(rate) or rate < -1e-12:  # their sums end a rounding below zero
                raise ValueError(f"the learning rate becomes {rate:g} after {call + 1} calls")

    _try(attempt, choice.name, choice.settings, where)


def _optimizer(name: str, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """An optimizer and the weights, with a gradient, that it is for."""
    import torch

    weights = torch.nn.Parameter(torch.ones(2, 3))
    weights.grad = torch.ones(2, 3)
    weights.grad[0] = 0.0  # as of the weights between two submodels
    if name == SOAP:  # what a schedule sees of it
        return torch.optim.Optimizer([weights], dict(settings)), weights
    return getattr(torch.optim, name)([weights], **settings), weights


def _try(
    attempt: Callable[[Mapping[str, Any]], None],
    name: str,
    settings: Mapping[str, Any],
    where: str,
) -> None:
    with _quietly():
        try:
            attempt(settings)
        except REFUSALS as error:
            key = _culprit(attempt, settings)
            raise ConfigError(
                f"{where}.{key}: {name} cannot use it ({_words(error)})."
                if key
                else f"{where}: {name} cannot use these settings ({_words(error)})."
            ) from error


def _culprit(
    attempt: Callable[[Mapping[str, Any]], None], settings: Mapping[str, Any]
) -> str | None:
    """The one setting without which all would be well, if there is one."""
    for key in settings:
        try:
            attempt({k: v for k, v in settings.items() if k != key})
        except REFUSALS:
            continue
        return key
    return next(iter(settings)) if len(settings) == 1 else None


def _words(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."


@contextmanager
def _quietly() -> Iterator[None]:
    """Torch warns of a schedule that is followed without an optimizer's steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
