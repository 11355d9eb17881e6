"""From a training result to the SlimmableContainer that every NAM plugin plays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nam_engine.events import SubmodelResult, TrainResult
from nam_engine.loudness import measure_loudness
from nam_engine.metadata import UserMetadata, date_json
from nam_engine.nam_file import ContainerEntry, NamContainer, NamModel
from nam_engine.wavenet.config import PackedConfig, WaveNetConfig

__all__ = ["build_container"]


def build_container(
    config: PackedConfig,
    result: TrainResult,
    *,
    user: UserMetadata,
    training: Mapping[str, Any],
    moment: datetime,
) -> NamContainer:
    """The best state of each submodel, with all metadata; ``training`` is that of the file.

    Loudness and gain stand on every submodel; the container repeats those of
    the largest, which comes last.
    """
    date = {"date": date_json(moment)}

    def model(submodel: SubmodelResult, wavenet_config: WaveNetConfig) -> NamModel:
        bare = NamModel(wavenet_config, submodel.weights, result.sample_rate_hz)
        metadata = {**date, **measure_loudness(bare).to_json()}
        return NamModel(wavenet_config, submodel.weights, result.sample_rate_hz, metadata)

    models = [
        model(best, submodel.config)
        for best, submodel in zip(result.submodels, config.submodels, strict=True)
    ]
    entries = tuple(
        ContainerEntry(max_value, m) for max_value, m in zip(config.max_values, models, strict=True)
    )
    metadata = {
        **models[-1].metadata,
        **user.to_json(),
        "training": dict(training),
    }
    return NamContainer(entries, metadata)
