"""A built-in rig and player, to try everything without a recording.

The player strums decaying, slightly inharmonic strings; the rig is a
non-linearity with memory: a coupling capacitor, a valve stage whose bias sinks
while it is played hard, and a speaker that rings. All of it is synthesised
here; nothing is sampled and nothing is copied.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.atomic import unused_path
from nam_engine.audio import write_wav

__all__ = ["SAMPLE_RATE_HZ", "amplify", "convolve", "play", "to_peak", "write_demo_pair"]

SAMPLE_RATE_HZ = 48_000

FloatArray = NDArray[np.float64]

# Fret numbers above the open strings E A D G B E; -1 is not played.
_OPEN_STRINGS_HZ = (82.41, 110.0, 146.83, 196.0, 246.94, 329.63)
_CHORDS = (
    (0, 2, 2, 1, 0, 0),
    (-1, 0, 2, 2, 2, 0),
    (3, 2, 0, 0, 0, 3),
    (-1, 3, 2, 0, 1, 0),
    (0, 2, 2, 0, 0, 0),
    (-1, -1, 0, 2, 3, 2),
)
PARTIALS = 24
INHARMONICITY = 1e-4
BLOCK_SAMPLES = 256


def play(seconds: float, seed: int = 0) -> FloatArray:
    """Synthesised guitar playing, (time,), peaking at -3 dBFS.

    Chords and single notes with dynamics of about 25 dB; starts with 50 ms of
    silence and ends with ringing strings.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    audio = np.zeros(round(seconds * SAMPLE_RATE_HZ))
    beat = 0.05
    while beat < seconds - 0.1:
        chord = _CHORDS[rng.integers(len(_CHORDS))]
        loudness = 10 ** (rng.uniform(-25, 0) / 20)
        damped = rng.random() < 0.25
        strings = [s for s, fret in enumerate(chord) if fret >= 0]
        if rng.random() < 0.5:
            strings = [strings[rng.integers(len(strings))]]
            loudness *= 1.5
        for order, string in enumerate(strings):
            pitch_hz = _OPEN_STRINGS_HZ[string] * 2 ** (chord[string] / 12)
            start = round((beat + 0.008 * order) * SAMPLE_RATE_HZ)
            decay_seconds = 0.08 if damped else rng.uniform(0.4, 1.2)
            note = _pluck(pitch_hz, decay_seconds, rng)[: len(audio) - start]
            audio[start : start + len(note)] += loudness * note
        beat += rng.choice([0.125, 0.25, 0.25, 0.5])
    return to_peak(audio)


def _pluck(pitch_hz: float, decay_seconds: float, rng: np.random.Generator) -> FloatArray:
    """One string: partials that decay the faster the higher they are."""
    samples = round(4 * decay_seconds * SAMPLE_RATE_HZ)
    position = rng.uniform(0.1, 0.3)
    k = np.arange(1, PARTIALS + 1)
    partial_hz = k * pitch_hz * np.sqrt(1 + INHARMONICITY * k * k)
    k, partial_hz = (each[partial_hz <= 0.4 * SAMPLE_RATE_HZ] for each in (k, partial_hz))
    amplitude = np.sin(np.pi * k * position) / k
    rate = (2j * np.pi * partial_hz - (1 + 0.15 * k) / decay_seconds) / SAMPLE_RATE_HZ
    # exp(rate * t) for all t is that at the start of each block times that within a block.
    starts = np.arange(0, samples, BLOCK_SAMPLES)
    within = np.exp(np.outer(rate, np.arange(BLOCK_SAMPLES)))
    note = (np.exp(np.outer(starts, rate)) * amplitude @ within).imag.ravel()[:samples]
    attack = np.minimum(1.0, np.arange(samples) / (0.001 * SAMPLE_RATE_HZ))
    plucked: FloatArray = note * attack
    return plucked


def amplify(audio: FloatArray) -> FloatArray:
    """Play audio (time,) through the demo rig; same length, peaking at -3 dBFS."""
    coupled = audio - _smooth(audio, seconds=0.004)
    drive = 6.0 * coupled
    sag = _smooth(np.abs(drive), seconds=0.015)
    stage = np.tanh(drive - 0.3 * sag) + np.tanh(0.3 * sag)
    played = convolve(stage, _speaker())
    return to_peak(played)


def to_peak(audio: FloatArray) -> FloatArray:
    """Scaled to a peak of -3 dBFS."""
    peak: float = np.abs(audio).max()
    return audio * (10 ** (-3 / 20) / peak)


def _smooth(audio: FloatArray, *, seconds: float) -> FloatArray:
    """A one-pole low-pass (as its impulse response, cut off at -100 dB)."""
    length = round(11.5 * seconds * SAMPLE_RATE_HZ)
    response = np.exp(-np.arange(length) / (seconds * SAMPLE_RATE_HZ))
    return convolve(audio, response / response.sum())


def _speaker() -> FloatArray:
    """Impulse response of a speaker: three damped resonances, 6 ms long."""
    t = np.arange(round(0.006 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    response = np.zeros_like(t)
    for resonance_hz, gain, decay_seconds in (
        (120, 0.5, 0.0015),
        (700, 0.6, 0.0006),
        (2600, 1.0, 0.0002),
    ):
        response += gain * np.exp(-t / decay_seconds) * np.cos(2 * np.pi * resonance_hz * t)
    total: float = np.abs(response).sum()
    return response / total


def convolve(audio: FloatArray, response: FloatArray) -> FloatArray:
    """Causal convolution, cut to the length of ``audio``."""
    size = 1 << (len(audio) + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(audio, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(audio)]


def write_demo_pair(folder: Path, seconds: float) -> tuple[Path, Path]:
    """Write an input and the rig's output as WAVs; returns their paths."""
    audio = play(seconds)
    input_path = unused_path(folder / "demo_input.wav")
    write_wav(input_path, audio.astype(np.float32), SAMPLE_RATE_HZ)
    output_path = unused_path(folder / "demo_output.wav")
    write_wav(output_path, amplify(audio).astype(np.float32), SAMPLE_RATE_HZ)
    return input_path, output_path
