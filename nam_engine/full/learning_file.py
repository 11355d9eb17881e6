"""learning.json: batches, how long, where, and how often a training is judged."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from nam_engine.device_report import DEVICES
from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full.json_file import JsonFile
from nam_engine.json_node import Node, describe
from nam_engine.method import MAX_EPOCHS, Batches, Clipping, LastBatch

__all__ = ["Learning", "parse_learning"]

DEFAULT_EPOCHS = 1000
MAX_STEPS = 10**9
MAX_BATCH = 65_536
MAX_LIMIT = 1e9
MAX_MINUTES = 10 * 365 * 24 * 60.0
MAX_UNITS = 1e8  # what a timedelta can hold in weeks

SECTIONS = ("train_dataloader", "val_dataloader", "trainer")
TIME_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
TIME = re.compile(r"(\d{1,6}):(\d\d):(\d\d):(\d\d)", re.ASCII)

LOADER = (
    "batch_size",
    "shuffle",
    "drop_last",
    # The data stays on the device, so these change nothing:
    "in_order",
    "num_workers",
    "persistent_workers",
    "pin_memory",
    "pin_memory_device",
    "prefetch_factor",
    "timeout",
)
LOADER_OBJECTS = (
    "batch_sampler",
    "collate_fn",
    "generator",
    "multiprocessing_context",
    "sampler",
    "worker_init_fn",
)
COMFORT = (
    "barebones",
    "benchmark",
    "callbacks",
    "default_root_dir",
    "detect_anomaly",
    "deterministic",
    "enable_autolog_hparams",
    "enable_checkpointing",
    "enable_model_summary",
    "enable_progress_bar",
    "inference_mode",
    "limit_predict_batches",
    "limit_test_batches",
    "log_every_n_steps",
    "logger",
    "min_epochs",
    "min_steps",
    "model_registry",
    "num_sanity_val_steps",
    "profiler",
    "reload_dataloaders_every_n_epochs",
    "sync_batchnorm",
    "use_distributed_sampler",
)
HONOURED = (
    "accelerator",
    "check_val_every_n_epoch",
    "devices",
    "gradient_clip_algorithm",
    "gradient_clip_val",
    "limit_train_batches",
    "limit_val_batches",
    "max_epochs",
    "max_steps",
    "max_time",
    "val_check_interval",
)


@dataclass(frozen=True)
class _Only:
    """The values that a key may have, and why no others."""

    values: tuple[object, ...]
    reason: str
    remedy: str


ONLY: Mapping[str, _Only] = {
    "accumulate_grad_batches": _Only(
        (1,), "the weights change after every batch", "Ask for a larger batch_size instead."
    ),
    "devices": _Only(
        (1, "1", "auto", [0], "0", "0,"), "one device trains", "Remove it, or write 1."
    ),
    "fast_dev_run": _Only(
        (False, 0), "a training is a whole one", "Ask for a small max_steps instead."
    ),
    "num_nodes": _Only((1,), "one machine trains", "Remove it."),
    "overfit_batches": _Only(
        (0, 0.0),
        "training and validation use what the data file says",
        "Write that into the data file.",
    ),
    "plugins": _Only(([],), "plugins are code", "Remove it."),
    "precision": _Only(
        (32, "32", "32-true"), "everything is computed in 32 bits", "Remove it, or write 32."
    ),
    "strategy": _Only(("auto",), "one device trains", "Remove it."),
}


@dataclass(frozen=True)
class Learning:
    """What the learning file asks for; the fields are those of ``Method`` and ``Description``."""

    epochs: int
    max_steps: int | None
    minutes: float | None
    batches: Batches
    validate_every: int | float | None
    validation_limit: int | float | None
    clipping: Clipping | None
    device: str


def parse_learning(file: JsonFile) -> Learning:
    """What the learning file asks for."""
    root = file.root
    file.warn_of_unknown(root, (*SECTIONS, "trainer_fit_kwargs"))
    for section in SECTIONS:
        if section not in root:
            file.warn(f"{section} is missing; its defaults count.")
    fit = root.get("trainer_fit_kwargs", {})
    file.warn_of_unknown(fit, ("ckpt_path", "weights_only"))
    if "ckpt_path" in fit:
        raise UnsupportedError(
            f"{fit['ckpt_path'].where} asks for a checkpoint, which could run code.",
            "Go on with an earlier training with --resume.",
        )
    trainer = root.get("trainer", {})
    _check_trainer(file, trainer)
    epochs, max_steps, minutes = _length(trainer)
    _check_validation(file, root.get("val_dataloader", {}))
    return Learning(
        epochs=epochs,
        max_steps=max_steps,
        minutes=minutes,
        batches=_batches(file, root.get("train_dataloader", {}), trainer),
        validate_every=_share_or_count(trainer, "val_check_interval"),
        validation_limit=_share_or_count(trainer, "limit_val_batches"),
        clipping=_clipping(trainer),
        device=_device(trainer.get("accelerator", "auto")),
    )


def _check_trainer(file: JsonFile, trainer: Node) -> None:
    file.warn_of_unknown(trainer, (*HONOURED, *ONLY, *COMFORT))
    for key, only in ONLY.items():
        node = trainer.get(key, only.values[0])
        # True equals 1 in Python, but not in JSON.
        if (type(node.value), node.value) not in [(type(v), v) for v in only.values]:
            raise UnsupportedError(
                f"{node.where} is {describe(node.value)}, which is not possible: {only.reason}.",
                only.remedy,
            )
    if idle := [key for key in COMFORT if key in trainer]:
        file.warn(f"trainer: these have no effect: {', '.join(idle)}.")
    every = trainer.get("check_val_every_n_epoch", 1)
    if every.value != 1:
        file.warn(f"{every.where} has no effect: every epoch is validated.")


def _length(trainer: Node) -> tuple[int, int | None, float | None]:
    """Epochs, steps and minutes, of which the first to be reached ends the training."""
    steps, epochs = trainer.get("max_steps", -1), trainer.get("max_epochs")
    max_steps = None if steps.value == -1 else steps.integer(1, MAX_STEPS)
    minutes = _minutes(trainer["max_time"]) if "max_time" in trainer else None
    if epochs.value not in (None, -1):
        return epochs.integer(1, MAX_EPOCHS), max_steps, minutes
    if max_steps is not None or minutes is not None:
        return min(max_steps or MAX_EPOCHS, MAX_EPOCHS), max_steps, minutes
    if epochs.value == -1:
        raise ConfigError(
            f"{epochs.where} is -1: this training would never end.",
            "Say how many epochs, or give max_steps or max_time.",
        )
    return DEFAULT_EPOCHS, None, None


def _minutes(node: Node) -> float:
    """From ``DD:HH:MM:SS`` or an object of units."""
    if isinstance(node.value, dict):
        if unknown := sorted(set(node.keys()) - set(TIME_UNITS)):
            raise ConfigError(
                f"{node[unknown[0]].where} is no unit of time.", f"{', '.join(TIME_UNITS)} are."
            )
        units = {key: node[key].between(0, MAX_UNITS) for key in node.keys()}  # noqa: SIM118
    elif isinstance(node.value, str) and (match := TIME.fullmatch(node.value.strip())):
        names = ("days", "hours", "minutes", "seconds")
        units = {key: float(value) for key, value in zip(names, match.groups(), strict=True)}
    else:
        raise node.wrong('a text like "00:12:30:00" (days, hours, minutes, seconds) or an object')
    minutes = timedelta(**units) / timedelta(minutes=1)
    if not 0 < minutes <= MAX_MINUTES:
        raise ConfigError(f"{node.where} is {minutes:g} minutes; that is no time to train in.")
    return minutes


def _share_or_count(owner: Node, key: str) -> int | float | None:
    """How many (an integer), which share (with a decimal point), or None for all."""
    node = owner.get(key)
    if node.value is None:
        return None
    if isinstance(node.value, float) and 0 < node.value <= 1:
        return None if node.value == 1 else node.value
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.integer(1, MAX_STEPS)
    raise node.wrong("a count (an integer above 0) or a share (above 0.0, at most 1.0)")


def _clipping(trainer: Node) -> Clipping | None:
    algorithm = trainer.get("gradient_clip_algorithm", "norm")
    if algorithm.value not in ("norm", "value"):
        raise algorithm.wrong('"norm" or "value"')
    limit = trainer.get("gradient_clip_val", 0).between(0, MAX_LIMIT)
    return Clipping(limit, by_norm=algorithm.value == "norm") if limit > 0 else None


def _device(node: Node) -> str:
    if node.text() == "gpu":
        return "mps" if sys.platform == "darwin" else "cuda"
    if node.text() not in DEVICES:
        raise node.wrong('"auto", "cpu", "gpu", "cuda" or "mps"')
    return node.text()


def _batches(file: JsonFile, loader: Node, trainer: Node) -> Batches:
    _check_loader(file, loader)
    return Batches(
        size=loader.get("batch_size", 1).integer(1, MAX_BATCH),
        shuffle=loader.get("shuffle", False).boolean(),
        last=(LastBatch.DROPPED if loader.get("drop_last", False).boolean() else LastBatch.SMALLER),
        limit=_share_or_count(trainer, "limit_train_batches"),
    )


def _check_validation(file: JsonFile, loader: Node) -> None:
    _check_loader(file, loader)
    size = loader.get("batch_size", 1)
    if size.value != 1:
        file.warn(f"{size.where} has no effect: validation passages are judged one by one.")


def _check_loader(file: JsonFile, loader: Node) -> None:
    file.warn_of_unknown(loader, (*LOADER, *LOADER_OBJECTS))
    for key in LOADER_OBJECTS:
        if key in loader:
            raise UnsupportedError(
                f"{loader[key].where} would need an object of Python.", "Remove it."
            )
