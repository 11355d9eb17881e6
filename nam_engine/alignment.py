"""Latency, polarity and clock drift of a recording against its input.

Two methods that share nothing: the input's blips (``blips.py``) and the correlation of
everything that is played (``correlation.py``). Where they agree the result is certain to
within two samples; where they do not, the alignment says so and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nam_engine.blips import BlipResponse, blip_response
from nam_engine.correlation import Correlation, Track, correlate

__all__ = ["Alignment", "Confidence", "Jump", "align_recordings"]

Samples = NDArray[np.float32]

# As far as the two methods may differ in what a filter does, in samples at 48 kHz.
CLOSE_SECONDS, MAX_DISAGREEMENT_SECONDS = 3 / 48_000, 8 / 48_000
# Of an answer to a blip, over its noise: heard, and heard from its very start.
CLEAR_BLIP, EXACT_BLIP = 20.0, 120.0
MIN_AGREEMENT = 0.5
MIN_AGREEING_BLOCKS = 6
AGREEING_SECONDS = 20 / 48_000
MIN_JUMP_SECONDS = 30 / 48_000
LEVEL_SECONDS = 8 / 48_000
JUMP_COST = 4.0
MIN_DRIFT_BLOCKS = 8
MAX_DRIFT_DOUBT_PPM = 2.0
MIN_DRIFTED_SAMPLES = 4.0


class Confidence(Enum):
    """How sure the delay is."""

    HIGH = "high"  # two methods agree: within two samples
    MEDIUM = "medium"  # one method, and it agrees with itself: within a few samples
    LOW = "low"
    NONE = "none"


@dataclass(frozen=True)
class Jump:
    """At ``seconds`` of the input the delay changed by ``samples``: some were lost or added."""

    seconds: float
    samples: int


@dataclass(frozen=True)
class Alignment:
    """How a recording lies against its input, and the evidence for it.

    ``delay_samples`` is how much later the recording is; ``polarity`` is -1 where the rig
    turns the signal upside down. ``agreement`` is the share of the recording whose own
    delay is the same. ``drift_ppm`` is how much faster than the input's clock the delay
    grows; None where it cannot be told.
    """

    delay_samples: int
    polarity: int
    confidence: Confidence
    explanation: str
    agreement: float
    drift_ppm: float | None
    jumps: tuple[Jump, ...]
    blips: BlipResponse | None
    end_blips: BlipResponse | None
    correlation: Correlation | None


def align_recordings(
    x: Samples,
    y: Samples,
    sample_rate_hz: int,
    blips: Sequence[int] = (),
    end_blips: Sequence[int] = (),
) -> Alignment:
    """Measure how much later ``y`` (time,) is than ``x`` (time,).

    ``blips`` and ``end_blips`` are the clicks at the start and the end of x, in samples.
    """
    correlation = correlate(x, y, sample_rate_hz)
    steadiness = _Steadiness(0.0, (), None)
    if correlation is not None:
        steadiness = _steadiness(correlation.track, sample_rate_hz)
    agreement, jumps, drift_ppm = steadiness
    trusted = correlation is not None and agreement >= MIN_AGREEMENT
    near = None
    if correlation is not None and trusted:
        near = _delay_at_start(correlation, drift_ppm or 0.0, sample_rate_hz)
    drifts = [1e-6 * (drift_ppm or 0.0) * at[0] if at else 0.0 for at in (blips, end_blips)]
    answers = [
        blip_response(x, y, at, sample_rate_hz, near_samples=None if near is None else near + drift)
        for at, drift in zip((blips, end_blips), drifts, strict=True)
    ]
    start, end = (a if _is_clear(a) else None for a in answers)
    if start is None and near is not None and blips:
        # Far from where the correlation expects them?
        elsewhere = blip_response(x, y, blips, sample_rate_hz)
        start = elsewhere if _is_clear(elsewhere) else None
    onset = None if start is None else _onset(start) - round(drifts[0])
    delay, confidence, explanation = _verdict(start, onset, near, correlation, sample_rate_hz)
    if start and end and confidence is Confidence.HIGH and not jumps:
        distance = end.positions[0] - start.positions[0]
        drift_ppm = 1e6 * (_onset(end) - _onset(start)) / distance
    return Alignment(
        delay_samples=delay,
        polarity=correlation.polarity if correlation is not None and trusted else _sign(start),
        confidence=confidence,
        explanation=explanation,
        agreement=agreement,
        drift_ppm=drift_ppm,
        jumps=jumps,
        blips=start or answers[0],
        end_blips=answers[1],
        correlation=correlation,
    )


def _delay_at_start(correlation: Correlation, drift_ppm: float, sample_rate_hz: int) -> float:
    """The delay at the input's start, where the clocks drift noticeably."""
    track = correlation.track
    drifted = drift_ppm * 1e-6 * sample_rate_hz * track.seconds
    if abs(drifted[-1]) < MIN_DRIFTED_SAMPLES:
        return correlation.delay_samples
    return float(np.median(track.delays - drifted))


def _is_clear(response: BlipResponse | None) -> bool:
    """Whether the blips are heard clearly, each at the same place."""
    if response is None or response.onset_samples is None or response.prominence < CLEAR_BLIP:
        return False
    each = [onset for onset in response.onsets if onset is not None]
    return len(each) == len(response.onsets) and max(each) - min(each) <= 2


def _onset(response: BlipResponse) -> int:
    assert response.onset_samples is not None
    return response.onset_samples


def _sign(response: BlipResponse | None) -> int:
    if response is None:
        return 1
    return 1 if response.average[np.argmax(np.abs(response.average))] >= 0 else -1


def _verdict(
    start: BlipResponse | None,
    onset: int | None,
    near: float | None,
    correlation: Correlation | None,
    sample_rate_hz: int,
) -> tuple[int, Confidence, str]:
    """What the blips (``onset``) and the playing (``near``) say together."""
    if start is not None and onset is not None and near is not None:
        apart_seconds = abs(onset - near) / sample_rate_hz
        exact = start.prominence >= EXACT_BLIP and apart_seconds <= MAX_DISAGREEMENT_SECONDS
        if exact or apart_seconds <= CLOSE_SECONDS:
            return onset, Confidence.HIGH, "The blips and the playing agree."
        if apart_seconds <= MAX_DISAGREEMENT_SECONDS:
            # The start of a faint answer is lost in the noise.
            explanation = "Measured from the playing; the blips are faint and nearly agree."
            return round(near), Confidence.MEDIUM, explanation
        return (
            round(near),
            Confidence.LOW,
            f"The blips say {onset} samples, the playing says {round(near)}: a filter that rings"
            " before the sound, or clicks that are not the input's. The playing counts.",
        )
    if near is not None:
        return round(near), Confidence.MEDIUM, "Measured from the playing."
    if onset is not None:
        return (
            onset,
            Confidence.MEDIUM,
            "Measured from the blips; the playing is too noisy or too distorted to confirm it.",
        )
    if correlation is not None and correlation.track.delays.size:
        return (
            round(correlation.delay_samples),
            Confidence.NONE,
            "Hardly anything in the recording follows the input.",
        )
    return 0, Confidence.NONE, "There is nothing to measure the latency by."


class _Steadiness(NamedTuple):
    agreement: float
    jumps: tuple[Jump, ...]
    drift_ppm: float | None


def _steadiness(track: Track, sample_rate_hz: int) -> _Steadiness:
    """Share of the blocks that agree, jumps between them, and drift."""
    seconds, delays = track.seconds, track.delays
    jumps = _jumps(track, sample_rate_hz)
    edges = [-np.inf, *(jump.seconds for jump in jumps), np.inf]
    slopes, residuals = [], []
    parts = [(seconds >= a) & (seconds < b) for a, b in pairwise(edges)]
    for part in parts:
        half = int(part.sum()) // 2
        t, d = seconds[part], delays[part]
        slopes.append((d[half:][:half] - d[:half]) / (t[half:][:half] - t[:half]))
    each = np.concatenate(slopes)
    slope = float(np.median(each)) if len(each) else 0.0
    doubt = 1.5 * float(np.median(np.abs(each - slope))) / np.sqrt(max(1, len(each)))
    for part in parts:
        straight = delays[part] - slope * seconds[part]
        residuals.append(np.abs(straight - np.median(straight)))
    agreeing = np.concatenate(residuals) <= AGREEING_SECONDS * sample_rate_hz
    agreement = float(np.mean(agreeing)) if agreeing.sum() >= MIN_AGREEING_BLOCKS else 0.0
    if agreement < MIN_AGREEMENT:
        return _Steadiness(agreement, (), None)
    if len(delays) < MIN_DRIFT_BLOCKS or 1e6 * doubt / sample_rate_hz > MAX_DRIFT_DOUBT_PPM:
        return _Steadiness(agreement, jumps, None)
    return _Steadiness(agreement, jumps, 1e6 * slope / sample_rate_hz)


def _jumps(track: Track, sample_rate_hz: int) -> tuple[Jump, ...]:
    """Where the delay changes for good.

    Of all ways to explain the blocks by levels that last, the one with the fewest blocks
    left over, where a jump costs as much as some blocks (Viterbi's algorithm): a block that
    is torn by the jump, or one note that fits a period off as well, makes no jump.
    """
    delays = track.delays - track.drift * track.seconds
    off = np.abs(delays[:, np.newaxis] - delays) / (LEVEL_SECONDS * sample_rate_hz)
    # (block, level): one for a block that is off its level, and a little for not being on it.
    costs = np.where(off > 1, 1.0, 0.01 * off)
    total, came_from = costs[0], []
    for cost in costs[1:]:
        best = int(np.argmin(total))
        jumped = total[best] + JUMP_COST < total
        came_from.append(np.where(jumped, best, np.arange(len(delays))))
        total = np.where(jumped, total[best] + JUMP_COST, total) + cost
    levels = [int(np.argmin(total))]
    for origin in reversed(came_from):
        levels.append(int(origin[levels[-1]]))
    levels.reverse()
    # One block gives its level a name; what the level is, all blocks say that are on it.
    on_level = off[np.arange(len(delays)), levels] <= 1
    starts = np.flatnonzero(np.diff(levels)) + 1
    parts = zip(np.split(delays, starts), np.split(on_level, starts), strict=True)
    lasting = [float(np.median(part[on])) for part, on in parts]
    return tuple(
        Jump(float(track.seconds[i]), round(after - before))
        for i, (before, after) in zip(starts, pairwise(lasting), strict=True)
        if abs(after - before) > MIN_JUMP_SECONDS * sample_rate_hz
    )
