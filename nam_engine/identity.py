"""What two runs must share to be one training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from nam_engine.material import Material
from nam_engine.method import Method
from nam_engine.wavenet.config import PackedConfig

__all__ = ["identity_of"]

# What the fields of a method are called where the user sets them.
NAMES = {
    "objective": "loss",
    "optimizer": "optimizer or learning rate",
    "schedule": "schedule of the learning rate",
    "batches": "order or number of batches",
    "judged_by": "figure that decides which validation is the best (val_loss)",
    "validate_every": "val_check_interval",
    "max_steps": "max_steps",
    "clipping": "clipping of the gradients",
}


def identity_of(
    material: Material, config: PackedConfig, method: Method, seed: int
) -> Mapping[str, str]:
    """Each thing under the name that the user knows it by. More epochs are the same training."""
    network = [s.config.to_json(head_scale=s.config.head_scale) for s in config.submodels]
    settings = asdict(method)
    del settings["epochs"]  # more of them may be added
    settings["batch size"] = settings["batches"].pop("size")
    return {
        **material.identity,
        "network": json.dumps([config.names, network]),
        **{NAMES.get(key, key): json.dumps(value) for key, value in settings.items()},
        "seed": str(seed),
    }
