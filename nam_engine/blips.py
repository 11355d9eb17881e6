"""How much later a recording is than its input, from the clicks that stand alone in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlipResponse", "blip_response"]

Samples = NDArray[np.float32]

MAX_EARLY_SECONDS, MAX_LATE_SECONDS = 0.005, 0.5
# Where the delay is known roughly, noise from elsewhere cannot deceive.
NEAR_SECONDS, AROUND_SECONDS = 0.001, 0.1
# Noise reaches six standard deviations once in half a billion samples.
NOISE_MARGIN = 6.0
START_OF_RESPONSE = 0.05  # of its peak
FOOT_MARGIN = 2.0


@dataclass(frozen=True)
class BlipResponse:
    """What came out after the blips at ``positions`` (samples of the input).

    ``responses`` (blip, lag) and their ``average`` (lag,) are turned so that a blip points
    up; ``lags`` are in samples. A response is what passes ``threshold``; it starts at
    ``onset_samples`` and, for each blip alone, at ``onsets`` (None: nowhere).
    """

    positions: tuple[int, ...]
    lags: NDArray[np.int64]
    responses: NDArray[np.float32]
    average: NDArray[np.float32]
    threshold: float
    noise: float
    onset_samples: int | None
    onsets: tuple[int | None, ...]

    @property
    def prominence(self) -> float:
        """Peak of the average over its noise."""
        peak = float(np.abs(self.average).max())
        return peak / self.noise if self.noise > 0 else np.inf


def blip_response(
    x: Samples,
    y: Samples,
    blips: Sequence[int],
    sample_rate_hz: int,
    *,
    near_samples: float | None = None,
) -> BlipResponse | None:
    """Where ``y`` (time,) answers the blips of ``x`` (time,); None without any in both.

    ``near_samples`` is the delay where it is roughly known.
    """
    if near_samples is None:
        first, last = -MAX_EARLY_SECONDS * sample_rate_hz, MAX_LATE_SECONDS * sample_rate_hz
    else:
        around = AROUND_SECONDS * sample_rate_hz
        first, last = near_samples - around, near_samples + around
    lags = np.arange(round(first), round(last))
    inside = [p for p in blips if p + lags[0] >= 0 and p + lags[-1] < len(y)]
    if not inside:
        return None
    responses = np.stack([y[p + lags] * np.sign(x[p]) for p in inside])
    responses = responses - np.median(responses, axis=1, keepdims=True)
    average = responses.mean(axis=0)
    allowed = np.ones(len(lags), bool)
    if near_samples is not None:
        allowed = np.abs(lags - near_samples) <= NEAR_SECONDS * sample_rate_hz
    onset, threshold, noise = _onset(average, lags, allowed)
    return BlipResponse(
        positions=tuple(inside),
        lags=lags,
        responses=responses,
        average=average,
        threshold=threshold,
        noise=noise,
        onset_samples=onset,
        onsets=tuple(_onset(response, lags, allowed)[0] for response in responses),
    )


def _onset(
    response: Samples, lags: NDArray[np.int64], allowed: NDArray[np.bool_]
) -> tuple[int | None, float, float]:
    """The lag at which a response starts, the threshold for it and the noise's deviation."""
    size = np.abs(response)
    noise = float(np.median(size)) / 0.6745  # of a normal distribution
    peak = float(size[allowed].max(initial=0))
    threshold = max(NOISE_MARGIN * noise, START_OF_RESPONSE * peak)
    passed = np.flatnonzero((size > threshold) & allowed)
    if peak <= threshold or not len(passed):
        return None, threshold, noise
    start = int(passed[0])
    # The first sample beyond doubt stands on the slope of the response: walk down to its foot.
    foot = max(FOOT_MARGIN * noise, START_OF_RESPONSE * peak)
    while start > 0 and size[start - 1] > foot:
        start -= 1
    return int(lags[start]), threshold, noise
