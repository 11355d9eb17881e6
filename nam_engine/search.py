"""Where in a recording the sound of its input lies, roughly and anywhere.

The highest correlation of the two, whitened (so that each frequency counts alike), for the
input as it is and for the input bent as an amp would bend it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.spectra import Bend, cross_spectrum, loudest, power_of_two, starts_within

__all__ = ["Echo", "Found", "bends_of", "search"]

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

# Frames of about 2.7 s, the loudest of them.
SEARCH_FRAME_SECONDS = 2.7
MAX_SEARCH_FRAMES = 24
MAX_EARLY_SECONDS, MAX_LATE_SECONDS = 0.5, 1.3
SEARCH_SMOOTHING_BINS = 65
CERTAIN_HEIGHT = 20.0
ENVELOPES_PER_SECOND = 100
ECHO_SECONDS, ECHO_PROMINENCE = (0.13, 1.0), 1.4
PREAMP_SECONDS = 0.001  # a pre-amp's high-pass: less the mean over this time
LEVEL_SECONDS = 60


@dataclass(frozen=True)
class Echo:
    """The loudest repeat of the sound: how much later, and its share of the first."""

    seconds: float
    share: float


@dataclass(frozen=True)
class Found:
    """What the search found; ``height`` is the peak's, in standard deviations of the rest."""

    lag: int
    height: float
    echo: Echo | None


def bends_of(x: Samples, sample_rate_hz: int) -> list[Bend | None]:
    """Not at all, softly, and hard behind a pre-amp's high-pass."""
    width = max(2, round(PREAMP_SECONDS * sample_rate_hz))

    def highpassed(frames: Samples) -> Samples:
        sums = np.cumsum(frames, axis=-1, dtype=np.float64)
        sums[..., width:] -= sums[..., :-width].copy()
        result: Samples = frames - (sums / width).astype(np.float32)
        return result

    part = x[: LEVEL_SECONDS * sample_rate_hz]
    level = np.sqrt(np.mean(np.square(highpassed(part)))) + np.finfo(np.float32).tiny

    def drive(amount: float) -> Bend:
        gain = np.float32(amount / level)
        return Bend(lambda frames: np.tanh(highpassed(frames) * gain), width)

    return [None, drive(0.5), drive(2.0)]


def search(bends: list[Bend | None], x: Samples, y: Samples, sample_rate_hz: int) -> Found:
    """Where the correlation of the whole is highest."""
    found = _search_around(0, bends, x, y, sample_rate_hz)
    if found.height < CERTAIN_HEIGHT:
        # Somewhere else entirely, such as behind a count-in? Their loudness tells.
        elsewhere = _envelope_lag(x, y, sample_rate_hz)
        if abs(elsewhere) > MAX_EARLY_SECONDS * sample_rate_hz:
            other = _search_around(elsewhere, bends, x, y, sample_rate_hz)
            found = max(found, other, key=lambda each: each.height)
    return found


def _search_around(
    origin: int, bends: list[Bend | None], x: Samples, y: Samples, sample_rate_hz: int
) -> Found:
    shared = min(len(x) + min(origin, 0), len(y) - max(origin, 0))
    frame = power_of_two(SEARCH_FRAME_SECONDS * sample_rate_hz)
    while frame > 1 and frame > shared / 1.5:
        frame //= 2
    if frame == 1:
        return Found(origin, 0.0, None)
    starts = starts_within(len(x), len(y), origin, frame)
    starts = loudest(x, starts, frame, MAX_SEARCH_FRAMES)
    seconds = np.fft.fftfreq(frame, 1 / frame) / sample_rate_hz
    allowed = (seconds >= -MAX_EARLY_SECONDS) & (seconds <= MAX_LATE_SECONDS)

    def around(bend: Bend | None) -> Found:
        spectrum = cross_spectrum(x, y, starts, starts + origin, frame, bend)
        scale = np.sqrt(_smooth(spectrum.xx) * _smooth(spectrum.yy))
        whitened = spectrum.xy / (scale + 1e-9 * scale.max() + np.finfo(np.float64).tiny)
        height = np.abs(np.fft.irfft(whitened, frame))
        spread = float(np.median(height[allowed])) / 0.6745  # of a normal distribution
        if spread == 0:
            return Found(origin, 0.0, None)
        peak = int(np.argmax(height * allowed))
        lag = origin + round(seconds[peak] * sample_rate_hz)
        echo = _echo(np.roll(height, -peak), sample_rate_hz)
        return Found(lag, float(height[peak]) / spread, echo)

    with ThreadPoolExecutor() as pool:
        return max(pool.map(around, bends), key=lambda found: found.height)


def _echo(height: Floats, sample_rate_hz: int) -> Echo | None:
    """The highest peak (lag,) after the first that has no counterpart before it.

    What is periodic in the playing shows on both sides of the peak, an echo behind it.
    """
    first, last = (round(seconds * sample_rate_hz) for seconds in ECHO_SECONDS)
    after, before = height[first:last], height[-last:-first]
    if last > len(height) // 2 or not after.max() > ECHO_PROMINENCE * before.max():
        return None
    return Echo((first + int(np.argmax(after))) / sample_rate_hz, float(after.max() / height[0]))


def _smooth(power: Floats) -> Floats:
    window = np.ones(SEARCH_SMOOTHING_BINS) / SEARCH_SMOOTHING_BINS
    smoothed: Floats = np.convolve(power, window, "same")
    return smoothed


def _envelope_lag(x: Samples, y: Samples, sample_rate_hz: int) -> int:
    block = sample_rate_hz // ENVELOPES_PER_SECOND
    envelopes = []
    for samples in (x, y):
        count = len(samples) // block
        peaks = np.abs(samples[: count * block]).reshape(count, block).max(axis=1)
        envelopes.append(np.sqrt(peaks) - np.sqrt(peaks).mean())
    size = 1 << sum(map(len, envelopes)).bit_length()
    spectrum = np.conj(np.fft.rfft(envelopes[0], size)) * np.fft.rfft(envelopes[1], size)
    lags = np.fft.fftfreq(size, 1 / size)
    return int(lags[np.argmax(np.fft.irfft(spectrum, size))]) * block
