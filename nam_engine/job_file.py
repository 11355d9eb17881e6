"""job.json in a training's folder: what is trained from what, and whether it has ended.

While a training runs, the file says that it has not ended. So it does after a crash, a kill or
a power cut, and that is how they are told from a training that was stopped.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from nam_engine.device_report import DEVICES
from nam_engine.errors import ConfigError, NamFileError
from nam_engine.events import FinishReason
from nam_engine.intake import Choices
from nam_engine.json_node import Node
from nam_engine.json_text import to_json
from nam_engine.metadata import MAX_LEVEL_DBU, GearType, ToneType, UserMetadata
from nam_engine.method import LossName
from nam_engine.presets import OptimizerName, Recipe
from nam_engine.stopping import StopRules
from nam_engine.train_job import TrainJob

__all__ = ["JOB", "Ending", "JobFile", "encode_job", "read_job"]

JOB = "job.json"
SCHEMA = 2
MAX_BYTES = 100_000
MAX_TEXT = 4_096
MAX_COUNT = 10**9
MAX_BATCH_SIZE, MAX_WINDOW_SAMPLES = 4_096, 2**20
MAX_FIGURE, MAX_RATE, MAX_LEVEL_DB = 1e9, 1000.0, 200.0

E = TypeVar("E", bound=Enum)


class Ending(Enum):
    """How a training has ended, as far as anybody knows."""

    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"

    @classmethod
    def after(cls, reason: FinishReason) -> Ending:
        """That of a run that ended well."""
        return cls.STOPPED if reason is FinishReason.STOPPED else cls.DONE


@dataclass(frozen=True)
class JobFile:
    """The training of a ``folder``; ``job`` goes on with it, and with no other.

    While a training runs, it counts as interrupted.
    """

    folder: Path
    job: TrainJob
    ending: Ending


def encode_job(job: TrainJob, ending: Ending) -> bytes:
    """The file's content. Where its folder is, and whether it goes on, is not in it."""
    document = {
        "schema": SCHEMA,
        "ending": ending.value,
        "input_path": str(job.input_path.absolute()),
        "output_path": str(job.output_path.absolute()),
        "channel": job.channel,
        "device": job.device,
        "seed": job.seed,
        "recipe": asdict(job.recipe),
        "choices": asdict(job.choices),
        "user": job.user.to_json(),
        "stop_rules": asdict(job.stop_rules),
    }
    return to_json(document, indent=2).encode() + b"\n"


def read_job(folder: Path) -> JobFile:
    """The training in a folder. Raises NamFileError where its job.json is none of ours."""
    path = folder / JOB
    try:
        with path.open("rb") as file:
            document = Node(json.loads(file.read(MAX_BYTES)), "")
        if document["schema"].integer(1, MAX_COUNT) > SCHEMA:
            raise NamFileError(
                f"{path} was written by a newer version of this program.", "Open it with that one."
            )
        return JobFile(folder, _job(document, folder), _one_of(Ending, document["ending"]))
    except OSError as error:
        raise NamFileError(f"{path} cannot be read ({error.strerror}).") from error
    except ConfigError as error:
        raise NamFileError(f"{path} is damaged: {error.message}") from error
    except (ValueError, RecursionError) as error:
        raise NamFileError(f"{path} is damaged.") from error


def _job(document: Node, folder: Path) -> TrainJob:
    channel = document["channel"]
    return TrainJob(
        input_path=_path(document["input_path"]),
        output_path=_path(document["output_path"]),
        outdir=folder.parent,
        recipe=_recipe(document["recipe"]),
        device=_device(document["device"]),
        seed=document["seed"].integer(0, 2**63 - 1),
        choices=_choices(document["choices"]),
        channel=None if channel.value is None else channel.integer(1, MAX_COUNT),
        user=_user(document["user"]),
        stop_rules=_stop_rules(document["stop_rules"]),
        resume=True,
        folder=folder,
    )


def _device(node: Node) -> str:
    if node.text() not in DEVICES:
        raise node.wrong(f"one of {', '.join(DEVICES)}")
    return node.text()


def _recipe(node: Node) -> Recipe:
    recipe = Recipe(
        epochs=node["epochs"].integer(1, MAX_COUNT),
        batch_size=node["batch_size"].integer(1, MAX_BATCH_SIZE),
        window_samples=node["window_samples"].integer(1, MAX_WINDOW_SAMPLES),
        optimizer=_one_of(OptimizerName, node["optimizer"]),
        learning_rate=node["learning_rate"].between(0, MAX_RATE),
        weight_decay=node["weight_decay"].between(0, MAX_FIGURE),
        lr_decay_per_epoch=node["lr_decay_per_epoch"].between(0, 1),
        anneals=node["anneals"].boolean(),
        loss=_one_of(LossName, node["loss"]),
        mrstft_weight=node["mrstft_weight"].between(0, MAX_FIGURE),
        target_rms_dbfs=node["target_rms_dbfs"].between(-MAX_LEVEL_DB, MAX_LEVEL_DB),
    )
    least = recipe.method.objective.min_window_samples
    if recipe.window_samples < least:
        raise node["window_samples"].wrong(f"an integer from {least}")
    return recipe


def _choices(node: Node) -> Choices:
    choices: dict[str, Any] = {}
    if "latency_samples" in node:
        choices["latency_samples"] = node["latency_samples"].integer(-MAX_COUNT, MAX_COUNT)
    if "sample_rate_hz" in node:
        choices["sample_rate_hz"] = node["sample_rate_hz"].integer(1, MAX_COUNT)
    if "validation_seconds" in node:
        passage = node["validation_seconds"]
        if len(passage) != 2:
            raise passage.wrong("a list of two numbers")
        choices["validation_seconds"] = tuple(s.between(0, MAX_FIGURE) for s in passage)
    return Choices(
        flip_polarity=node["flip_polarity"].boolean(),
        ignore_checks=node["ignore_checks"].boolean(),
        **choices,
    )


def _user(node: Node) -> UserMetadata:
    values: dict[str, Any] = {}
    for name in filter(node.__contains__, ("name", "modeled_by", "gear_make", "gear_model")):
        values[name] = _text(node[name])
    for name in filter(node.__contains__, ("input_level_dbu", "output_level_dbu")):
        values[name] = node[name].between(-MAX_LEVEL_DBU, MAX_LEVEL_DBU)
    if "gear_type" in node:
        values["gear_type"] = _one_of(GearType, node["gear_type"])
    if "tone_type" in node:
        values["tone_type"] = _one_of(ToneType, node["tone_type"])
    return UserMetadata(**values)


def _stop_rules(node: Node) -> StopRules:
    values: dict[str, Any] = {}
    if "target_submodel" in node:
        values["target_submodel"] = _text(node["target_submodel"])
    if "patience" in node:
        values["patience"] = node["patience"].integer(1, MAX_COUNT)
    for name in filter(node.__contains__, ("target_esr", "minutes")):
        values[name] = node[name].between(0, MAX_FIGURE)
    return StopRules(**values)


def _text(node: Node) -> str:
    text = node.text()
    text.encode()  # half a surrogate pair is no text: ValueError
    if len(text) > MAX_TEXT:
        raise node.wrong(f"a text of at most {MAX_TEXT} characters")
    return text


def _path(node: Node) -> Path:
    text = node.text()
    os.fsencode(text)  # ValueError, as for a text
    if len(text) > MAX_TEXT or "\0" in text or not Path(text).is_absolute():
        raise node.wrong("an absolute path")
    return Path(text)


def _one_of(kind: type[E], node: Node) -> E:
    try:
        return kind(node.text())
    except ValueError:
        raise node.wrong(f"one of {', '.join(member.value for member in kind)}") from None
