"""The loss that a model file asks for, and its gradient, are the official trainer's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from full_files import Documents, changed, example, read
from nam.train.lightning_module import LightningModule, PackedLightningModule
from official_networks import copy_weights, paired_parameters, prepare_official_mrstft

from nam_engine.losses import Loss, MultiResolutionStft
from nam_engine.wavenet.packed import PackedWaveNet

BATCH, WINDOW = 2, 2400
ALL = {
    "mrstft_weight": 0.0002,
    "pre_emph_weight": 0.7,
    "pre_emph_coef": 0.95,
    "pre_emph_mrstft_weight": 0.003,
    "pre_emph_mrstft_coef": 0.85,
    "dc_weight": 0.5,
}
LOSSES: dict[str, dict[str, Any]] = {
    "MSE": {},
    "MRSTFT": {"mrstft_weight": 0.0002},
    "old MRSTFT": {"mstft_key": 0.0002},
    "emphasised MSE": {"pre_emph_weight": 0.7, "pre_emph_coef": 0.95},
    "emphasised MRSTFT": {"pre_emph_mrstft_weight": 0.003, "pre_emph_mrstft_coef": 0.85},
    "MRSTFT emphasised by nothing": {"mrstft_weight": 0.0002, "pre_emph_mrstft_weight": 0.003},
    "DC": {"dc_weight": 0.5},
    "all": ALL,
    "left out": {"mrstft_weight": 0, "pre_emph_mrstft_weight": -1.0, "dc_weight": None},
}


def documents(loss: dict[str, Any], *, is_packed: bool) -> Documents:
    documents = changed(example(), "model.loss", loss)
    if is_packed:
        return documents
    (_, large) = documents["model"]["net"]["config"]["submodels"]
    return changed(documents, "model.net", {"name": "WaveNet", "config": large["config"]})


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "plain"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_and_gradient_are_the_official_ones(
    loss: dict[str, Any], *, is_packed: bool, tmp_path: Path
) -> None:
    files = documents(loss, is_packed=is_packed)
    torch.manual_seed(5)
    kind = PackedLightningModule if is_packed else LightningModule
    official = kind.init_from_config(copy.deepcopy(files["model"])).double()
    prepare_official_mrstft(official, torch.float64)
    description = read(tmp_path, files)
    network = PackedWaveNet(description.network).double()
    copy_weights(official, network)
    generator = torch.Generator().manual_seed(0)
    samples = network.receptive_field - 1 + WINDOW
    audio = 0.3 * torch.randn(BATCH, samples, generator=generator, dtype=torch.float64)
    target = 0.2 * torch.tanh(4 * audio[:, -WINDOW:]) + 0.05

    theirs = official.training_step((audio, target), 0)
    ours, *_ = Loss(description.method.objective, MultiResolutionStft())(network(audio), target)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    theirs.backward()
    ours.backward()
    for mine, other in paired_parameters(official, network):
        if other.grad is None:
            assert mine.grad is None
            continue
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-9, atol=1e-12)
