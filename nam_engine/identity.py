"""What two runs must share to be one training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from nam_engine.material import Material
from nam_engine.method import Method
from nam_engine.wavenet.config import PackedConfig

__all__ = ["identity_of"]


def identity_of(
    material: Material, config: PackedConfig, method: Method, seed: int
) -> Mapping[str, str]:
    """Each thing under the name that the user knows it by. More epochs are the same training."""
    network = [s.config.to_json(head_scale=s.config.head_scale) for s in config.submodels]
    settings = asdict(method)
    del settings["epochs"]  # more of them may be added
    return {
        **material.identity,
        "network": json.dumps([config.names, network]),
        "recipe": json.dumps(settings),
        "seed": str(seed),
    }
