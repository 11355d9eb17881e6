"""Gaps and clicks in the output, where the input has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span, rms_dbfs
from nam_engine.effects import find_dropouts, find_gate
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.pair import MAX_PLACES, Pair, runs

__all__ = ["check_clicks", "check_gaps"]

Samples = NDArray[np.float32]

WARN = Severity.WARN

MIN_GAP_SECONDS, GAP_NEIGHBOUR_SECONDS = 0.002, 0.01
GAP_INPUT_DBFS = -40.0
TOP_OF_WAVE = 0.1
CLICK_RATIO, CLICK_OVER_INPUT, CLICK_LEVEL = 40.0, 8.0, 0.02
CLICK_FRAME_SECONDS, CLICK_FRAMES = 0.01, 6
JUMP_FLOOR = 1e-9
JUMP_SECONDS = 1.0  # within which the place of a jump is known


def check_gaps(pair: Pair) -> list[Finding]:
    gaps = _gaps(pair)
    if not gaps:
        return []
    more = f" and {len(gaps) - 1} times more" if len(gaps) > 1 else ""
    first = gaps[0]
    message = (
        f"{pair.output_name} falls silent for {1000 * pair.seconds(len(first)):.0f} ms"
        f" at {pair.place(first.start):.2f} s{more}."
    )
    numbers = {
        "places": len(gaps),
        "first_seconds": pair.place(first.start),
        "first_length_seconds": pair.seconds(len(first)),
    }
    picture = {
        "seconds": np.array([pair.place(gap.start) for gap in gaps[:MAX_PLACES]]),
        "lengths": np.array([pair.seconds(len(gap)) for gap in gaps[:MAX_PLACES]]),
    }
    return [Finding(Kind.GAP, WARN, message, numbers, picture)]


def _gaps(pair: Pair) -> list[Span]:
    """Where the output stands still, or is lost in noise, while the input is played.

    An amp that clips stands still as well, but only at the tops of its waves.
    """
    starts, lengths = runs(np.concatenate([[False], pair.y[1:] == pair.y[:-1]]))
    long = lengths >= MIN_GAP_SECONDS * pair.sample_rate_hz
    starts, lengths = starts[long], lengths[long]
    around = round(GAP_NEIGHBOUR_SECONDS * pair.sample_rate_hz)
    audible = 10 ** ((GAP_INPUT_DBFS + rms_dbfs(pair.y)) / 20)

    def is_gap(gap: Span) -> bool:
        before = pair.y[max(0, gap.start - around) : gap.start]
        after = pair.y[gap.stop : gap.stop + around]
        if not (len(before) and len(after)) or rms_dbfs(gap.of(pair.x)) < GAP_INPUT_DBFS:
            return False
        heard = min(np.abs(before).max(), np.abs(after).max()) > audible
        near = np.concatenate([before, after])
        top = TOP_OF_WAVE * (near.max() - near.min())
        return bool(heard and near.min() + top < pair.y[gap.start] < near.max() - top)

    gaps = [Span(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    gaps = [gap for gap in gaps if is_gap(gap)]
    if pair.alignment.jumps or find_gate(pair.levels) is not None:
        return gaps
    dropouts = [
        dropout
        for dropout in find_dropouts(pair.levels)
        if not any(gap.start < dropout.stop and dropout.start < gap.stop for gap in gaps)
    ]
    return sorted(gaps + dropouts, key=lambda gap: gap.start)


def check_clicks(pair: Pair) -> list[Finding]:
    """Single jumps far out of what is around them, where the input has none.

    A distorted wave jumps in each of its periods, a click stands alone: it is measured by
    what three other frames within hearing reach. Of the input the start of a note counts
    as well, which fills a few frames.
    """
    frame = round(CLICK_FRAME_SECONDS * pair.sample_rate_hz)
    heights = _jumps(pair.y, frame)
    ratios = _prominence(heights, rank=3)
    clicks = np.flatnonzero((ratios > CLICK_RATIO) & (heights > CLICK_LEVEL * np.abs(pair.y).max()))
    if not len(clicks):
        return []
    # An input that begins in the middle of a note jumps there.
    input_ratios = _prominence(_jumps(np.pad(pair.x, (4, 0)), frame), rank=CLICK_FRAMES)
    near_input = _around(input_ratios).max(axis=1)[clicks]
    edges = np.array([edge for gap in _gaps(pair) for edge in (gap.start, gap.stop)]) / frame
    jumps = np.array([jump.seconds for jump in pair.alignment.jumps]) / CLICK_FRAME_SECONDS
    explained = [
        ratios[clicks] < CLICK_OVER_INPUT * near_input,
        _any_within(clicks, edges, CLICK_FRAMES),
        _any_within(clicks, jumps, JUMP_SECONDS / CLICK_FRAME_SECONDS),
    ]
    clicks = clicks[~np.any(explained, axis=0)]
    if not len(clicks):
        return []
    places = "place" if len(clicks) == 1 else "places"
    first = pair.place(clicks[0] * frame)
    message = f"{pair.output_name} clicks at {len(clicks)} {places}, first at {first:.2f} s."
    numbers = {"places": len(clicks), "first_seconds": first}
    seconds = np.array([pair.place(click * frame) for click in clicks[:MAX_PLACES]])
    return [Finding(Kind.CLICKS, WARN, message, numbers, {"seconds": seconds})]


def _jumps(samples: Samples, frame: int) -> Samples:
    """How high the largest jump of each frame is, (frame,), by a single sample's measure.

    Jumps are seen in the fourth difference, in which the sound of a speaker is soft.
    """
    jumps = np.abs(np.diff(samples, 4)) / np.float32(6)
    highest: Samples = jumps[: len(jumps) // frame * frame].reshape(-1, frame).max(axis=1)
    return highest


def _prominence(heights: Samples, rank: int) -> Samples:
    """The heights (frame,) over what ``rank`` others around each reach."""
    usual = np.partition(_around(heights), -rank - 1, axis=1)[:, -rank - 1]
    return heights / (usual + np.float32(JUMP_FLOOR))


def _around(frames: Samples) -> Samples:
    """Each of the frames (frame,) with its neighbours, (frame, neighbour)."""
    padded = np.pad(frames, CLICK_FRAMES)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * CLICK_FRAMES + 1)


def _any_within(
    places: NDArray[np.intp], others: NDArray[np.floating], distance: float
) -> NDArray[np.bool_]:
    """Which of the places are that near to any of the others."""
    distances = np.abs(np.subtract.outer(places, others))
    return np.asarray(distances.min(axis=1, initial=np.inf) <= distance)
