"""A recording and what models make of a passage of it, to be seen, heard or scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span
from nam_engine.errors import AudioError
from nam_engine.nam_file import NamFile, NamModel, read_nam, submodels_of
from nam_engine.render import play
from nam_engine.train_job import TrainJob

__all__ = ["Comparison", "compare", "play_passage", "require_rate"]

Samples = NDArray[np.float32]

LONGEST_SECONDS = 12.0


@dataclass(frozen=True)
class Comparison:
    """One passage: ``target`` as recorded, ``predictions`` as played, by submodel name.

    All are float32 (time,) of equal length, at the recording's own level; the smallest
    submodel comes first.
    """

    target: Samples
    predictions: dict[str, Samples]
    sample_rate_hz: int


def compare(model_path: Path, job: TrainJob) -> Comparison:
    """Play each submodel of a .nam file over the passage on which ``job`` validates.

    Of a passage longer than 12 s the loudest 12 s. Raises NamFileError where the file cannot
    be read, AudioError and CaptureError where the recordings cannot be used any more or have
    another sample rate than the model.
    """
    file = read_nam(model_path)
    capture = job.take_in().require_capture()
    rate = capture.sample_rate_hz
    require_rate(file, model_path, rate, job.output_path)
    passage = capture.loudest_validation(LONGEST_SECONDS)
    return play_passage(dict(submodels_of(file)), capture.input, capture.target, passage, rate)


def play_passage(
    models: Mapping[str, NamModel],
    source: Samples,
    target: Samples,
    passage: Span,
    sample_rate_hz: int,
) -> Comparison:
    """Play models over a passage of an aligned pair, whose input is ``source`` (time,)."""
    predictions = {
        name: play(model, source, passage.start, passage.stop) for name, model in models.items()
    }
    return Comparison(passage.of(target), predictions, sample_rate_hz)


def require_rate(file: NamFile, model_path: Path, sample_rate_hz: int, audio_path: Path) -> None:
    """Refuse audio at another sample rate than the model's (48 kHz where it has none)."""
    _, model = submodels_of(file)[-1]
    model_rate_hz = model.sample_rate_hz or 48_000
    if sample_rate_hz != model_rate_hz:
        raise AudioError(
            f"{audio_path.name} has {sample_rate_hz} samples per second but"
            f" {model_path.name} was made for {model_rate_hz}.",
            "Convert the audio to the model's sample rate.",
        )
