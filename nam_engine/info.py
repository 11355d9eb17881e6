"""What is in a .nam file, for people and programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nam_engine.nam_file import NamContainer, NamModel, read_nam, submodels_of

__all__ = ["describe"]


def describe(path: Path) -> dict[str, Any]:
    """A summary of a .nam file; raises NamFileError where it cannot be read."""
    file = read_nam(path)
    models = submodels_of(file)
    thresholds = [e.max_value for e in file.entries] if isinstance(file, NamContainer) else [1.0]
    return {
        "architecture": "SlimmableContainer" if isinstance(file, NamContainer) else "WaveNet",
        "sample_rate_hz": models[-1][1].sample_rate_hz,
        "submodels": [
            {"name": name, "max_value": max_value, **_describe_model(model)}
            for (name, model), max_value in zip(models, thresholds, strict=True)
        ],
        "metadata": dict(file.metadata),
    }


def _describe_model(model: NamModel) -> dict[str, Any]:
    return {
        "weights": len(model.weights),
        "receptive_field_samples": model.config.receptive_field,
        "loudness_db": model.metadata.get("loudness"),
        "gain": model.metadata.get("gain"),
    }
