"""Small networks, recordings and files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Recording
from nam_engine.capture import Capture, make_capture
from nam_engine.nam_file import ContainerEntry, NamContainer, NamModel
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

RATE_HZ = 48_000


def layer_array(channels: int = 3, **changes: Any) -> dict[str, Any]:
    """A layer array in the official form."""
    array = {
        "input_size": 1,
        "condition_size": 1,
        "channels": channels,
        "kernel_size": 3,
        "dilations": [1, 2],
        "activation": "Tanh",
        "head": {"out_channels": 1, "kernel_size": 2, "bias": True},
    }
    return {**array, **changes}


def submodel(name: str, *arrays: dict[str, Any], head_scale: float = 0.1) -> dict[str, Any]:
    return {"name": name, "config": {"layers_configs": list(arrays), "head_scale": head_scale}}


def small_packed() -> PackedConfig:
    """Two submodels of 2 and 3 channels, receptive field 8."""
    raw = {"submodels": [submodel("small", layer_array(2)), submodel("large", layer_array(3))]}
    return parse_packed(raw)


def two_array_packed(*, second_layer1x1: bool = False) -> PackedConfig:
    """Three submodels, two layer arrays, everything different that may differ."""
    submodels = []
    for name, channels, bottleneck, head in (("a", 2, 3, 2), ("b", 4, 2, 3), ("c", 3, 5, 1)):
        first = layer_array(
            channels,
            bottleneck=bottleneck,
            kernel_sizes=[3, 2, 4],
            kernel_size=None,
            dilations=[1, 3, 2],
            activation=["Sigmoid", {"name": "LeakyReLU", "negative_slope": 0.05}, "SiLU"],
            head={"out_channels": head, "kernel_size": 3, "bias": False},
            head_1x1_config={"active": True, "out_channels": channels + 1},
        )
        second = layer_array(
            head,
            input_size=channels,
            dilations=[5, 1],
            activation="Softsign",
            head={"out_channels": 1, "kernel_size": 4, "bias": True},
            layer_1x1_config={"active": second_layer1x1},
        )
        submodels.append(submodel(name, first, second, head_scale=0.3))
    return parse_packed({"submodels": submodels})


def playing(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise with a moving level: a stand-in for playing."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * RATE_HZ)
    level = 0.05 + 0.25 * np.abs(np.sin(np.arange(samples) / 9_000))
    return (level * rng.standard_normal(samples)).clip(-1, 1).astype(np.float32)


def rig(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """A short memory and a bend: learnable by the small networks."""
    return np.tanh(2 * samples - np.roll(samples, 1)).astype(np.float32) * 0.5


def recording(samples: NDArray[np.float32], name: str = "take.wav") -> Recording:
    return Recording(samples.astype(np.float32), RATE_HZ, Path(name))


def small_capture(seconds: float = 4.0) -> Capture:
    x = playing(seconds)
    return make_capture(recording(x, "input.wav"), recording(rig(x), "amp.wav"))


def container_of(config: PackedConfig, seed: int = 0) -> NamContainer:
    """A container with random weights."""
    rng = np.random.default_rng(seed)
    entries = []
    for max_value, part in zip(config.max_values, config.submodels, strict=True):
        weights = rng.uniform(-0.5, 0.5, part.config.weight_count).astype(np.float32)
        weights[-1] = part.config.head_scale
        metadata = {"loudness": -20.0, "gain": 0.5}
        entries.append(ContainerEntry(max_value, NamModel(part.config, weights, RATE_HZ, metadata)))
    return NamContainer(tuple(entries), {"name": "Test", "loudness": -20.0, "gain": 0.5})
