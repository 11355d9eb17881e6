"""Recordings of the built-in rig, clean or with one fault, and what a report says against them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray
from rigs import Rig, delayed, with_noise
from support import RATE_HZ

from nam_engine.capture_signal import capture_signal
from nam_engine.demo import amplify
from nam_engine.findings import Kind, Severity
from nam_engine.intake import CaptureReport

Samples = NDArray[np.float32]
LATENCY = 730


@cache
def signal() -> Samples:
    return capture_signal(60.0)


@cache
def playing() -> Samples:
    """An input of the user's own."""
    return signal()[20 * RATE_HZ : 48 * RATE_HZ]


@cache
def amp(own: bool = False) -> Samples:
    """The demo rig's answer, without latency and noise."""
    return amplify(playing() if own else signal()).astype(np.float32)


def clean(own: bool = False, noise_dbfs: float = -85) -> Samples:
    return with_noise(delayed(amp(own), LATENCY), noise_dbfs)


def bright() -> Samples:
    """Distorted and without a speaker: its edges are so steep that conversion overshoots."""
    return delayed(Rig(drive_db=40, speaker=None).play(signal()), LATENCY)


def gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def resampled(y: Samples, rate_hz: float) -> Samples:
    return soxr.resample(y, RATE_HZ, rate_hz, quality="VHQ")


def spliced(y: Samples, seconds: float, samples: int) -> Samples:
    """With samples that are played twice, or are missing where there are less than none."""
    at = round(seconds * RATE_HZ)
    return np.concatenate([y[:at], y[at - samples :]])


def changed(y: Samples, change: Callable[[Samples], None], *seconds: float) -> Samples:
    y = y.copy()
    for second in seconds:
        change(y[round(second * RATE_HZ) :])
    return y


def click(y: Samples) -> None:
    y[0] += 0.4


def gap(y: Samples) -> None:
    y[: round(0.05 * RATE_HZ)] = 0


def loose_contact(y: Samples) -> None:
    """No sound for 0.4 s; it is switched off and on within a millisecond."""
    y[: round(0.4 * RATE_HZ)] *= 1 - np.minimum(1, 10 * np.hanning(round(0.4 * RATE_HZ)))


def move_response(y: Samples) -> None:
    y[: RATE_HZ // 2] = np.roll(y[: RATE_HZ // 2], 300)


def overloaded(y: Samples, seconds: float) -> Samples:
    """Clipped for a moment, by a swell of a tenth of a second."""
    swell = np.zeros_like(y)
    swell[round(seconds * RATE_HZ) :][: RATE_HZ // 10] = np.hanning(RATE_HZ // 10)
    return (y * (1 + 9 * swell)).clip(-1, 1)


def normalised_to_clip(y: Samples, share: float) -> Samples:
    return (y / np.quantile(np.abs(y), 1 - share)).clip(-1, 1)


def gated(x: Samples, y: Samples, threshold_dbfs: float = -45) -> Samples:
    """Shut where the last 60 ms of the input stayed below the threshold."""
    frame = RATE_HZ // 100
    peaks = np.abs(x[: len(x) // frame * frame]).reshape(-1, frame).max(axis=1)
    recent = np.lib.stride_tricks.sliding_window_view(np.pad(peaks, (5, 0)), 6).max(axis=1)
    gate = np.repeat(recent > gain(threshold_dbfs), frame).astype(np.float32)
    gate = np.convolve(gate, np.full(240, 1 / 240, np.float32))[: len(gate)]
    return y * np.pad(gate, (0, len(y) - len(gate)), mode="edge")


def reverberant(y: Samples) -> Samples:
    """With a reverb of one second, 12 dB down."""
    n = round(1.5 * RATE_HZ)
    tail = np.random.default_rng(3).standard_normal(n) * 10 ** (-3 * np.arange(n) / RATE_HZ)
    size = 1 << (len(y) + n).bit_length()
    wet = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(tail / np.linalg.norm(tail), size), size)
    return (0.7 * (y + gain(-12) * wet[: len(y)])).astype(np.float32)


def echoing(y: Samples, seconds: float, level_db: float) -> Samples:
    return y + gain(level_db) * delayed(y, round(seconds * RATE_HZ))


def swinging(y: Samples, seconds: float, hz: float) -> Samples:
    """Vibrato, by so many seconds to either side."""
    t = np.arange(len(y)) / RATE_HZ
    late = seconds * (1 + np.sin(2 * np.pi * hz * t))
    return np.interp(t - late, t, y).astype(np.float32)


def at_its_end(y: Samples, changed: Samples) -> Samples:
    """As if something had been changed ten seconds before the end."""
    return np.concatenate([y[: -10 * RATE_HZ], changed[-10 * RATE_HZ :]])


def alarms(report: CaptureReport) -> set[Kind]:
    return {f.kind for f in report.findings if f.severity is not Severity.INFO}


def messages(report: CaptureReport) -> list[str]:
    return [f.message for f in report.findings if f.severity is not Severity.INFO]
