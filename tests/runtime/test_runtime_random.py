"""Random networks play in the real-time runtime as we render them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from random_networks import packed_configs
from support import RATE_HZ, layer_array, playing, submodel

from nam_engine.nam_file import NamModel, write_nam
from nam_engine.render import render
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

Runtime = Callable[[Sequence[Path], NDArray[np.float32]], list[Any]]

AUDIO = playing(0.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@settings(
    max_examples=3,  # each starts the runtime
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # to shrink would start it again and again
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    networks=st.lists(packed_configs(playable=True), min_size=8, max_size=8),
    seed=st.integers(0, 2**31),
)
def test_every_submodel_plays_as_we_render(
    folder: Path, runtime: Runtime, networks: list[dict[str, Any]], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    models = []
    for config in map(parse_packed, networks):
        network = PackedWaveNet(config, generator)
        for i, part in enumerate(config.submodels):
            weights = network.extract(i).export_weights()
            models.append(NamModel(part.config, weights, RATE_HZ))
    paths = [folder / f"{i}.nam" for i in range(len(models))]
    for path, model in zip(paths, models, strict=True):
        write_nam(path, model)
    for model, played in zip(models, runtime(paths, AUDIO), strict=True):
        ours = render(model, AUDIO).astype(np.float64)
        # Where all units are off and the head has no bias, both are silent.
        assert np.sum((played.samples - ours) ** 2) <= 1e-9 * np.sum(ours**2), model.config


def test_runtime_refuses_an_array_that_is_not_as_wide_as_the_head_before_it(
    folder: Path, runtime: Runtime
) -> None:
    """The official trainer trains it and plays it (docs/nam_format.md), and so do we."""

    def write(channels: int) -> Path:
        head = {"out_channels": 3, "kernel_size": 1, "bias": False}
        arrays = layer_array(2, head=head), layer_array(channels, input_size=2, bottleneck=3)
        config = parse_packed({"submodels": [submodel("x", *arrays)]})
        weights = PackedWaveNet(config).extract(0).export_weights()
        path = folder / f"width_{channels}.nam"
        write_nam(path, NamModel(config.submodels[0].config, weights, RATE_HZ))
        return path

    runtime([write(3)], AUDIO)
    with pytest.raises(AssertionError, match=r"node:internal"):
        runtime([write(4)], AUDIO)
