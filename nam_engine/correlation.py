"""How much later a recording is than its input, from nothing but the two of them.

An amp distorts, filters and adds noise, so its output looks little like its input.
Three things make their correlation sharp nevertheless:

* the input is compared as it is and bent like an amp would bend it; the version that
  explains most of the output counts (a high-gain amp shares 20% of its spectrum with
  the plain input, 60% with the bent one);
* each frequency counts by what its phase is worth, its coherence;
* what a filter delays is no latency and is taken out (``transfer.py``).

The search (``search.py``) finds the delay roughly, anywhere; the measurement follows it
through the recording block by block, because clocks drift and samples get lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.search import Echo, bends_of, search
from nam_engine.spectra import (
    Bend,
    CrossSpectrum,
    cross_spectrum,
    loudest,
    power_of_two,
    starts_within,
)
from nam_engine.transfer import Bands, excess_response, filter_phase

__all__ = ["Correlation", "Track", "correlate"]

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]
Spectrum = NDArray[np.complex128]
Starts = NDArray[np.intp]

# The measurement: frames of about 0.17 s, in blocks that are followed through time.
FRAME_SECONDS = 0.17
FRAMES_PER_BLOCK = 8
MIN_BLOCKS, MAX_BLOCKS, MIN_HEARD_BLOCKS = 16, 128, 2
MAX_CHOICE_FRAMES = 256
# The delay lies a little before the peak of the plain correlation, which a filter moves.
MAX_BEFORE_PEAK_SECONDS, MAX_AFTER_PEAK_SECONDS = 0.0005, 0.0001
DOUBTFUL_TOP_HZ, USUAL_FILTER_SECONDS = 2_500.0, 6e-5
CURVE_SECONDS = 0.002
MAX_DRIFT, MAX_DRIFT_HZ, DRIFT_BINS, WORTHWHILE = 3e-4, 1_500.0, 64, 1.1


@dataclass(frozen=True)
class Track:
    """The delay through time: ``delays`` (block,), in samples, at ``seconds`` of the input.

    ``drift`` is roughly by how many samples a second it grows.
    """

    seconds: Floats
    delays: Floats
    drift: float


@dataclass(frozen=True)
class Correlation:
    """What the correlation of an input and its output says.

    ``delay_samples`` is how much later the output is, ``polarity`` -1 where it is upside
    down. ``top_hz`` is the highest frequency that took part. ``lags`` and ``curve`` (lag,)
    are the response with its filter taken out, to be shown. ``bend`` is what was done to
    the input.
    """

    delay_samples: float
    polarity: int
    top_hz: float
    lags: Floats
    curve: Floats
    track: Track
    echo: Echo | None
    bend: Bend | None


def correlate(x: Samples, y: Samples, sample_rate_hz: int) -> Correlation | None:
    """Measure the delay of ``y`` (time,) behind ``x`` (time,); None where there is too little."""
    frame = power_of_two(FRAME_SECONDS * sample_rate_hz)
    if min(len(x), len(y)) < 4 * frame or not x.any() or not y.any():
        return None
    bends = bends_of(x, sample_rate_hz)
    found = search(bends, x, y, sample_rate_hz)
    starts = starts_within(len(x), len(y), found.lag, frame)
    if not len(starts):
        return None

    def spectrum(starts: Starts, bend: Bend | None, drift: float = 0.0) -> CrossSpectrum:
        later = starts + found.lag + np.round(drift * starts).astype(np.intp)
        return cross_spectrum(x, y, starts, later.clip(0, len(y) - frame), frame, bend)

    loud = loudest(x, starts, frame, MAX_CHOICE_FRAMES)
    bend = max(bends, key=lambda bend: Bands(spectrum(loud, bend), sample_rate_hz).score)
    frames_per_block = min(FRAMES_PER_BLOCK, max(1, len(starts) // MIN_BLOCKS))
    groups = np.array_split(starts, len(starts) // frames_per_block)
    groups = groups[:: -(-len(groups) // MAX_BLOCKS)]
    every = [spectrum(group, bend) for group in groups]
    heard = [i for i, block in enumerate(every) if block.xy.any()]  # silence fits at any delay
    if len(heard) < MIN_HEARD_BLOCKS:
        return None
    groups, blocks = [groups[i] for i in heard], [every[i] for i in heard]
    centres = np.array([group.mean() + frame / 2 for group in groups])
    drift = _coarse_drift(blocks, centres, MAX_DRIFT_HZ / sample_rate_hz)
    if drift:
        blocks = [spectrum(group, bend, drift) for group in groups]

    total = CrossSpectrum.sum(blocks)
    bands = Bands(total, sample_rate_hz)
    phase = filter_phase(bands)
    lags, curve = excess_response(total, bands, phase)
    seconds = lags / sample_rate_hz
    near = (seconds >= -MAX_BEFORE_PEAK_SECONDS) & (seconds <= MAX_AFTER_PEAK_SECONDS)
    # Where the clocks drift the peak of the plain correlation is smeared and says little.
    peak = int(np.argmax(np.abs(curve) * (near | (drift != 0))))
    polarity = 1 if curve[peak] > 0 else -1
    # With little treble in sight the response is broad; then a usual rig's filter counts more.
    doubt = (DOUBTFUL_TOP_HZ / bands.top_hz) ** 4
    usual = -USUAL_FILTER_SECONDS * sample_rate_hz
    delay = found.lag + (float(lags[peak]) + doubt * usual) / (1 + doubt)
    turn = -2j * np.pi * np.arange(len(phase)) / frame
    expected = polarity * np.exp(1j * phase + turn * lags[peak])
    delays = delay + drift * centres + _follow(blocks, total, expected)
    shown = np.abs(seconds) <= CURVE_SECONDS
    return Correlation(
        delay_samples=delay,
        polarity=polarity,
        top_hz=bands.top_hz,
        lags=found.lag + lags[shown],
        curve=curve[shown],
        track=Track(centres / sample_rate_hz, delays, drift * sample_rate_hz),
        echo=found.echo,
        bend=bend,
    )


def _coarse_drift(blocks: list[CrossSpectrum], centres: Floats, top: float) -> float:
    """Samples by which the delay grows per sample, where blocks add up only so; else 0.

    Judged by frequencies up to ``top`` (of the sample rate), at which neighbouring
    candidates differ by a quarter of a turn over the whole recording.
    """
    bins = np.unique(np.linspace(1, top * 2 * (len(blocks[0].xx) - 1), DRIFT_BINS).astype(int))
    frequency = 2 * np.pi * bins / (2 * (len(blocks[0].xx) - 1))
    step = 1 / (4 * top * (centres[-1] - centres[0] + 1))
    count = int(MAX_DRIFT / step)
    candidates = step * np.arange(-count, count + 1)
    total = CrossSpectrum.sum(blocks)
    scale = np.sqrt(total.xx * total.yy)[bins] + np.finfo(np.float64).tiny
    score = np.zeros(len(candidates))
    for i, turn in enumerate(frequency):
        lined_up = np.exp(1j * turn * np.outer(candidates, centres - centres[0]))
        shares = np.array([block.xy[bins[i]] for block in blocks]) / scale[i]
        score += np.square(np.abs(lined_up @ shares))
    best = int(np.argmax(score))
    return float(candidates[best]) if score[best] > WORTHWHILE * score[count] else 0.0


def _follow(blocks: list[CrossSpectrum], total: CrossSpectrum, expected: Spectrum) -> Floats:
    """How much later each block is than ``expected`` (frequency,), as against them all."""
    tiny = np.finfo(np.float64).tiny
    weight = total.coherence * np.conj(expected)
    frame = 2 * (len(total.xx) - 1)
    delays = []
    for spectrum in [total, *blocks]:
        # Whitened: the fundamental of a bass note alone would fit one period off as well.
        scale = np.sqrt(spectrum.xx * spectrum.yy) + tiny
        height = np.fft.irfft(spectrum.xy / scale * weight, frame)
        peak = int(np.argmax(height))
        before, at, after = (height[(peak + i) % frame] for i in (-1, 0, 1))
        vertex = 0.5 * (before - after) / min(before - 2 * at + after, -tiny)
        delays.append((peak + frame // 2) % frame - frame // 2 + np.clip(vertex, -1, 1))
    relative: Floats = np.array(delays[1:]) - delays[0]
    return relative
