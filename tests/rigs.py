"""Amps for tests: clean ones of every kind, at random, and the demo rig."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 48_000
RINGING_SAMPLES = 4_800
FFT_BLOCK = 2**15  # a multiple of it is a fast size


def tanh(driven: Samples) -> Samples:
    return np.tanh(driven)


def uneven(driven: Samples) -> Samples:
    """Softer on one side, as a valve stage is."""
    return np.where(driven > 0, np.tanh(driven), np.tanh(0.6 * driven) / 0.6).astype(np.float32)


def hard(driven: Samples) -> Samples:
    return driven.clip(-1, 1)


SHAPES: tuple[Callable[[Samples], Samples], ...] = (tanh, uneven, hard)


@dataclass(frozen=True)
class Rig:
    """A clean rig: high-pass, drive, a shape, perhaps a speaker, level, latency and noise.

    ``speaker`` is the order and the frequency of its low-pass. Noise at -inf is none.
    """

    highpass_hz: float = 100.0
    drive_db: float = 20.0
    shape: Callable[[Samples], Samples] = tanh
    speaker: tuple[int, float] | None = (4, 5_000.0)
    polarity: int = 1
    peak_dbfs: float = -6.0
    delay_samples: int = 0
    noise_dbfs: float = -np.inf

    def play(self, x: Samples, seed: int = 0) -> Samples:
        """What is recorded of x (time,), as long as it."""
        size = -(-(len(x) + RINGING_SAMPLES) // FFT_BLOCK) * FFT_BLOCK
        hz = np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32)
        played = np.fft.irfft(np.fft.rfft(x, size) * highpass(2, self.highpass_hz, hz), size)
        played = self.shape((10 ** (self.drive_db / 20) * played).astype(np.float32))
        if self.speaker is not None:
            played = np.fft.irfft(np.fft.rfft(played) * lowpass(*self.speaker, hz), size)
        played *= self.polarity * 10 ** (self.peak_dbfs / 20) / np.abs(played).max()
        played = delayed(played[: len(x)].astype(np.float32), self.delay_samples)
        return with_noise(played, self.noise_dbfs, seed)


def random_rig(rng: np.random.Generator) -> Rig:
    return Rig(
        highpass_hz=rng.uniform(60, 200),
        drive_db=rng.uniform(0, 40),
        shape=SHAPES[rng.integers(len(SHAPES))],
        speaker=(int(rng.integers(2, 7)), rng.uniform(3_500, 7_000))
        if rng.random() < 0.7
        else None,
        polarity=int(rng.choice([-1, 1])),
        peak_dbfs=rng.uniform(-30, -1),
        delay_samples=int(rng.integers(0, 3_001)),
        noise_dbfs=rng.uniform(-100, -75) if rng.random() < 0.8 else -np.inf,
    )


def rise_samples(rig: Rig) -> int:
    """How long a click takes to be heard: 20 dB below the peak of its response."""
    click = np.eye(1, 9_600, dtype=np.float32)[0]
    response = np.abs(replace(rig, delay_samples=0, noise_dbfs=-np.inf).play(click))
    return int(np.argmax(response > 0.1 * response.max()))


def worn(x: Samples, rng: np.random.Generator) -> Samples:
    """Playing as it is recorded: any level, with hiss, hum, rumble and an offset."""
    times = np.arange(len(x)) / RATE_HZ
    hiss = rng.standard_normal(len(x), np.float32)
    hum = np.sin(2 * np.pi * 50 * times)
    slow = rng.standard_normal(len(x) // 4_800 + 2)
    rumble = np.interp(times, np.arange(len(slow)) / 10, slow)
    worn = 10 ** (rng.uniform(-25, 0) / 20) * x
    for disturbance in (hiss, hum, rumble, np.ones(1)):
        if rng.random() < 0.6:
            worn = worn + 10 ** (rng.uniform(-95, -65) / 20) * disturbance
    return worn.clip(-1, 1).astype(np.float32)


def lowpass(order: int, corner_hz: float, hz: Samples) -> NDArray[np.complex64]:
    """A Butterworth filter's response at each of ``hz``."""
    return _butterworth(order, 1j * hz / corner_hz)


def highpass(order: int, corner_hz: float, hz: Samples) -> NDArray[np.complex64]:
    response = _butterworth(order, -1j * corner_hz / np.maximum(hz, 1e-3))
    response[0] = 0
    return response


def _butterworth(order: int, s: NDArray[np.complexfloating]) -> NDArray[np.complex64]:
    poles = np.exp(1j * np.pi * (2 * np.arange(1, order + 1) + order - 1) / (2 * order))
    response = np.ones(len(s), np.complex64)
    for pole in poles:
        response /= (s - pole).astype(np.complex64)
    return response


def delayed(y: Samples, samples: int) -> Samples:
    """As long as it was; what is moved in is silence."""
    if samples >= 0:
        return np.pad(y, (samples, 0))[: len(y)]
    return np.pad(y[-samples:], (0, -samples))


def with_noise(y: Samples, level_dbfs: float, seed: int = 0) -> Samples:
    if level_dbfs == -np.inf:
        return y
    noise = np.random.default_rng(seed).standard_normal(len(y), np.float32)
    return (y + np.float32(10 ** (level_dbfs / 20)) * noise).clip(-1, 1)
