"""An existing A2 container as the beginning of a training."""

from __future__ import annotations

from pathlib import Path

from nam_engine.errors import NamFileError
from nam_engine.nam_file import NamContainer, NamModel, read_nam
from nam_engine.presets import submodel_title
from nam_engine.wavenet.config import PackedConfig

__all__ = ["read_start"]


def read_start(path: Path, config: PackedConfig, sample_rate_hz: int) -> tuple[NamModel, ...]:
    """The models of a file, one for each submodel of the network to train.

    Raises NamFileError where the file is unreadable or holds something else.
    """
    file = read_nam(path)
    remedy = "Start from a model that this program or another A2 trainer made."
    if not isinstance(file, NamContainer):
        raise NamFileError(
            f"{path.name} holds one model; training needs {len(config.submodels)} in one file.",
            remedy,
        )
    models = tuple(entry.model for entry in file.entries)
    expected = [submodel.config.layer_arrays for submodel in config.submodels]
    if [model.config.layer_arrays for model in models] != expected:
        raise NamFileError(
            f"The models in {path.name} do not have the sizes and layers of"
            f" {' and '.join(map(submodel_title, config.names))}.",
            remedy,
        )
    model_rate_hz = file.sample_rate_hz or 48_000
    if model_rate_hz != sample_rate_hz:
        raise NamFileError(
            f"{path.name} was made for {model_rate_hz} samples per second but the recording has"
            f" {sample_rate_hz}.",
            f"Train with --rate {model_rate_hz}, or start from another model.",
        )
    return models
