"""The spectral loss between its Fourier transforms, one window of the batch at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.kernels.jit import Buffer, compiled

__all__ = ["compare", "differentiate", "frame", "overlap_add"]

Spectra = NDArray[np.float32]
"""(frame, bin), each bin its real and its imaginary part."""
LOG_OF = 16
"""So many ratios of powers are multiplied before a logarithm is taken; a float64 holds that."""


@compiled
def frame(audio: Buffer, hop: int, window: Buffer, frames: Buffer, first_frame: int) -> None:
    """Centred frames with reflected ends: (time,) to (frame, fft_size), whose sides stay zero.

    As many as there is room for in ``frames``, from ``first_frame`` on.
    """
    samples, fft_size = len(audio), frames.shape[1]
    side = (fft_size - len(window)) // 2
    for f in range(len(frames)):
        first = (first_frame + f) * hop - fft_size // 2 + side
        values = frames[f, side : side + len(window)]
        if first >= 0 and first + len(window) <= samples:
            here = audio[first : first + len(window)]
            for n in range(len(window)):
                values[n] = window[n] * here[n]
        else:
            for n in range(len(window)):
                values[n] = window[n] * audio[_reflected(first + n, samples)]


@compiled
def overlap_add(frames: Buffer, hop: int, window: Buffer, audio: Buffer) -> None:
    """The gradient of :func:`frame`, added to ``audio``."""
    samples, fft_size = len(audio), frames.shape[1]
    side = (fft_size - len(window)) // 2
    for f in range(len(frames)):
        first = f * hop - fft_size // 2 + side
        values = frames[f, side : side + len(window)]
        if first >= 0 and first + len(window) <= samples:
            here = audio[first : first + len(window)]
            for n in range(len(window)):
                here[n] += window[n] * values[n]
        else:
            for n in range(len(window)):
                audio[_reflected(first + n, samples)] += window[n] * values[n]


@compiled
def compare(predicted: Spectra, target: Spectra, floor: np.float32) -> tuple[float, float, float]:
    """Sums over (frame, bin): squared distance, squared target and logarithmic distance.

    Of magnitudes whose square is at least ``floor``.
    """
    frames, bins = len(predicted), predicted.shape[1] // 2
    distance = energy = logarithm = 0.0
    ratios = np.ones(bins)
    for f in range(frames):
        p, y = predicted[f], target[f]
        d = e = np.float32(0)
        for k in range(bins):
            pp = p[2 * k] * p[2 * k] + p[2 * k + 1] * p[2 * k + 1]
            yy = y[2 * k] * y[2 * k] + y[2 * k + 1] * y[2 * k + 1]
            pp, yy = (pp if pp > floor else floor), (yy if yy > floor else floor)
            difference = np.sqrt(pp) - np.sqrt(yy)
            d += difference * difference
            e += yy
            ratios[k] *= np.float64(pp / yy if pp > yy else yy / pp)
        distance += float(d)
        energy += float(e)
        if f % LOG_OF == LOG_OF - 1 or f == frames - 1:
            for k in range(bins):
                logarithm += 0.5 * np.log(ratios[k])
                ratios[k] = 1.0
    return distance, energy, logarithm


@compiled
def differentiate(
    predicted: Spectra,
    target: Spectra,
    floor: np.float32,
    of_distance: np.float32,
    of_logarithm: np.float32,
) -> None:
    """Overwrite ``predicted`` with the gradient by it, ready for an inverse transform.

    The gradient by a magnitude P is ``of_distance * (P - Y) + of_logarithm * sign(P - Y) / P``;
    at the floor it is zero. An unscaled inverse transform counts each bin but the first and the
    last twice, so those are halved.
    """
    bins = predicted.shape[1] // 2
    one, zero, two, half = np.float32(1), np.float32(0), np.float32(2), np.float32(0.5)
    for f in range(len(predicted)):
        p, y = predicted[f], target[f]
        for k in range(bins):
            pp = p[2 * k] * p[2 * k] + p[2 * k + 1] * p[2 * k + 1]
            yy = y[2 * k] * y[2 * k] + y[2 * k + 1] * y[2 * k + 1]
            magnitude = np.sqrt(pp if pp > floor else floor)
            difference = magnitude - np.sqrt(yy if yy > floor else floor)
            inverse = half / magnitude
            sign = (one if difference > zero else zero) - (one if difference < zero else zero)
            factor = (of_distance * difference + two * of_logarithm * sign * inverse) * inverse
            factor = zero if pp < floor else factor
            p[2 * k] *= factor
            p[2 * k + 1] *= factor
        for at_end in (0, 1, 2 * bins - 2, 2 * bins - 1):
            p[at_end] *= two


@compiled
def _reflected(sample: int, samples: int) -> int:
    """Where a sample beyond an end lies, mirrored at that end."""
    if sample < 0:
        return -sample
    return 2 * (samples - 1) - sample if sample >= samples else sample
