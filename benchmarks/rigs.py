"""Three rigs of different kinds, to try recipes on: writes a pair of WAVs for each.

python benchmarks/rigs.py FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from nam_engine.audio import write_wav
from nam_engine.demo import SAMPLE_RATE_HZ, convolve, play, to_peak

SECONDS = 24
OVERSAMPLING = 4

Samples = NDArray[np.float64]


def bent(shape: Callable[[Samples], Samples], audio: Samples) -> Samples:
    """A shape at a higher rate, so that its overtones do not fold back."""
    high_hz = OVERSAMPLING * SAMPLE_RATE_HZ
    shaped = shape(soxr.resample(audio, SAMPLE_RATE_HZ, high_hz, "VHQ"))
    return soxr.resample(shaped, high_hz, SAMPLE_RATE_HZ, "VHQ")[: len(audio)]


def lowpass(audio: Samples, hz: float) -> Samples:
    """First order."""
    pole = np.exp(-2 * np.pi * hz / SAMPLE_RATE_HZ)
    response = pole ** np.arange(round(12 / (1 - pole)))
    return convolve(audio, response * (1 - pole))


def speaker(audio: Samples) -> Samples:
    """Rings at 110 Hz and 2.4 kHz and has little above."""
    t = np.arange(round(0.008 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    low = 0.5 * np.exp(-t / 0.002) * np.cos(2 * np.pi * 110 * t)
    return convolve(audio, low + np.exp(-t / 0.0002) * np.cos(2 * np.pi * 2400 * t))


def clean(audio: Samples) -> Samples:
    """A compressor of 30 ms, hardly driven, into a speaker."""
    level = np.sqrt(lowpass(np.square(audio), 5.0).clip(1e-12))
    return speaker(np.tanh(5.0 * audio / np.sqrt(1 + level / 0.05)))


def fuzz(audio: Samples) -> Samples:
    """Hard and uneven clipping with a bass cut before and after, no speaker."""
    driven = audio - lowpass(audio, 80.0)
    clipped = bent(lambda x: np.clip(25 * x + 0.2, -0.6, 1.0), driven)
    return clipped - lowpass(clipped, 16.0)


def high_gain(audio: Samples) -> Samples:
    """Two valve stages into a speaker, and noise of -60 dBFS."""
    driven = audio - lowpass(audio, 160.0)
    stages = bent(lambda x: np.tanh(8 * (np.tanh(20 * x + 0.3) - np.tanh(0.3))), driven)
    played = speaker(stages - lowpass(stages, 32.0))
    noise = np.random.default_rng(1).standard_normal(len(played))
    return to_peak(played) + 1e-3 * noise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for seed, rig in enumerate((clean, fuzz, high_gain), start=1):
        audio = play(SECONDS, seed)
        for kind, samples in (("input", audio), ("output", to_peak(rig(audio)))):
            path = folder / f"{rig.__name__}_{kind}.wav"
            write_wav(path, samples.astype(np.float32), SAMPLE_RATE_HZ)


if __name__ == "__main__":
    main()
