"""Our own capture signal: what a guitarist plays into an amp to capture it.

In seconds, negative from the end; between these it is silent::

    0       9      the validation passage
    10.25, 11      blips: single samples, to measure the latency by
    11.5    16     sweeps of 20 Hz to 20 kHz, loud and soft
    16      17     a low tone that grows from nothing to full level
    17      20     pink and white noise at three levels
    20     -12     playing: as much as there is room for
    -11, -10.25    blips: does the latency drift?
    -9             the validation passage again: does the amp repeat itself?

By this layout (``signals.OWN``) it is recognised, whatever its length and rate. All of
it is synthesised; a shorter signal begins as a longer one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.atomic import require_unused
from nam_engine.audio import write_wav
from nam_engine.errors import AudioError
from nam_engine.phrases import (
    PHRASES,
    Phrase,
    arpeggio,
    bass_fingers,
    fast_run,
    lead,
    palm_mutes,
    power_chords,
    ringing_out,
    strummed_chords,
)
from nam_engine.signals import OWN
from nam_engine.strings import BOTTOM_HZ, TOP_HZ, FloatArray, faded, noise, perform

__all__ = ["capture_signal", "write_capture_signal"]

MIN_SECONDS, MAX_SECONDS = 60, 600
MIN_RATE_HZ, MAX_RATE_HZ = 44_100, 192_000

VALIDATION_SEED, NOISE_SEED, PLAYING_SEED = 1, 2, 3
PEAK_DBFS = -0.5
BLIP = 0.9
FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.001, 0.03

SWEEPS_DBFS = ((11.5, -3.0), (13.75, -26.0))  # by the second they start at
SWEEP_SECONDS = 2.25
RAMP_START, RAMP_SECONDS, RAMP_HZ, RAMP_FROM_DBFS = 16.0, 1.0, 110.0, -60.0
NOISE_START, NOISE_SECONDS, NOISE_RMS_DBFS = 17.0, 0.5, (-40.0, -25.0, -12.0)
PLAYING_START, PLAYING_STOP = 20.0, -12.0

Part = tuple[Phrase, float, float]
"""A phrase, its length in seconds and its peak in dBFS."""

VALIDATION_SECONDS = 9.0
VALIDATION: tuple[Part, ...] = (
    (strummed_chords, 1.6, -6),
    (palm_mutes, 1.1, -1),
    (lead, 1.6, -10),
    (bass_fingers, 1.3, -4),
    (arpeggio, 1.4, -28),
    (fast_run, 0.9, -14),
    (power_chords, 1.1, PEAK_DBFS),
)
# Chosen so that the playing is about -20 dBFS RMS.
PHRASE_PEAKS_DBFS = (PEAK_DBFS, -1, -2, -4, -6, -10, -16, -26, -40)
PHRASE_SECONDS = (1.4, 2.6)
RINGING_SECONDS = 4.5
RESTS_SECONDS = (0.0, 0.0, 0.1, 0.3)  # at the end of a phrase


def capture_signal(seconds: float = 190.0, sample_rate_hz: int = 48_000) -> NDArray[np.float32]:
    """The capture signal, float32 (time,), full scale at 1.0 and never reached.

    The same music at every rate. Raises AudioError unless it is 60 to 600 seconds at
    44,100 to 192,000 samples per second.
    """
    _check(seconds, sample_rate_hz)
    audio = np.zeros(round(seconds * sample_rate_hz), np.float32)

    def place(start_seconds: float, passage: FloatArray | NDArray[np.float32]) -> None:
        origin = len(audio) if start_seconds < 0 else 0
        start = origin + round(start_seconds * sample_rate_hz)
        audio[start : start + len(passage)] = passage

    validation = np.zeros(round(VALIDATION_SECONDS * sample_rate_hz), np.float32)
    _play(validation, VALIDATION, sample_rate_hz, _random(VALIDATION_SEED))
    place(0.0, validation)
    place(-VALIDATION_SECONDS, validation)
    for blip in OWN.blips + OWN.end_blips:
        place(blip, np.array([BLIP]))
    for start, level_dbfs in SWEEPS_DBFS:
        place(start, _sweep(level_dbfs, sample_rate_hz))
    place(RAMP_START, _ramp(sample_rate_hz))
    place(NOISE_START, _noises(sample_rate_hz))
    playing = audio[round(PLAYING_START * sample_rate_hz) : round(PLAYING_STOP * sample_rate_hz)]
    rng = _random(PLAYING_SEED)
    _play(playing, _shuffled(rng), sample_rate_hz, rng)
    return audio


def write_capture_signal(path: Path, seconds: float = 190.0, sample_rate_hz: int = 48_000) -> None:
    """Write the capture signal as a 24-bit mono WAV, atomically; never overwrites.

    Raises AudioError as :func:`capture_signal` does, and for a name that is taken,
    does not end in .wav or cannot be written.
    """
    _check(seconds, sample_rate_hz)
    require_unused(path, ".wav", AudioError)
    write_wav(path, capture_signal(seconds, sample_rate_hz), sample_rate_hz, subtype="PCM_24")


def _check(seconds: float, sample_rate_hz: int) -> None:
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise AudioError(
            f"A capture signal of {seconds:g} seconds is not made.",
            f"Choose {MIN_SECONDS} to {MAX_SECONDS} seconds; three minutes are usual.",
        )
    if not MIN_RATE_HZ <= sample_rate_hz <= MAX_RATE_HZ:
        raise AudioError(
            f"A capture signal of {sample_rate_hz} samples per second is not made.",
            f"Choose {MIN_RATE_HZ} to {MAX_RATE_HZ}; 48000 is usual.",
        )


def _shuffled(rng: np.random.Generator) -> Iterator[Part]:
    """Parts without end, as from two decks of cards of different size.

    All kinds of phrases come and all levels come, and a kind seldom meets the same
    level again.
    """
    phrases: list[Phrase] = []
    peaks_dbfs: list[float] = []
    while True:
        phrases = phrases or [PHRASES[i] for i in rng.permutation(len(PHRASES))]
        peaks_dbfs = peaks_dbfs or list(rng.permutation(PHRASE_PEAKS_DBFS))
        phrase = phrases.pop()
        if phrase is ringing_out:  # passes all levels by itself
            yield phrase, RINGING_SECONDS, PEAK_DBFS
        else:
            yield phrase, rng.uniform(*PHRASE_SECONDS), peaks_dbfs.pop()


def _play(
    audio: NDArray[np.float32],
    parts: Iterable[Part],
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> None:
    """Fill the audio, (time,), with the parts one after the other."""
    start = 0
    for phrase, seconds, peak_dbfs in parts:
        notes = phrase(rng, seconds - rng.choice(RESTS_SECONDS))
        sound = perform(notes, seconds, sample_rate_hz, rng)
        sound *= _amplitude(peak_dbfs) / np.abs(sound).max()
        stop = min(start + len(sound), len(audio))
        audio[start:stop] = _between_silences(sound[: stop - start], sample_rate_hz)
        start = stop
        if start == len(audio):
            break


def _sweep(level_dbfs: float, sample_rate_hz: int) -> FloatArray:
    """A sine that rises from 20 Hz to 20 kHz, as long in each octave; level of its peaks."""
    t = np.arange(round(SWEEP_SECONDS * sample_rate_hz)) / sample_rate_hz
    growth = np.log(TOP_HZ / BOTTOM_HZ) / SWEEP_SECONDS
    phase = 2 * np.pi * BOTTOM_HZ / growth * np.expm1(growth * t)
    return _between_silences(_amplitude(level_dbfs) * np.sin(phase), sample_rate_hz)


def _ramp(sample_rate_hz: int) -> FloatArray:
    """A low tone that grows to full level: the amp's curve from clean to driven."""
    t = np.arange(round(RAMP_SECONDS * sample_rate_hz)) / sample_rate_hz
    level_dbfs = np.interp(t, (0, RAMP_SECONDS), (RAMP_FROM_DBFS, PEAK_DBFS))
    tone = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * RAMP_HZ * t)
    return _between_silences(tone, sample_rate_hz)


def _noises(sample_rate_hz: int) -> FloatArray:
    rng = _random(NOISE_SEED)
    peak = _amplitude(PEAK_DBFS)
    bursts = []
    for level_dbfs in NOISE_RMS_DBFS:
        for pink in (True, False):
            burst = _amplitude(level_dbfs) * noise(NOISE_SECONDS, sample_rate_hz, rng, pink=pink)
            # Of the loudest, about two samples in ten thousand are out of range.
            bursts.append(_between_silences(burst.clip(-peak, peak), sample_rate_hz))
    return np.concatenate(bursts)


def _between_silences(audio: FloatArray, sample_rate_hz: int) -> FloatArray:
    return faded(audio, sample_rate_hz, FADE_IN_SECONDS, FADE_OUT_SECONDS)


def _amplitude(level_dbfs: float) -> float:
    return float(10 ** (level_dbfs / 20))


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))
