"""A mistake in one place of the three files is told with its place, or does no harm."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from full_files import DELETED, Documents, changed, example, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_networks import packed_configs
from support import RATE_HZ, playing, rig

from nam_engine.errors import ConfigError
from nam_engine.events import EpochDone, Finished, Warned
from nam_engine.full.description import Description
from nam_engine.material import Material, Passage
from nam_engine.trainer import Trainer
from nam_engine.wavenet.config import ACTIVATIONS

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
    if keys[-1] == "active":  # whether there is a 1x1 decides which channels must fit
        told.add(written(keys[:-2]))
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


EPOCHS, BATCH, WINDOW = 3, 4, 2048
LOSSES = st.fixed_dictionaries(
    {"mrstft_weight": st.just(0.0002)},
    optional={
        "val_loss": st.sampled_from(["esr", "mse"]),
        "pre_emph_weight": st.none(),
        "pre_emph_mrstft_weight": st.just(0.001),
        "pre_emph_mrstft_coef": st.just(0.9),
        "dc_weight": st.just(0.1),
    },
)
OPTIMIZERS = [
    {"lr": 0.004, "weight_decay": 1e-7},
    {"class": "AdamW", "lr": 0.004, "betas": [0.9, 0.99], "eps": 1e-8},
    {"class": "SGD", "lr": 0.01, "momentum": 0.9},
    {"class": "SOAP", "lr": 0.001},
]
SCHEDULERS = [
    {"class": "ExponentialLR", "kwargs": {"gamma": 0.99}},
    {"class": "StepLR", "kwargs": {"step_size": 1, "gamma": 0.5}, "interval": "step"},
    {
        "class": "OneCycleLR",
        "kwargs": {"max_lr": 0.01, "total_steps": 5, "cycle_momentum": False},
        "interval": "step",
    },
    {"class": "CosineAnnealingLR", "kwargs": {"T_max": 3, "eta_min": 0.001}, "frequency": 2},
    {
        "class": "ReduceLROnPlateau",
        "kwargs": {"factor": 0.8, "patience": 0, "min_lr": 1e-6},
        "monitor": "ESR_packed_0",
    },
]
NAMES = [
    [*ACTIVATIONS, "PairBlend"],
    ["PackedWaveNet", "WaveNet", "Linear"],
    ["Adam", "SGD", "RMSprop", "Adagrad", "NAdam", "Adafactor", "LBFGS", "Muon", "SOAP"],
    ["ExponentialLR", "LinearLR", "CyclicLR", "LambdaLR", "ReduceLROnPlateau", "OneCycleLR"],
    ["step", "epoch"],
    ["val_loss", "MRSTFT", "ESR_packed_0", "MSE_packed_3"],
    ["esr", "mse", "MSE"],
]
VALUES = {
    bool: st.booleans(),
    int: st.integers(-1, 9),
    float: st.floats(-0.1, 2),
    str: st.sampled_from([name for names in NAMES for name in names]),
    list: st.lists(st.integers(1, 5) | st.sampled_from(NAMES[0]), min_size=1, max_size=3),
}
ANY_VALUE = st.one_of(*VALUES.values(), st.sampled_from([DELETED, *ABSURD]))


@st.composite
def model_files(draw: st.DrawFn) -> dict[str, Any]:
    """Valid ones, of packed networks and of plain ones."""
    packed = draw(packed_configs())
    net = {"name": "PackedWaveNet", "config": packed}
    if draw(st.booleans()):
        net = {"name": "WaveNet", "config": packed["submodels"][0]["config"]}
    document = {
        "net": net,
        "loss": draw(LOSSES),
        "optimizer": draw(st.sampled_from(OPTIMIZERS)),
        "lr_scheduler": draw(st.sampled_from(SCHEDULERS)),
    }
    return json.loads(json.dumps(document))  # its parts are its own


def at(document: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        document = document[key]
    return document


def alike(value: Any) -> st.SearchStrategy[Any]:
    for names in NAMES:
        if value in names:
            return st.sampled_from(names)
    return VALUES.get(type(value), ANY_VALUE)


@st.composite
def mutations(draw: st.DrawFn, document: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """The place of a value in a model file, and what comes there: mostly of the same kind."""
    part = draw(st.sampled_from(["net", "net", "loss", "optimizer", "lr_scheduler"]))
    inner = [keys for keys in places(document) if keys[0] == part]
    keys = draw(st.sampled_from([k for k in inner if not isinstance(at(document, k), dict)]))
    is_alike = draw(st.sampled_from([True, True, True, False]))
    return keys, draw(alike(at(document, keys)) if is_alike else ANY_VALUE)


def train(description: Description) -> None:
    """Three epochs of one step on a moment of noise; every step and figure is finite."""
    context = description.network.receptive_field - 1
    audio = playing((context + BATCH * WINDOW) / RATE_HZ)
    passage = Passage(audio, rig(audio)[context:])
    material = Material("noise", RATE_HZ, WINDOW, (passage,), (passage,))
    device = torch.device("cpu")
    events = list(Trainer(material, description.network, description.method, device=device).run())
    assert not [event.message for event in events if isinstance(event, Warned)]
    assert isinstance(events[-1], Finished)
    rows = [event for event in events if isinstance(event, EpochDone)]
    assert len(rows) == EPOCHS
    for row in rows:
        assert row.skipped_steps == 0
        assert math.isfinite(row.loss)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(document=model_files(), data=st.data())
def test_random_mistake_in_a_random_model_file_is_told_or_trains(
    folder: Path, document: dict[str, Any], data: st.DataObject
) -> None:
    documents = changed({**example(), "model": document}, "learning.trainer.max_epochs", EPOCHS)
    documents = changed(documents, "learning.train_dataloader.batch_size", BATCH)
    keys, value = data.draw(mutations(document))
    documents = changed(documents, ".".join(map(str, ("model", *keys))), value)
    message = refusal(folder, documents)
    if message is None:
        train(read(folder, documents))
    else:
        assert message.startswith("model.json: ")
        assert is_told(message, keys), (keys, value, message)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("optimizer.eps", 0),  # 0 / 0 for all weights between two submodels
        ("optimizer.weight_decay", 1e300),
        ("net.config.head_scale", 1e300),
    ],
)
def test_value_that_makes_training_unstable_is_refused(
    place: str, value: float, tmp_path: Path
) -> None:
    documents = example()
    documents["model"]["net"] = {
        "name": "WaveNet",
        "config": documents["model"]["net"]["config"]["submodels"][0]["config"],
    }
    message = refusal(tmp_path, changed(documents, f"model.{place}", value))
    assert message is not None
    assert message.startswith(f"model.json: {place}")
