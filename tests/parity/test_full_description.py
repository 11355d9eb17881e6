"""The official trainer's own three files for A2 are read as our preset and recipe."""

from __future__ import annotations

from pathlib import Path

from full_files import read
from nam.train import core as official_core
from nam.train._version import Version

from nam_engine.method import (
    Batches,
    JudgedBy,
    LastBatch,
    LossName,
    Method,
    Objective,
    OptimizerChoice,
    RateDecay,
)
from nam_engine.presets import A2, OFFICIAL_RECIPE
from nam_engine.wavenet.parse import parse_packed


def test_official_files_are_read_as_our_preset_and_recipe(tmp_path: Path) -> None:
    data, model, learning = official_core._get_configs(
        input_version=Version(3, 0, 0),
        input_path="input.wav",
        output_path="output.wav",
        latency=5,
        epochs=OFFICIAL_RECIPE.epochs,
        ny=OFFICIAL_RECIPE.window_samples,
        batch_size=OFFICIAL_RECIPE.batch_size,
    )
    description = read(tmp_path, {"data": data, "model": model, "learning": learning})
    assert description.warnings == ()
    assert description.network == parse_packed(A2)
    assert description.is_packed
    assert description.method == Method(
        epochs=OFFICIAL_RECIPE.epochs,
        objective=Objective(LossName.MSE, mrstft_weight=OFFICIAL_RECIPE.mrstft_weight),
        optimizer=OptimizerChoice(
            "Adam",
            {"lr": OFFICIAL_RECIPE.learning_rate, "weight_decay": OFFICIAL_RECIPE.weight_decay},
        ),
        schedule=RateDecay(OFFICIAL_RECIPE.lr_decay_per_epoch),
        batches=Batches(OFFICIAL_RECIPE.batch_size, shuffle=True, last=LastBatch.DROPPED),
        judged_by=JudgedBy.ESR,
    )
    (train,), (validation,) = description.data.train, description.data.validation
    assert (train.start, train.stop, train.ny, train.delay_samples) == (480_000, -432_000, 8192, 5)
    assert (validation.start, validation.stop, validation.ny) == (-432_000, None, None)
    assert train.allow_unequal_lengths
    assert description.data.level_rms_dbfs == OFFICIAL_RECIPE.target_rms_dbfs


def test_input_whose_silence_is_not_asked_for_is_read(tmp_path: Path) -> None:
    data, model, learning = official_core._get_configs(
        Version(4, 0, 0), "input.wav", "output.wav", 0, 1, 8192, 1
    )
    (validation,) = read(
        tmp_path, {"data": data, "model": model, "learning": learning}
    ).data.validation
    assert validation.pre_silence_seconds is None
