"""Averaged spectra of two signals, frame by frame (Welch's method)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Bend",
    "CrossSpectrum",
    "cross_spectra",
    "cross_spectrum",
    "frame_starts",
    "loudest",
    "power_of_two",
    "starts_within",
]

Starts = NDArray[np.intp]

BATCH_SAMPLES = 2**20
INDEPENDENT = 0.75
"""Of Hann frames that overlap by half, as many as if they did not overlap at all."""


@dataclass(frozen=True)
class Bend:
    """Something done to frames (frame, time) that needs ``lead`` samples before each."""

    apply: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    lead: int


@dataclass(frozen=True)
class CrossSpectrum:
    """Sums over frames, (frequency,): the power of both signals and their cross power."""

    xx: NDArray[np.float64]
    yy: NDArray[np.float64]
    xy: NDArray[np.complex128]
    frames: int

    @classmethod
    def sum(cls, parts: Sequence[CrossSpectrum]) -> CrossSpectrum:
        """The spectrum over the frames of all parts."""
        return cls(
            np.sum([p.xx for p in parts], axis=0),
            np.sum([p.yy for p in parts], axis=0),
            np.sum([p.xy for p in parts], axis=0),
            sum(p.frames for p in parts),
        )

    @property
    def independent_frames(self) -> float:
        return INDEPENDENT * self.frames

    @property
    def common_power(self) -> NDArray[np.float64]:
        """|xy|^2 less what two unrelated signals would show."""
        square = np.square(np.abs(self.xy)) - self.xx * self.yy / self.independent_frames
        return np.maximum(square, 0)

    @property
    def coherence(self) -> NDArray[np.float64]:
        """How much of y is x behind a filter, per frequency: 0 to 0.99, squared."""
        tiny = np.finfo(np.float64).tiny
        coherence: NDArray[np.float64] = self.common_power / (self.xx * self.yy + tiny)
        return np.minimum(coherence, 0.99)


def frame_starts(length: int, frame: int) -> Starts:
    """Where frames start that overlap by half."""
    return np.arange(0, max(0, length - frame + 1), frame // 2)


def starts_within(x_length: int, y_length: int, lag: int, frame: int) -> Starts:
    """Where frames of x start whose counterparts, ``lag`` later, are within y."""
    first = max(0, -lag)
    return first + frame_starts(min(x_length, y_length - lag) - first, frame)


def loudest(x: NDArray[np.float32], starts: Starts, frame: int, count: int) -> Starts:
    """The ``count`` starts whose frames hold most power; the frames overlap by half."""
    if len(starts) <= count:
        return starts
    half = frame // 2
    halves = x[starts[0] : starts[-1] + frame].reshape(-1, half)
    power = np.einsum("ij,ij->i", halves, halves)
    order = np.argsort(-(power[:-1] + power[1:]), kind="stable")
    return np.sort(starts[order[:count]])


def power_of_two(length: float) -> int:
    return 1 << max(1, round(math.log2(length)))


def cross_spectrum(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    x_starts: Starts,
    y_starts: Starts,
    frame: int,
    bend: Bend | None = None,
) -> CrossSpectrum:
    """Spectra of Hann frames of x (time,) and y (time,) that belong together.

    ``bend`` is done to the frames of x first; x is taken as silent before its start.
    """
    bins = frame // 2 + 1
    xx, yy, xy = np.zeros(bins), np.zeros(bins), np.zeros(bins, np.complex128)
    for _, a, b in _frame_spectra(x, y, x_starts, y_starts, frame, bend):
        xx += np.square(np.abs(a)).sum(axis=0)
        yy += np.square(np.abs(b)).sum(axis=0)
        xy += (np.conj(a) * b).sum(axis=0)
    return CrossSpectrum(xx, yy, xy, len(x_starts))


def cross_spectra(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    x_starts: Starts,
    y_starts: Starts,
    frame: int,
    bend: Bend | None = None,
) -> Iterator[tuple[slice, NDArray[np.complexfloating]]]:
    """As :func:`cross_spectrum`, but frame by frame: which frames, and their cross power."""
    for rows, a, b in _frame_spectra(x, y, x_starts, y_starts, frame, bend):
        yield rows, np.conj(a) * b


def _frame_spectra(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    x_starts: Starts,
    y_starts: Starts,
    frame: int,
    bend: Bend | None,
) -> Iterator[tuple[slice, NDArray[np.complexfloating], NDArray[np.complexfloating]]]:
    window = np.hanning(frame).astype(np.float32)
    lead = bend.lead if bend else 0
    if lead and len(x_starts) and x_starts[0] < lead:
        x, x_starts = np.pad(x, (lead, 0)), x_starts + lead
    x_frames = np.lib.stride_tricks.sliding_window_view(x, frame + lead)
    y_frames = np.lib.stride_tricks.sliding_window_view(y, frame)
    batch = max(1, BATCH_SAMPLES // frame)
    for i in range(0, len(x_starts), batch):
        rows = slice(i, i + batch)
        driving = x_frames[x_starts[rows] - lead]
        if bend:
            driving = bend.apply(driving)[:, lead:]
        yield rows, np.fft.rfft(driving * window), np.fft.rfft(y_frames[y_starts[rows]] * window)
