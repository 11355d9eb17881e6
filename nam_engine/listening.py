"""A sound file in which a recording and its models are heard one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import write_wav
from nam_engine.levels import loudest_span
from nam_engine.strings import faded

__all__ = ["write_listening_file"]

LONGEST_SECONDS = 10
SILENCE_SECONDS = 0.5
FADE_SECONDS = 0.005


def write_listening_file(
    path: Path,
    target: NDArray[np.float32],
    predictions: Mapping[str, NDArray[np.float32]],
    sample_rate_hz: int,
) -> None:
    """Write the loudest passage of up to 10 s as recorded, then as each submodel plays it.

    ``target`` and each of ``predictions`` (smallest submodel first, by name) are (time,)
    and equally long; the largest submodel is heard first. Half a second of
    silence lies between. Levels are left as they are; where one exceeds full scale all
    are turned down together. Predicted values that are not numbers are silent. The WAV is
    mono and of 24 bits; an existing file is replaced. Raises AudioError where the file
    cannot be written.
    """
    span = loudest_span(target, LONGEST_SECONDS * sample_rate_hz)
    silence = np.zeros(round(SILENCE_SECONDS * sample_rate_hz))
    parts: list[NDArray[np.float64]] = []
    for samples in (target, *reversed(list(predictions.values()))):
        heard = np.nan_to_num(span.of(samples).astype(np.float64), posinf=0, neginf=0)
        parts += [faded(heard, sample_rate_hz, FADE_SECONDS, FADE_SECONDS), silence]
    audio = np.concatenate(parts[:-1])
    audio /= max(1, np.abs(audio).max())
    write_wav(path, audio.astype(np.float32), sample_rate_hz, subtype="PCM_24")
