"""Plucked strings: notes of a guitar or a bass as audio.

A string is a sum of inharmonic partials that decay the faster the higher they
are. How loud each one is follows from where the string is plucked, where the
pickup sits and how bright the tone is. Everything random is drawn in numbers
that do not depend on the sample rate: another rate plays the same notes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOTTOM_HZ", "TOP_HZ", "FloatArray", "Note", "faded", "noise", "perform"]

FloatArray = NDArray[np.float64]

BOTTOM_HZ = 20.0
TOP_HZ = 20_000.0  # every sample rate from 44.1 kHz up can carry it
MAX_PARTIALS = 120
INHARMONICITY = 1e-4
LOSS_HZ = 1_200.0  # a partial of this frequency decays twice as fast as a very low one
DETUNE_CENTS = 3.0
PICK_SECONDS = 0.006
DAMPING_SECONDS = 0.03
INAUDIBLE_DECAYS = 8.0  # 70 dB down
BEND_OVERSAMPLING = 4


@dataclass(frozen=True)
class Note:
    """One plucked string; its times count from the start of the phrase.

    The string is damped after ``hold_seconds``; its fundamental falls to 1/e
    within ``decay_seconds``; partials above ``bright_hz`` are weak. ``level`` and
    ``pick`` (the noise of the pick, relative to the string) are factors. ``bend``
    moves the pitch along points of (seconds after the pluck, semitones).
    """

    start_seconds: float
    pitch_hz: float
    hold_seconds: float
    level: float
    decay_seconds: float
    bright_hz: float
    pick: float = 0.2
    bend: tuple[tuple[float, float], ...] = ()
    vibrato_semitones: float = 0.0


def perform(
    notes: Sequence[Note], seconds: float, sample_rate_hz: int, rng: np.random.Generator
) -> FloatArray:
    """The notes together, (time,), cut off after ``seconds``."""
    audio = np.zeros(round(seconds * sample_rate_hz))
    for note in notes:
        start = round(note.start_seconds * sample_rate_hz)
        sound = _pluck(note, sample_rate_hz, rng)[: max(0, len(audio) - start)]
        audio[start : start + len(sound)] += sound
    return audio


def noise(
    seconds: float, sample_rate_hz: int, rng: np.random.Generator, *, pink: bool
) -> FloatArray:
    """White or pink noise of 20 Hz to 20 kHz, (time,), 1.0 RMS: the same at every rate."""
    real, imaginary = rng.standard_normal((2, round(seconds * TOP_HZ)))
    hz = np.arange(1, len(real) + 1) / seconds
    spectrum = (real + 1j * imaginary) * (hz >= BOTTOM_HZ)
    if pink:
        spectrum /= np.sqrt(hz)
    spectrum = np.concatenate([[0.0], spectrum])
    audio: FloatArray = np.fft.irfft(spectrum, round(seconds * sample_rate_hz))
    audio /= np.sqrt(np.mean(np.square(audio)))
    return audio


def faded(
    audio: FloatArray, sample_rate_hz: int, in_seconds: float, out_seconds: float
) -> FloatArray:
    """The same audio, (time,), rising from silence and falling back to it."""
    audio = audio.copy()
    into, out = (min(len(audio), round(t * sample_rate_hz)) for t in (in_seconds, out_seconds))
    audio[:into] *= np.sin(np.linspace(0, np.pi / 2, into)) ** 2
    audio[len(audio) - out :] *= np.cos(np.linspace(0, np.pi / 2, out)) ** 2
    return audio


def _pluck(note: Note, sample_rate_hz: int, rng: np.random.Generator) -> FloatArray:
    seconds = min(note.hold_seconds, INAUDIBLE_DECAYS * note.decay_seconds) + DAMPING_SECONDS
    stroke = note.level * rng.choice([-1.0, 1.0])  # down or up
    sound = stroke * _string(note, seconds, sample_rate_hz, rng)
    pick = noise(PICK_SECONDS, sample_rate_hz, rng, pink=True)
    pick *= 0.5 * note.level * note.pick * np.linspace(1, 0, len(pick)) ** 2
    sound[: len(pick)] += pick
    return faded(sound, sample_rate_hz, 0, DAMPING_SECONDS)


def _string(
    note: Note, seconds: float, sample_rate_hz: int, rng: np.random.Generator
) -> FloatArray:
    pitch_hz = note.pitch_hz * 2 ** (rng.normal(0, DETUNE_CENTS) / 1200)
    samples = round(seconds * sample_rate_hz)
    if not note.bend and not note.vibrato_semitones:
        return _partials(note, pitch_hz, TOP_HZ, samples, sample_rate_hz, rng)
    # A moving pitch is a string of steady pitch whose time runs faster or slower.
    t = np.arange(samples) / sample_rate_hz
    semitones = note.vibrato_semitones * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t)
    if note.bend:
        semitones += np.interp(t, *np.transpose(note.bend))
    speed = 2 ** (semitones / 12)
    time = np.cumsum(speed) * BEND_OVERSAMPLING
    steady = _partials(
        note,
        pitch_hz,
        TOP_HZ / float(speed.max()),
        math.ceil(time[-1]) + 1,
        BEND_OVERSAMPLING * sample_rate_hz,
        rng,
    )
    return np.interp(time, np.arange(len(steady)), steady)


def _partials(
    note: Note,
    pitch_hz: float,
    top_hz: float,
    samples: int,
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> FloatArray:
    """A string of steady pitch, (samples,), plucked and picked up at random places."""
    plucked_at, picked_up_at = rng.uniform(0.08, 0.3), rng.uniform(0.06, 0.25)
    k = np.arange(1, MAX_PARTIALS + 1)
    partial_hz = k * pitch_hz * np.sqrt(1 + INHARMONICITY * k**2)
    k, partial_hz = k[partial_hz < top_hz], partial_hz[partial_hz < top_hz]
    amplitude = np.sin(np.pi * k * plucked_at) * np.sin(np.pi * k * picked_up_at) / k
    amplitude /= 1 + (partial_hz / note.bright_hz) ** 2
    decay = (1 + partial_hz / LOSS_HZ) / note.decay_seconds
    exponent = (2j * np.pi * partial_hz - decay) / sample_rate_hz
    # exp(a (block i + j)) = exp(a block i) exp(a j): a product of two small tables.
    block = math.isqrt(samples) + 1
    j = np.arange(block)
    starts = np.exp(np.outer(block * j, exponent)) * (amplitude / np.linalg.norm(amplitude))
    sound: FloatArray = (starts @ np.exp(np.outer(exponent, j))).imag.ravel()[:samples]
    return sound
