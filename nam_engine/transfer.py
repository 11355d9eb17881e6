"""The linear part of what a rig does: where it is seen, and what of it is no filter.

A filter delays what it lets through. The phase that follows from its magnitude alone is
that of a minimum-phase system (Oppenheim & Schafer, Discrete-Time Signal Processing,
ch. 12); what remains of the measured phase is latency. Where the playing has no bass or
treble to show the magnitude, it is assumed to fall as a guitar speaker's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.spectra import CrossSpectrum

__all__ = ["Bands", "excess_response", "filter_phase"]

Floats = NDArray[np.float64]

OVERSAMPLING = 8
BANDS_PER_OCTAVE = 6
LOWEST_BAND_BIN = 4
HIGHEST_HZ = 18_000.0  # beyond it converters and resamplers have their filters
MIN_BAND_COHERENCE = 4.0  # times what noise alone would show
MAX_WEIGHT_QUANTILE = 0.95
MIN_GAIN = 1e-9
# What a guitar speaker plays of bass and treble, where it cannot be measured; dB per octave.
BASS_HZ, BASS_SLOPE_DB = 80.0, 12.0
TREBLE_HZ, TREBLE_SLOPE_DB = 5_000.0, -18.0
STEEPENING = 1.5
MIN_SLOPE_DB, MAX_SLOPE_DB = -72.0, -6.0
NEPER = np.log(10) / 20  # of a decibel


class Bands:
    """A cross spectrum in bands: which of them show a response, and its magnitude."""

    def __init__(self, spectrum: CrossSpectrum, sample_rate_hz: int) -> None:
        bins = len(spectrum.xx)
        self.bin_octaves = _octaves(bins, sample_rate_hz)
        count = int(BANDS_PER_OCTAVE * np.log2((bins - 1) / LOWEST_BAND_BIN))
        steps = LOWEST_BAND_BIN * 2 ** (np.arange(count + 1) / BANDS_PER_OCTAVE)
        edges: NDArray[np.intp] = np.unique(np.round(steps)).astype(np.intp)
        common = spectrum.common_power
        shared = np.add.reduceat(common, edges[:-1])
        possible = np.add.reduceat(spectrum.xx * spectrum.yy, edges[:-1])
        driving = np.add.reduceat(np.square(spectrum.xx), edges[:-1])
        tiny = np.finfo(np.float64).tiny
        coherence = shared / (possible + tiny)
        audible = self.bin_octaves[edges[1:]] <= np.log2(HIGHEST_HZ)
        seen = (coherence > MIN_BAND_COHERENCE / spectrum.independent_frames) & audible
        self.score = float(-np.log1p(-np.minimum(coherence, 0.9999))[seen].sum())
        self.octave = np.interp(np.sqrt(edges[:-1] * edges[1:]), np.arange(bins), self.bin_octaves)
        self.log_magnitude = 0.5 * np.log(np.maximum(shared / (driving + tiny), MIN_GAIN**2))
        # From the clearest band outwards, over single gaps, as far as a response shows.
        clearest = int(np.argmax(coherence * seen))
        gaps = np.flatnonzero(~(seen[1:] | seen[:-1]))
        above, below = gaps[gaps >= clearest], gaps[gaps < clearest]
        self.low = int(below[-1]) + 1 if len(below) else 0
        self.high = int(above[0]) if len(above) else len(seen) - 1

    @property
    def top_hz(self) -> float:
        """The highest frequency at which a response is seen."""
        return float(2 ** self.octave[self.high])


def _octaves(bins: int, sample_rate_hz: int) -> Floats:
    """log2 of each bin's frequency in Hz; the first bin takes the second's."""
    hz = np.arange(bins) * (sample_rate_hz / 2 / (bins - 1))
    octaves: Floats = np.log2(np.maximum(hz, hz[1]))
    return octaves


def excess_response(spectrum: CrossSpectrum, bands: Bands, phase: Floats) -> tuple[Floats, Floats]:
    """The response without the ``phase`` of its filter: (lag,) in samples, and its height."""
    bins = len(spectrum.xx)
    frame = 2 * (bins - 1)
    octave = bands.bin_octaves
    coherence = spectrum.coherence
    weight = coherence / (1 - coherence)
    weight = np.minimum(weight, np.quantile(weight, MAX_WEIGHT_QUANTILE))
    weight[(octave < bands.octave[bands.low]) | (octave > bands.octave[bands.high])] = 0
    allpass = weight * np.exp(1j * (np.angle(spectrum.xy) - phase))
    size = frame * OVERSAMPLING
    height: Floats = np.fft.irfft(allpass, size) * (size / max(2 * weight.sum(), MIN_GAIN))
    lags: Floats = np.arange(-size // 2, size // 2) / OVERSAMPLING
    return lags, np.fft.fftshift(height)


def filter_phase(bands: Bands) -> Floats:
    """The minimum phase for the magnitude in ``bands``, continued where it is not seen."""
    octave = bands.bin_octaves
    seen = slice(bands.low, bands.high + 1)
    at, magnitude = bands.octave[seen], bands.log_magnitude[seen]
    log_magnitude: Floats = np.interp(octave, at, magnitude)
    bass = min(np.log2(BASS_HZ), at[0])
    log_magnitude -= BASS_SLOPE_DB * NEPER * np.maximum(0, bass - octave)
    corner, slope = np.log2(TREBLE_HZ), TREBLE_SLOPE_DB * NEPER
    if at[-1] >= corner and len(at) > BANDS_PER_OCTAVE:
        # What falls at the edge of the visible falls more steeply beyond it.
        edge = slice(-BANDS_PER_OCTAVE - 1, None)
        measured = STEEPENING * float(np.polyfit(at[edge], magnitude[edge], 1)[0])
        corner, slope = at[-1], float(np.clip(measured, MIN_SLOPE_DB * NEPER, MAX_SLOPE_DB * NEPER))
    log_magnitude += slope * np.maximum(0, octave - corner)
    return _minimum_phase(log_magnitude)


def _minimum_phase(log_magnitude: Floats) -> Floats:
    """The phase of the minimum-phase system of this magnitude, by folding its cepstrum."""
    cepstrum = np.fft.irfft(log_magnitude)
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2
    cepstrum[half + 1 :] = 0
    phase: Floats = np.fft.rfft(cepstrum).imag
    return phase
