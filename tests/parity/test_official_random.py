"""Random networks: the official trainer predicts, loads and plays what we do."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nam.models._from_nam import init_from_nam
from nam.models.wavenet import PackedWaveNet as OfficialPackedWaveNet
from nam.train.lightning_module import PackedLightningModule
from official_networks import copy_weights
from random_networks import packed_configs
from support import RATE_HZ, playing

from nam_engine.events import SubmodelMetrics, SubmodelResult, TrainResult
from nam_engine.export import build_container
from nam_engine.json_node import Node
from nam_engine.metadata import UserMetadata, esr_json
from nam_engine.nam_file import NamContainer, encode_nam, parse_nam
from nam_engine.render import render
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

SEEDS = st.integers(0, 2**31)
AUDIO = playing(0.1)
few = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[__import__("hypothesis").Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@few
@given(raw=packed_configs(), seed=SEEDS)
def test_prediction_is_the_official_one(raw: dict[str, Any], seed: int) -> None:
    torch.manual_seed(seed)
    official = OfficialPackedWaveNet.init_from_config(copy.deepcopy(raw)).double()
    ours = PackedWaveNet(parse_packed(raw)).double()
    copy_weights(PackedLightningModule(official), ours)
    audio = torch.from_numpy(AUDIO[:1000]).double()[None]
    predicted = official(audio, pad_start=False)
    torch.testing.assert_close(ours(audio), predicted, rtol=1e-10, atol=1e-12)


def exported(network: PackedWaveNet) -> NamContainer:
    """What a training that came to this network exports."""
    metrics = SubmodelMetrics(esr=0.1, mse=0.1, mrstft=0.1)
    results = tuple(
        SubmodelResult(name, network.extract(i).export_weights(), 1, 1, metrics)
        for i, name in enumerate(network.config.names)
    )
    return build_container(
        network.config,
        TrainResult(results, RATE_HZ, 1),
        user=UserMetadata(),
        training=esr_json(dict.fromkeys(network.config.names, 0.1)),
        moment=datetime(2026, 1, 1),
    )


@few
@given(raw=packed_configs(), seed=SEEDS)
def test_export_is_read_back_and_plays_in_the_official_loader(
    raw: dict[str, Any], seed: int
) -> None:
    config = parse_packed(raw)
    network = PackedWaveNet(config, torch.Generator().manual_seed(seed))
    document = json.loads(encode_nam(exported(network)))
    ours = parse_nam(Node(document, ""), "random.nam")
    assert isinstance(ours, NamContainer)
    assert tuple(entry.max_value for entry in ours.entries) == config.max_values
    entries = zip(ours.entries, document["config"]["submodels"], strict=True)
    for i, (entry, written) in enumerate(entries):
        weights = network.extract(i).export_weights()
        np.testing.assert_array_equal(entry.model.weights, weights)
        official = init_from_nam(written["model"])
        np.testing.assert_array_equal(official._net.export_weights(), weights)
        with torch.no_grad():
            theirs = official(torch.from_numpy(AUDIO), pad_start=True).double().numpy()
        error = np.sum((render(entry.model, AUDIO) - theirs) ** 2)
        # Where all units are off and the head has no bias, both are silent.
        assert error <= 1e-10 * np.sum(theirs**2)
