"""Signs of effects that a model cannot learn: what rings on, swings or shuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span
from nam_engine.spectra import (
    Bend,
    CrossSpectrum,
    cross_spectra,
    frame_starts,
    loudest,
    power_of_two,
)

__all__ = [
    "Gate",
    "Levels",
    "Swing",
    "find_dropouts",
    "find_gate",
    "find_swing",
    "frame_levels",
    "quiet_spans",
    "ring_on_db",
]

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

SILENCE = 10 ** (-80 / 20)
MIN_SILENCE_SECONDS = 0.35
RING_SECONDS = (0.14, 0.3)
REST_SECONDS = 0.1

SWING_FRAME_SECONDS = 0.085
MIN_SWING_FRAMES, MAX_SWING_FRAMES = 128, 512
SWING_ROUNDS = 3
MAX_SWING_SECONDS = 0.004
MAX_DEVIATION, MIN_DEVIATION_SAMPLES = 4.5, 4.0  # in mean absolute deviations
# A swing keeps its pace for this long; candidates differ by a third of a turn within it.
STEADY_SECONDS = 20.0
SWING_HZ = np.arange(0.4, 8.0, 1 / (3 * STEADY_SECONDS))

LEVEL_FRAME_SECONDS, MAX_LEVEL_FRAMES, LEVEL_BATCH = 0.043, 4096, 512
LOWEST_BIN = 2  # below is nothing but an offset
NOTHING_DB = -120.0
MIN_LOSS_DB = 20.0
MIN_GATE_FRAMES, MIN_GATE_BALANCE = 8, 0.2
MIN_DROPOUT_FRAMES, DROPOUT_RANGE_DB = 3, 30.0


def quiet_spans(x: Samples, sample_rate_hz: int) -> list[Span]:
    """Where the input (time,) is silent for a third of a second and longer."""
    block = max(1, sample_rate_hz // 200)
    count = len(x) // block
    silent = np.abs(x[: count * block]).reshape(count, block).max(axis=1, initial=0) < SILENCE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(np.int8), [0]])))
    spans = [Span(int(a) * block, int(b) * block) for a, b in edges.reshape(-1, 2)]
    return [span for span in spans if len(span) >= MIN_SILENCE_SECONDS * sample_rate_hz]


def ring_on_db(
    x: Samples, y: Samples, sample_rate_hz: int, quiet: list[Span]
) -> tuple[float, float] | None:
    """How loud the output still is 0.14 to 0.3 s after the input fell silent, and at rest.

    Both in dBFS, over all such places where the input was played before; None where there
    is none. At rest is the end of the longest silence.
    """
    rings = []
    for span in quiet:
        before = Span(max(0, span.start - sample_rate_hz // 4), span.start)
        if len(before) and np.abs(before.of(x)).max() > 100 * SILENCE:
            first, last = (span.start + round(t * sample_rate_hz) for t in RING_SECONDS)
            rings.append(_power(y[first : min(last, span.stop)]))
    if not rings:
        return None
    longest = max(quiet, key=len)
    rest = _power(y[longest.stop - round(REST_SECONDS * sample_rate_hz) : longest.stop])
    return _db(float(np.mean(rings))), _db(rest)


def _power(samples: Samples) -> float:
    """Without its mean."""
    return float(np.var(samples, dtype=np.float64)) if len(samples) else 0.0


def _db(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-20)))


@dataclass(frozen=True)
class Swing:
    """A delay that moves to and fro, ``hz`` times a second by ``samples`` to either side.

    ``share`` is how much of all that the delay moves is this swing; ``seconds`` and
    ``delays`` (frame,) are what it is seen in.
    """

    hz: float
    samples: float
    share: float
    seconds: Floats
    delays: Floats


def find_swing(x: Samples, y: Samples, sample_rate_hz: int, bend: Bend | None) -> Swing | None:
    """The strongest swing in the delay of an aligned pair (time,); None for a short one."""
    frame = power_of_two(SWING_FRAME_SECONDS * sample_rate_hz)
    starts = loudest(x, frame_starts(min(len(x), len(y)), frame), frame, MAX_SWING_FRAMES)
    if len(starts) < MIN_SWING_FRAMES:
        return None
    seconds = (starts + frame / 2) / sample_rate_hz
    delays = _frame_delays(x, y, starts, frame, round(MAX_SWING_SECONDS * sample_rate_hz), bend)
    moved = delays - np.median(delays)
    usual = MAX_DEVIATION * np.median(np.abs(moved)) + MIN_DEVIATION_SAMPLES
    kept = np.abs(moved) <= usual
    moved = np.where(kept, moved - moved[kept].mean(), 0)
    # Of each steady part by itself, because the pace of an effect wanders.
    parts = np.flatnonzero(np.diff(seconds // STEADY_SECONDS, prepend=-1))
    waves = np.exp(-2j * np.pi * np.outer(SWING_HZ, seconds)) * moved
    power = np.square(np.abs(np.add.reduceat(waves, parts, axis=1))).sum(axis=1)
    best = int(np.argmax(power))
    square = 4 * power[best] / np.square(np.add.reduceat(kept.astype(float), parts)).sum()
    return Swing(
        hz=float(SWING_HZ[best]),
        samples=float(np.sqrt(square)),
        share=float(0.5 * square / max(np.sum(moved**2) / kept.sum(), 1e-9)),
        seconds=seconds,
        delays=delays,
    )


def _frame_delays(
    x: Samples, y: Samples, starts: NDArray[np.intp], frame: int, reach: int, bend: Bend | None
) -> Floats:
    """How much later each frame of y is than they all are on average; up to ``reach``.

    The rig's response is the average of the frames, which is smeared where they swing: it
    is taken again of the frames moved back by what was found.
    """
    spectra = [xy for _, xy in cross_spectra(x, y, starts, starts, frame, bend)]
    xy = np.concatenate(spectra).astype(np.complex64)
    tiny = np.finfo(np.float32).tiny
    xy /= np.sqrt(np.abs(xy)) + tiny  # half whitened
    xy /= np.sqrt(np.mean(np.square(np.abs(xy)), axis=1, keepdims=True)) + tiny
    size = np.abs(xy).sum(axis=0) + tiny
    turn = 2j * np.pi * np.arange(xy.shape[1]) / frame
    delays = np.zeros(len(starts))
    for _ in range(SWING_ROUNDS):
        moved_back = xy * np.exp(np.outer(delays, turn)).astype(np.complex64)
        response = moved_back.sum(axis=0) / size
        height = np.fft.irfft(xy * (np.conj(response) * np.abs(response)), frame)
        near = np.concatenate([height[:, -reach:], height[:, : reach + 1]], axis=1)
        delays = np.argmax(near, axis=1).astype(np.float64) - reach
    return delays


@dataclass(frozen=True)
class Levels:
    """How loud the frames that begin at ``starts`` are, (frame,) each, in dBFS.

    ``expected_db`` is what the output would be if the rig were the filter that it is on
    average. Clean amps are louder where they are played softly, and never much softer.
    """

    starts: NDArray[np.intp]
    frame: int
    input_db: Floats
    expected_db: Floats
    output_db: Floats

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Where the output is far softer than what the input should have made of it."""
        lost: NDArray[np.bool_] = self.expected_db - self.output_db > MIN_LOSS_DB
        return lost


def frame_levels(x: Samples, y: Samples, sample_rate_hz: int) -> Levels:
    """The levels of an aligned pair (time,)."""
    frame = power_of_two(LEVEL_FRAME_SECONDS * sample_rate_hz)
    starts = frame_starts(min(len(x), len(y)), frame)
    starts = starts[:: -(-len(starts) // MAX_LEVEL_FRAMES) or 1]
    bins = frame // 2 + 1
    powers = np.zeros((2, len(starts), bins), np.float32)
    xy = np.zeros(bins, np.complex128)
    window = np.hanning(frame).astype(np.float32)
    framed = [np.lib.stride_tricks.sliding_window_view(samples, frame) for samples in (x, y)]
    for i in range(0, len(starts), LEVEL_BATCH):
        rows = slice(i, i + LEVEL_BATCH)
        a, b = (np.fft.rfft(frames[starts[rows]] * window) for frames in framed)
        a[:, :LOWEST_BIN] = b[:, :LOWEST_BIN] = 0
        powers[0, rows], powers[1, rows] = np.square(np.abs(a)), np.square(np.abs(b))
        xy += (np.conj(a) * b).sum(axis=0)
    xx, yy = powers.sum(axis=1, dtype=np.float64)
    total = CrossSpectrum(xx, yy, xy, len(starts))
    tiny = np.finfo(np.float64).tiny
    gain = (total.common_power / (np.square(total.xx) + tiny)).astype(np.float32)
    scale = 2 / (frame * np.square(window).sum())

    def in_db(power: NDArray[np.float32]) -> Floats:
        levels: Floats = 10 * np.log10(np.maximum(scale * power.astype(np.float64), 1e-20))
        return levels

    driving, heard = powers
    return Levels(
        starts=starts,
        frame=frame,
        input_db=in_db(driving.sum(axis=1)),
        expected_db=in_db(driving @ gain),
        output_db=in_db(heard.sum(axis=1)),
    )


@dataclass(frozen=True)
class Gate:
    """Below ``threshold_db`` of the input the output is ``drop_db`` softer than expected."""

    threshold_db: float
    drop_db: float


def find_gate(levels: Levels) -> Gate | None:
    """A noise gate: what is lost is lost where the input is soft."""
    lost = levels.lost
    if lost.sum() < MIN_GATE_FRAMES:
        return None
    played = np.flatnonzero(levels.expected_db > NOTHING_DB)
    played = played[np.argsort(levels.input_db[played])]
    # The threshold that divides best into lost and kept.
    balance = np.cumsum(np.where(lost[played], 1, -1))
    last = int(np.argmax(balance))
    if balance[last] < MIN_GATE_BALANCE * lost.sum():
        return None
    drops = (levels.expected_db - levels.output_db)[lost]
    return Gate(float(levels.input_db[played[last]]), float(np.median(drops)))


def find_dropouts(levels: Levels) -> list[Span]:
    """Where the output is lost while the input is played as loud as ever."""
    loud = levels.expected_db > np.max(levels.expected_db, initial=0) - DROPOUT_RANGE_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[0], levels.lost & loud, [0]])))
    return [
        Span(int(levels.starts[first]), int(levels.starts[stop - 1]) + levels.frame)
        for first, stop in edges.reshape(-1, 2)
        if stop - first >= MIN_DROPOUT_FRAMES
    ]
