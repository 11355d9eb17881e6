"""The learning rate of every step is the official trainer's, whatever schedule is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from full_files import Documents, changed, example
from official_training import prepared, train_officially, train_ours

STEPS_PER_EPOCH, EPOCHS = 3, 5
STEPS = STEPS_PER_EPOCH * EPOCHS
HALVING = {"class": "StepLR", "kwargs": {"step_size": 1, "gamma": 0.5}}
# Only a tenth of an error would be progress, so that rounding does not decide.
PLATEAU = {
    "class": "ReduceLROnPlateau",
    "kwargs": {"factor": 0.5, "patience": 0, "threshold": 0.9},
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "plateau": {**PLATEAU, "monitor": "val_loss"},
    "plateau of a submodel": {**PLATEAU, "monitor": "ESR_packed_1", "frequency": 2},
    "one cycle": {
        "class": "OneCycleLR",
        "kwargs": {"max_lr": 0.02, "total_steps": STEPS},
        "interval": "step",
    },
    "every second epoch": {**HALVING, "frequency": 2},
    "every second step": {**HALVING, "interval": "step", "frequency": 2},
}


def short(documents: Documents, folder: Path) -> Documents:
    """Short networks on half a second."""
    documents = prepared(documents, folder)
    for submodel in documents["model"]["net"]["config"]["submodels"]:
        (array,) = submodel["config"]["layers_configs"]
        array |= {"kernel_size": 2, "dilations": [1, 2]}
    documents["data"]["train"] |= {"stop_seconds": -5.0, "ny": 2048}
    documents["data"]["validation"] |= {"start_seconds": -0.25}
    documents["learning"]["train_dataloader"]["batch_size"] = 3
    documents["learning"]["trainer"]["max_epochs"] = EPOCHS
    return documents


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_rates_are_the_official_ones(
    schedule: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = changed(short(example(), tmp_path), "model.lr_scheduler", schedule)
    theirs = train_officially(documents, tmp_path / "official", monkeypatch, is_double=False)
    assert theirs.start is not None
    ours = train_ours(documents, tmp_path / "ours", theirs.start, monkeypatch, is_double=False)
    assert len(theirs.rates) == STEPS
    assert len(set(theirs.rates)) > 1
    assert ours.rates[:STEPS] == theirs.rates  # what follows estimates separate trainings
