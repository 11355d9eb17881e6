"""The loudness and gain figures of a .nam file.

Loudness is the RMS, in dB, of what a model plays for one second of pink noise;
gain says how much it compresses: 0 where output follows input, 1 where the
output level no longer depends on it. Definition: ``neural-amp-modeler`` 0.13.0,
with a noise of our own of the same level and spectrum.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from nam_engine.nam_file import NamModel
from nam_engine.render import Player

__all__ = ["Loudness", "measure_loudness", "pink_noise"]

NOISE_SAMPLES = 48_000
NOISE_RMS_DBFS = -14.97
NOISE_SEED = 7
# An excerpt of pink noise has an offset: the power below its first whole cycle.
# Models answer to it, so it is part of the level. The official noise has -0.04;
# this value agrees best with the official figures (docs/experiments.md).
NOISE_OFFSET = -0.03


@dataclass(frozen=True)
class Loudness:
    loudness_db: float
    gain: float

    def to_json(self) -> dict[str, float]:
        return {"loudness": self.loudness_db, "gain": self.gain}


@functools.cache
def pink_noise() -> NDArray[np.float32]:
    """One second at 48 kHz: equal power in every octave, near Gaussian, repeatable."""
    rng = np.random.Generator(np.random.PCG64(NOISE_SEED))
    bins = np.arange(NOISE_SAMPLES // 2 + 1)
    phases = rng.random(len(bins)) * 2 * np.pi
    spectrum = np.exp(1j * phases) / np.sqrt(np.maximum(bins, 1))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, NOISE_SAMPLES)
    power = 10 ** (NOISE_RMS_DBFS / 10) - NOISE_OFFSET**2
    noise *= np.sqrt(power / np.mean(noise**2))
    return (noise + NOISE_OFFSET).astype(np.float32)


def measure_loudness(model: NamModel) -> Loudness:
    """Play the noise at input gains 0, 0.1 .. 1 and compare the levels."""
    player = Player(model)
    gains = torch.linspace(0.0, 1.0, 11)
    noise = gains[:, None] * torch.from_numpy(pink_noise())
    played = player(F.pad(noise, (player.receptive_field - 1, 0)))
    rms = played.double().square().mean(dim=1).sqrt().numpy()
    # Fully compressed, all eleven levels would equal the last; linear, half of that in sum.
    compressed = len(gains) * rms[-1]
    linear = compressed / 2
    loudness_db = 20 * float(np.log10(max(rms[-1], np.finfo(np.float64).tiny)))
    if compressed == 0:
        return Loudness(loudness_db, gain=0.0)
    gain = float(np.clip((rms.sum() - linear) / (compressed - linear), 0.0, 1.0))
    return Loudness(loudness_db, gain)
