"""What the three files say, checked and as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nam_engine.method import Method
from nam_engine.wavenet.config import PackedConfig

__all__ = ["DataDescription", "Description", "PairDescription"]

DEFAULT_PRE_SILENCE_SECONDS = 0.4


@dataclass(frozen=True)
class PairDescription:
    """One pair of recordings and which part of it is used: an entry of the data file.

    ``where`` is its place in that file (``train[1]``). ``start`` and ``stop`` count samples
    (int) or seconds (float) from the beginning or, where negative, from the end; None is the
    beginning and the end. ``delay_samples`` is how much later the output is. ``ny`` is how
    many targets an item has, None for all of them. ``pre_silence_seconds`` is how long the
    input must be silent before ``start``; None asks for nothing.
    """

    where: str
    x_path: Path
    y_path: Path
    start: int | float | None = None
    stop: int | float | None = None
    delay_samples: int = 0
    ny: int | None = None
    y_scale: float = 1.0
    input_gain_db: float = 0.0
    sample_rate_hz: int | None = None
    y_preroll_samples: int = 0
    allow_unequal_lengths: bool = False
    pre_silence_seconds: float | None = DEFAULT_PRE_SILENCE_SECONDS


@dataclass(frozen=True)
class DataDescription:
    """All pairs; ``level_rms_dbfs`` is the level that the training targets are brought to."""

    train: tuple[PairDescription, ...]
    validation: tuple[PairDescription, ...]
    level_rms_dbfs: float | None = None


@dataclass(frozen=True)
class Description:
    """A training as the three files describe it.

    ``network`` has one submodel where a plain WaveNet was asked for (``is_packed`` is false).
    ``device`` is ``auto``, ``cpu``, ``cuda`` or ``mps``. ``validation_limit`` is how many
    validation items are judged (int) or which share of them (float). ``documents`` are the
    files' contents, by ``data``, ``model`` and ``learning``. ``warnings`` are sentences.
    """

    data: DataDescription
    network: PackedConfig
    is_packed: bool
    method: Method
    device: str
    minutes: float | None
    validation_limit: int | float | None
    documents: dict[str, Any]
    warnings: tuple[str, ...]
