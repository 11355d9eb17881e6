"""The starting set, with the official recipe pasted in, runs in the official trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nam.data
import numpy as np
import pytest
import torch
from nam.train.lightning_module import PackedLightningModule

from nam_engine.audio import write_wav
from nam_engine.full.starting_set import write_starting_set

RATE_HZ = 48_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_set(tmp_path)
    return tmp_path


def document(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_data_file_is_read_by_the_official_datasets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * RATE_HZ).astype(np.float32)
    for name, missing in (("input.wav", 0), ("output.wav", 5)):
        write_wav(folder / name, sound[: len(sound) - missing], RATE_HZ, subtype="PCM_24")
    monkeypatch.chdir(folder)
    config = document(folder / "data.json")
    config["common"]["nx"] = 6_347
    train, validation = (nam.data.init_dataset(config, split) for split in nam.data.Split)
    nam.data.apply_joint_dataset_hooks(
        train, validation, nam.data.get_joint_dataset_hooks(config["joint"])
    )
    assert len(train) == (11 * RATE_HZ - 5 - 6_346) // 8_192
    assert len(validation) == 1


@pytest.mark.parametrize("name", ["model_a2.json", "model_three_sizes.json"])
def test_model_file_with_the_official_recipe_is_read(folder: Path, name: str) -> None:
    recipe = (folder / "README.md").read_text("utf-8").split("```json")[1].split("```")[0]
    module = PackedLightningModule.init_from_config(
        {**document(folder / name), **json.loads(recipe)}
    )
    chosen = module.configure_optimizers()
    optimizer, scheduler = chosen["optimizer"], chosen["lr_scheduler"]["scheduler"]
    assert isinstance(optimizer, torch.optim.Adam)
    assert optimizer.param_groups[0]["lr"] == 0.004
    assert optimizer.param_groups[0]["weight_decay"] == 3.17e-7
    assert scheduler.gamma == 0.994
