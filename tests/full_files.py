"""The official trainer's documented example of its three files, for tests."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from nam_engine.full.description import Description
from nam_engine.full.reading import read_description

__all__ = ["DELETED", "Documents", "changed", "example", "read", "read_changed", "write"]

Documents = dict[str, Any]
DELETED = object()


def example() -> Documents:
    """By ``data``, ``model`` and ``learning``: two submodels of 3 and 8 channels."""
    submodels = [
        {
            "name": name,
            "config": {
                "layers_configs": [
                    {
                        "input_size": 1,
                        "condition_size": 1,
                        "channels": channels,
                        "kernel_size": 6,
                        "dilations": [1, 5, 29, 97, 227],
                        "activation": {"name": "LeakyReLU", "negative_slope": 0.01},
                        "head": {"out_channels": 1, "kernel_size": 1, "bias": True},
                    }
                ],
                "head_scale": 0.01,
            },
        }
        for name, channels in (("small", 3), ("large", 8))
    ]
    net = {"submodels": submodels, "export": {"container_max_values": "uniform"}}
    return {
        "data": {
            "_notes": "Beside this file.",
            "common": {"x_path": "input.wav", "y_path": "output.wav", "delay": 0},
            "train": {"start_seconds": None, "stop_seconds": -9.0, "ny": 8192},
            "validation": {"start_seconds": -9.0, "stop_seconds": None, "ny": None},
            "joint": [
                {
                    "name": "nam.data.normalize_joint_dataset_output",
                    "kwargs": {"level_rms_dbfs": -18.0},
                }
            ],
        },
        "model": {
            "net": {"name": "PackedWaveNet", "config": net},
            "loss": {"val_loss": "esr", "mrstft_weight": 0.0002},
            "optimizer": {"lr": 0.004},
            "lr_scheduler": {"class": "ExponentialLR", "kwargs": {"gamma": 0.993}},
        },
        "learning": {
            "train_dataloader": {
                "batch_size": 16,
                "shuffle": True,
                "pin_memory": True,
                "drop_last": True,
                "num_workers": 0,
            },
            "val_dataloader": {},
            "trainer": {"accelerator": "gpu", "devices": 1, "max_epochs": 100},
            "trainer_fit_kwargs": {},
        },
    }


def changed(documents: Documents, place: str, value: object) -> Documents:
    """The same with another value, or none, at a ``place`` like ``data.train.0.ny``."""
    result = copy.deepcopy(documents)
    owner: Any = result
    *path, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for key in path:
        owner = owner[key]
    if value is DELETED:
        del owner[last]
    else:
        owner[last] = value
    return result


def write(folder: Path, documents: Documents) -> list[Path]:
    """The files, and beside them what stands for the recordings."""
    for name in ("input.wav", "output.wav"):
        (folder / name).touch()
    paths = [folder / f"{name}.json" for name in ("data", "model", "learning")]
    for path in paths:
        path.write_text(json.dumps(documents[path.stem]))
    return paths


def read(folder: Path, documents: Documents) -> Description:
    return read_description(*write(folder, documents))


def read_changed(folder: Path, *changes: tuple[str, object]) -> Description:
    """The example with ``changes``: places and values."""
    documents = example()
    for place, value in changes:
        documents = changed(documents, place, value)
    return read(folder, documents)
