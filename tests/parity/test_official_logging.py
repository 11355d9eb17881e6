"""What is logged of a validation: the official trainer's names and figures."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from full_files import changed, example, read
from nam.train.lightning_module import LightningModule, PackedLightningModule
from official_networks import copy_weights
from support import RATE_HZ, playing, rig

from nam_engine.kernels.choose import choose_kernels
from nam_engine.logged import logged
from nam_engine.validation import validate
from nam_engine.wavenet.packed import PackedWaveNet

SECONDS = 2.0


def officially_logged(
    module: LightningModule,
    audio: torch.Tensor,
    target: torch.Tensor,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, float]:
    figures: dict[str, Any] = {}
    monkeypatch.setattr(module, "log_dict", figures.update)
    with torch.no_grad():
        module.eval().validation_step((audio[None], target[None]), 0)
    return {name: float(value) for name, value in figures.items()}


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "plain"])
@pytest.mark.parametrize("judged_by", ["esr", "mse"])
def test_names_and_figures_are_the_official_ones(
    judged_by: str, *, is_packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = changed(example(), "model.loss.val_loss", judged_by)
    if not is_packed:
        (_, large) = files["model"]["net"]["config"]["submodels"]
        files = changed(files, "model.net", {"name": "WaveNet", "config": large["config"]})
    torch.manual_seed(5)
    kind = PackedLightningModule if is_packed else LightningModule
    official = kind.init_from_config(copy.deepcopy(files["model"]))
    description = read(tmp_path, files)
    network = PackedWaveNet(description.network)
    copy_weights(official, network)
    samples = playing(SECONDS)
    audio = torch.from_numpy(samples)
    target = torch.from_numpy(rig(samples))[network.receptive_field - 1 :]

    metrics = validate(
        choose_kernels(network, torch.device("cpu")),
        [(audio, target)],
        network.receptive_field,
        RATE_HZ,
        pieces_at_once=4,
    )
    ours = logged(metrics, description.method.judged_by, is_packed=is_packed)
    theirs = officially_logged(official, audio, target, monkeypatch)
    assert ours == pytest.approx(theirs, rel=1e-4)
