"""A mistake in one place of the three files is told with its place, or does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from full_files import DELETED, Documents, changed, example, read

from nam_engine.errors import ConfigError

ABSURD = [
    None,
    True,
    False,
    "",
    "x",
    "\0",
    "a" * 5000,
    0,
    -1,
    2,
    0.5,
    1e300,
    -1e300,
    10**400,
    [],
    [1],
    ["x", None],
    {},
    {"name": "x", "kwargs": {}},
]


def rich(name: str) -> Any:
    """The example with more of what it could have."""
    document = example()[name]
    if name == "data":
        train = document["train"]
        document["train"] = [{**train, "y_scale": 0.5}, {"ny": 8192, "start_samples": 48_000}]
        document["common"] |= {
            "input_gain": 1.0,
            "sample_rate": 48_000,
            "y_preroll": 3,
            "allow_unequal_lengths": True,
            "require_input_pre_silence": 0.4,
        }
    if name == "model":
        document["loss"] |= {"pre_emph_weight": 0.1, "pre_emph_coef": 0.9, "dc_weight": 0.1}
        document["optimizer"] |= {"class": "AdamW", "betas": [0.9, 0.99], "eps": 1e-8}
        document["lr_scheduler"] = {
            "class": "ReduceLROnPlateau",
            "kwargs": {"factor": 0.8, "patience": 10, "min_lr": 1e-6},
            "monitor": "ESR_packed_0",
            "interval": "epoch",
            "frequency": 2,
        }
    if name == "learning":
        document["trainer"] |= {
            "max_time": "00:01:00:00",
            "max_steps": 1000,
            "val_check_interval": 0.5,
            "limit_train_batches": 10,
            "limit_val_batches": 1.0,
            "gradient_clip_val": 1.0,
            "gradient_clip_algorithm": "norm",
            "precision": 32,
            "accumulate_grad_batches": 1,
        }
    return document


def places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*keys, key)
        if isinstance(item, (dict, list)):
            yield from places(item, (*keys, key))


def written(keys: tuple[Any, ...]) -> str:
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")


def is_told(message: str, keys: tuple[Any, ...]) -> bool:
    """Whether a message names the place, or what holds it."""
    told = {written(keys), written(keys[:-1])}
    # What is missing in common is missed in a pair; submodels are compared with the first.
    for here, elsewhere in (("common", "train"), ("submodels[0]", "submodels[1]")):
        told |= {place.replace(here, elsewhere) for place in told}
    return any(place in message for place in told)


def refusal(folder: Path, documents: Documents) -> str | None:
    try:
        read(folder, documents)
    except ConfigError as error:
        return error.message
    return None


@pytest.mark.parametrize("name", ["data", "model", "learning"])
def test_one_mistake_is_told_with_its_place_or_does_no_harm(name: str, tmp_path: Path) -> None:
    documents = {**example(), name: rich(name)}
    assert read(tmp_path, documents).warnings == ()
    refused = 0
    for keys in places(documents[name]):
        for value in (DELETED, *ABSURD):
            message = refusal(
                tmp_path, changed(documents, ".".join(map(str, (name, *keys))), value)
            )
            if message is not None:
                refused += 1
                assert message.startswith(f"{name}.json"), message
                assert is_told(message, keys), (keys, value, message)
                assert len(message) < 1000
    assert refused > 200
