"""What a sample costs at run time is what PyTorch counts in the official network."""

from __future__ import annotations

import json

import pytest
import torch
from nam.models._from_nam import init_from_nam
from support import container_of, small_packed, two_array_packed
from torch.utils.flop_counter import FlopCounterMode

from nam_engine.nam_file import encode_nam
from nam_engine.presets import A2
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

MORE_SAMPLES = 100


@pytest.mark.parametrize(
    "network",
    [parse_packed(A2), small_packed(), two_array_packed(), two_array_packed(second_layer1x1=True)],
    ids=["A2", "small", "two arrays", "two arrays with 1x1"],
)
def test_multiply_adds_are_those_of_the_official_network(network: PackedConfig) -> None:
    document = json.loads(encode_nam(container_of(network)))
    for submodel, entry in zip(network.submodels, document["config"]["submodels"], strict=True):
        official = init_from_nam(entry["model"])
        counts = []
        for samples in (0, MORE_SAMPLES):  # what the context costs is the same in both
            audio = torch.zeros(1, official.receptive_field + samples)
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                official(audio, pad_start=False)
            counts.append(counter.get_total_flops())
        assert counts[1] - counts[0] == 2 * MORE_SAMPLES * submodel.config.multiply_adds
