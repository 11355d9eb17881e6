"""How loud a signal is: over time, over frequency, and where most of all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span
from nam_engine.spectra import cross_spectrum, power_of_two

__all__ = ["level_over_frequency", "level_over_time", "loudest_span"]

FloatArray = NDArray[np.float64]

LOWEST_HZ = 20.0
BANDS_PER_OCTAVE = 12
FRAME_SECONDS = 0.34  # 3 Hz apart: bands at 50 Hz are told from each other
BLOCK_SECONDS = 0.005
MAX_BLOCKS = 400  # more cannot be told from each other in a picture


def loudest_span(samples: NDArray[np.float32], length: int) -> Span:
    """The ``length`` samples of (time,) that hold most energy; all where there are fewer."""
    length = min(length, len(samples))
    energy = np.zeros(len(samples) + 1)
    np.cumsum(np.square(samples, dtype=np.float64), out=energy[1:])
    start = int(np.argmax(energy[length:] - energy[: len(energy) - length]))
    return Span(start, start + length)


def level_over_time(
    samples: NDArray[np.float32], sample_rate_hz: int
) -> tuple[FloatArray, FloatArray]:
    """RMS levels of (time,): the middles of blocks in seconds, their levels in dBFS.

    Blocks are 5 ms, longer where there would be more than 400. The level is NaN where
    a block is silent or holds values that are not numbers.
    """
    block = max(round(BLOCK_SECONDS * sample_rate_hz), -(-len(samples) // MAX_BLOCKS))
    starts = np.arange(0, len(samples), block)
    lengths = np.diff(starts, append=len(samples))
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    return (starts + lengths / 2) / sample_rate_hz, _dbfs(energy / lengths)


def level_over_frequency(
    samples: NDArray[np.float32], sample_rate_hz: int
) -> tuple[FloatArray, FloatArray]:
    """The averaged spectrum of (time,): centres in Hz and levels in dBFS of all bands.

    Bands are a twelfth of an octave wide, from 20 Hz to half the sample rate. A level is
    that of what sounds in the band, so a tone shows its own RMS level. It is NaN where a
    band is silent, and everywhere where ``samples`` holds values that are not numbers.
    """
    frame = min(power_of_two(FRAME_SECONDS * sample_rate_hz), len(samples) // 2 * 2)
    # Evenly over all of it, overlapping by half or a little more.
    count = 1 + math.ceil((len(samples) - frame) / (frame / 2))
    starts = np.linspace(0, len(samples) - frame, count).astype(np.intp)
    with np.errstate(over="ignore", invalid="ignore"):  # the levels are NaN then
        spectrum = cross_spectrum(samples, samples, starts, starts, frame)
        bins = 2 / frame * spectrum.xx / (count * np.square(np.hanning(frame)).sum())
        bins[[0, -1]] /= 2  # these two have no mirror image
        octaves = np.log2(sample_rate_hz / 2 / LOWEST_HZ)
        edges = LOWEST_HZ * 2 ** (np.arange(int(BANDS_PER_OCTAVE * octaves) + 1) / BANDS_PER_OCTAVE)
        # A bin's power is spread evenly over its width, as low bands are narrower than a bin.
        bin_edges = (np.arange(len(bins) + 1) - 0.5) * sample_rate_hz / frame
        below = np.interp(edges, bin_edges, np.append(0, np.cumsum(bins)))
        return np.sqrt(edges[:-1] * edges[1:]), _dbfs(np.diff(below))


def _dbfs(power: FloatArray) -> FloatArray:
    """Levels of mean squares; NaN for silence and for what is not a number."""
    levels = np.full(len(power), np.nan)
    np.log10(power, out=levels, where=(power > 0) & np.isfinite(power))
    return 10 * levels
