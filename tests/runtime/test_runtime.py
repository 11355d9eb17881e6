"""What we export plays in the real-time runtime exactly as we render it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support import layer_array, submodel, two_array_packed

from nam_engine.demo import play as play_guitar
from nam_engine.nam_file import ContainerEntry, NamContainer, NamModel, write_nam
from nam_engine.presets import A2
from nam_engine.render import render
from nam_engine.wavenet.config import ACTIVATIONS, PackedConfig
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

Runtime = Callable[[Sequence[Path], NDArray[np.float32]], list[Any]]


def esr(played: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    error = np.sum((played - wanted) ** 2, dtype=np.float64)
    return float(error / np.sum(wanted**2, dtype=np.float64))


@pytest.fixture(scope="module")
def guitar() -> NDArray[np.float32]:
    return play_guitar(1.0).astype(np.float32)


def trained_like(config: PackedConfig) -> NamContainer:
    """Weights as training starts from them: audible, not exploding."""
    network = PackedWaveNet(config, torch.Generator().manual_seed(11))
    models = [
        NamModel(part.config, network.extract(i).export_weights(), 48_000)
        for i, part in enumerate(config.submodels)
    ]
    return NamContainer(tuple(map(ContainerEntry, config.max_values, models)))


@pytest.mark.parametrize(
    "config", [parse_packed(A2), two_array_packed(second_layer1x1=True)], ids=["A2", "two arrays"]
)
def test_container_and_submodels_play_as_we_render(
    tmp_path: Path, runtime: Runtime, guitar: NDArray[np.float32], config: PackedConfig
) -> None:
    container = trained_like(config)
    paths = [tmp_path / "container.nam"]
    write_nam(paths[0], container)
    for i, entry in enumerate(container.entries):
        paths.append(tmp_path / f"submodel_{i}.nam")
        write_nam(paths[-1], entry.model)
    whole, *parts = runtime(paths, guitar)
    for played, entry in zip(parts, container.entries, strict=True):
        assert esr(played.samples, render(entry.model, guitar)) < 1e-9
    # Without a size setting the runtime plays the largest.
    assert esr(whole.samples, render(container.select(1.0), guitar)) < 1e-9


def test_every_activation_plays_as_we_render(
    tmp_path: Path, runtime: Runtime, guitar: NDArray[np.float32]
) -> None:
    """All but Tanh, which the runtime approximates to about 0.1%."""
    arrays = {name: layer_array(4, activation=name) for name in ACTIVATIONS}
    models = {
        name: trained_like(parse_packed({"submodels": [submodel(name, array)]})).entries[0].model
        for name, array in arrays.items()
    }
    paths = {name: tmp_path / f"{name}.nam" for name in models}
    for name, model in models.items():
        write_nam(paths[name], model)
    for name, played in zip(models, runtime(list(paths.values()), guitar), strict=True):
        tolerance = 1e-5 if name == "Tanh" else 1e-9
        assert esr(played.samples, render(models[name], guitar)) < tolerance, name


def test_runtime_reads_a_missing_layer1x1_differently(
    tmp_path: Path, runtime: Runtime, guitar: NDArray[np.float32]
) -> None:
    """Where the layer 1x1 is off, the official trainer adds the activation to the
    residual stream and the runtime does not (docs/nam_format.md). We follow the
    trainer; this test tells when the two agree."""
    array = layer_array(4, activation="ReLU", layer_1x1_config={"active": False})
    model = trained_like(parse_packed({"submodels": [submodel("x", array)]})).entries[0].model
    write_nam(tmp_path / "x.nam", model)
    (played,) = runtime([tmp_path / "x.nam"], guitar)
    assert esr(played.samples, render(model, guitar)) > 1e-3


def test_lite_takes_the_fast_path(
    tmp_path: Path, runtime: Runtime, guitar: NDArray[np.float32]
) -> None:
    """Twice as fast as the same network with one dilation moved off the preset."""
    exact = A2["submodels"][0]
    moved = copy.deepcopy(exact)
    moved["config"]["layers_configs"][0]["dilations"][0] = 2
    paths = [tmp_path / "exact.nam", tmp_path / "moved.nam"]
    for path, raw in zip(paths, (exact, moved), strict=True):
        write_nam(path, trained_like(parse_packed({"submodels": [raw]})).entries[0].model)
    times = [[p.seconds for p in runtime(paths * 3, guitar)] for _ in range(2)]
    fastest = np.min(times, axis=0).reshape(3, 2).min(axis=0)
    assert fastest[0] < 0.6 * fastest[1]
