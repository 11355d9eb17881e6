"""``optimizer`` and ``lr_scheduler`` of model.json: classes of torch by their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full.json_file import JsonFile
from nam_engine.full.torch_trial import (
    MAX_SETTINGS,
    default_rate,
    optimizer_names,
    scheduler_names,
    try_optimizer,
    try_scheduler,
)
from nam_engine.json_node import Node, quoted
from nam_engine.method import SOAP, OptimizerChoice, RateDecay, TorchScheduler

__all__ = ["parse_optimizer", "parse_schedule"]

DEFAULT_RATE = 0.001
MAX_RATE = 1000.0
MAX_FREQUENCY = 10**9
# How a step is computed, not what it gives.
NO_EFFECT = ("capturable", "differentiable", "foreach", "fused")
NO_OPTIMIZERS = {
    "LBFGS": "it would need the loss several times for a step",
    "Muon": "it works on matrices, and the weights of convolutions are none",
    "Optimizer": "it is what all optimizers have in common",
    "SparseAdam": "it needs sparse gradients",
}
NO_SCHEDULERS = {
    "ChainedScheduler": "it needs other schedules as objects of Python",
    "LRScheduler": "it is what all schedules have in common",
    "LambdaLR": "it needs a function of Python",
    "MultiplicativeLR": "it needs a function of Python",
    "SequentialLR": "it needs other schedules as objects of Python",
}
PLATEAU = "ReduceLROnPlateau"
METRICS = ("val_loss", "ESR", "MSE", "MRSTFT")


def parse_optimizer(file: JsonFile) -> OptimizerChoice:
    """Adam, or the ``class`` that is named; its settings are tried."""
    if "optimizer" not in file.root:
        file.warn(f"optimizer is missing; Adam with a learning rate of {DEFAULT_RATE} is used.")
        return OptimizerChoice("Adam", {"lr": DEFAULT_RATE})
    node = file.root["optimizer"]
    settings = _settings(file, node, {"class", "lr", *NO_EFFECT})
    if idle := [key for key in NO_EFFECT if key in node]:
        file.warn(f"{node.where}: these have no effect: {', '.join(idle)}.")
    name = node.get("class", "Adam")
    if name.value == SOAP:
        if settings:
            raise ConfigError(f"{node.where}.{next(iter(settings))}: SOAP has lr and nothing else.")
        lr = node["lr"]
    else:
        _require_class(name, optimizer_names(), NO_OPTIMIZERS, extra=[SOAP])
        lr = node.get("lr", default_rate(name.text()))
    rate = lr.between(0, MAX_RATE)
    if rate == 0:
        raise ConfigError(f"{lr.where} is 0: nothing would be learned.")
    choice = OptimizerChoice(name.text(), {"lr": rate, **settings})
    if name.value != SOAP:
        try_optimizer(choice, node.where)
    return choice


def parse_schedule(
    file: JsonFile, optimizer: OptimizerChoice, epochs: int, submodels: int
) -> RateDecay | TorchScheduler:
    """The schedule; it is followed for ``epochs`` epochs where it counts in those."""
    if not file.root.has("lr_scheduler"):
        file.warn("lr_scheduler is missing; the learning rate does not change.")
    if "lr_scheduler" not in file.root:
        return RateDecay()
    node = file.root["lr_scheduler"]
    file.warn_of_unknown(node, ("class", "kwargs", "interval", "frequency", "monitor"))
    name, kwargs = node["class"], node.get("kwargs", {})
    _require_class(name, scheduler_names(), NO_SCHEDULERS)
    settings = _settings(file, kwargs, {"verbose"})
    if "verbose" in kwargs:
        file.warn(f"{kwargs['verbose'].where} has no effect.")
    interval = node.get("interval", "epoch")
    if interval.value not in ("epoch", "step"):
        raise interval.wrong('"epoch" or "step"')
    frequency = node.get("frequency", 1).integer(1, MAX_FREQUENCY)
    choice = TorchScheduler(
        name.text(),
        settings,
        interval.text(),
        frequency,
        _monitor(node, submodels) if name.value == PLATEAU else None,
    )
    if choice.monitor is not None and choice.interval == "step":
        raise ConfigError(
            f"{interval.where} is step, but {choice.monitor} is not known after every step.",
            'Remove it, or write "epoch".',
        )
    try_scheduler(choice, optimizer, epochs // frequency, kwargs.where)
    if choice.name == "ExponentialLR" and choice.interval == "epoch" and frequency == 1:
        return RateDecay(float(settings["gamma"])) if set(settings) == {"gamma"} else choice
    return choice


def _settings(file: JsonFile, node: Node, others: Collection[str]) -> dict[str, Any]:
    """The keyword arguments: all but ``others``."""
    keys = [key for key in node.keys() if key not in others]  # noqa: SIM118
    if len(keys) > MAX_SETTINGS:
        raise ConfigError(f"{node.where} has {len(keys)} settings; no class has so many.")
    return {key: node[key].value for key in keys}


def _require_class(
    node: Node, known: Collection[str], refused: Mapping[str, str], extra: Collection[str] = ()
) -> None:
    name = node.text()
    possible = sorted({*known, *extra} - set(refused))
    remedy = f"Possible are {', '.join(possible)}."
    if name in refused:
        raise UnsupportedError(
            f"{node.where} is {name}, which cannot work: {refused[name]}.", remedy
        )
    if name not in possible:
        raise ConfigError(f"{node.where} is {quoted(name)}, which is not known.", remedy)


def _monitor(node: Node, submodels: int) -> str:
    monitor = node["monitor"]
    each = [f"{metric}_packed_{i}" for metric in METRICS for i in range(submodels)]
    if monitor.text() not in (*METRICS, *each):
        raise ConfigError(
            f"{monitor.where} is {quoted(monitor.text())}, which is not logged.",
            f"Possible are {', '.join(METRICS)} and each with _packed_0 and so on.",
        )
    return monitor.text()
