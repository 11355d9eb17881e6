"""What two runs must share to be one training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from nam_engine.capture import Capture
from nam_engine.presets import Recipe
from nam_engine.wavenet.config import PackedConfig

__all__ = ["identity_of"]


def identity_of(
    capture: Capture, config: PackedConfig, recipe: Recipe, seed: int
) -> Mapping[str, str]:
    """Each thing under the name that the user knows it by. More epochs are the same training."""
    recording = hashlib.sha256(capture.input.tobytes())
    recording.update(capture.target.tobytes())
    network = [s.config.to_json(head_scale=s.config.head_scale) for s in config.submodels]
    settings = asdict(recipe)
    del settings["epochs"]  # more of them may be added
    return {
        "recording or latency": recording.hexdigest(),
        "validation passage": f"{capture.train} {capture.validation} {capture.sample_rate_hz}",
        "network": json.dumps([config.names, network]),
        "recipe": json.dumps(settings),
        "seed": str(seed),
    }
