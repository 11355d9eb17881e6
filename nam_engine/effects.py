"""Signs of effects that a model cannot learn: what rings on, swings or shuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span
from nam_engine.correlation import Correlation
from nam_engine.spectra import cross_spectra, cross_spectrum, frame_starts, loudest

__all__ = ["Gate", "Swing", "find_gate", "find_swing", "quiet_spans", "ring_on_db"]

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

FRAME_SECONDS = 0.02
SILENCE = 10 ** (-80 / 20)
MIN_SILENCE_SECONDS = 0.35
RING_SECONDS = (0.14, 0.3)
REST_SECONDS = 0.1

SWING_FRAME_SECONDS = 0.085
MAX_SWING_FRAMES = 512
SWING_HZ = np.arange(0.4, 8.0, 0.05)
MAX_SWING_SECONDS = 0.002

GATE_BIN_DB, GATE_LOWEST_BIN = 4.0, -22
MIN_GATE_FRAMES = 6
MIN_GATE_DROP_DB = 24.0


def frame_levels_db(samples: Samples, sample_rate_hz: int) -> Floats:
    """RMS level of each frame of 20 ms, (frame,), in dB; silence is -200."""
    frame = round(FRAME_SECONDS * sample_rate_hz)
    count = len(samples) // frame
    frames = samples[: count * frame].reshape(count, frame)
    power = np.einsum("ij,ij->i", frames, frames).astype(np.float64) / frame
    levels: Floats = 10 * np.log10(np.maximum(power, 1e-20))
    return levels


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

    ``prominence`` is how far it stands out of its spectrum; ``seconds`` and ``delays``
    (frame,) are what it is seen in.
    """

    hz: float
    samples: float
    prominence: float
    seconds: Floats
    delays: Floats


def find_swing(x: Samples, y: Samples, sample_rate_hz: int, found: Correlation) -> Swing | None:
    """The strongest swing in the delay of an aligned pair (time,); None for a short one."""
    frame = power_of_two(SWING_FRAME_SECONDS * sample_rate_hz)
    starts = loudest(x, frame_starts(min(len(x), len(y)), frame), frame, MAX_SWING_FRAMES)
    if len(starts) < 64:
        return None
    total = cross_spectrum(x, y, starts, starts, frame, found.bend)
    weight = np.conj(total.xy) / (total.xx * total.yy + np.finfo(np.float64).tiny)
    delays = np.empty(len(starts))
    reach = round(MAX_SWING_SECONDS * sample_rate_hz)
    for rows, xy in cross_spectra(x, y, starts, starts, frame, found.bend):
        height = np.fft.irfft(xy * weight, frame)
        near = np.concatenate([height[:, -reach:], height[:, : reach + 1]], axis=1)
        delays[rows] = np.argmax(near, axis=1) - reach
    seconds = (starts + frame / 2) / sample_rate_hz
    centred = delays - np.median(delays)
    waves = np.exp(-2j * np.pi * np.outer(SWING_HZ, seconds))
    strength = np.abs(waves @ centred)
    best = int(np.argmax(strength))
    return Swing(
        hz=float(SWING_HZ[best]),
        samples=2 * float(strength[best]) / len(starts),
        prominence=float((strength[best] / max(float(np.median(strength)), 1e-9)) ** 2),
        seconds=seconds,
        delays=delays,
    )


@dataclass(frozen=True)
class Gate:
    """Below ``threshold_db`` of the input the output falls by ``drop_db`` within 8 dB.

    ``input_db`` and ``output_db`` (bin,) are the levels it is seen in.
    """

    threshold_db: float
    drop_db: float
    input_db: Floats
    output_db: Floats


def find_gate(x: Samples, y: Samples, sample_rate_hz: int) -> Gate | None:
    """A noise gate in an aligned pair (time,), from how loud the output is at each input level."""
    input_db, output_db = (frame_levels_db(samples, sample_rate_hz) for samples in (x, y))
    count = min(len(input_db), len(output_db))
    input_db, output_db = input_db[:count], output_db[:count]
    bins = np.floor(input_db / GATE_BIN_DB).astype(int)
    played = [b for b in range(GATE_LOWEST_BIN, 0) if np.sum(bins == b) >= MIN_GATE_FRAMES]
    levels = GATE_BIN_DB * (np.array(played) + 0.5)
    typical = np.array([np.median(output_db[bins == b]) for b in played])
    best = None
    for i, level in enumerate(levels):
        softer = typical[levels < level - 1.5 * GATE_BIN_DB]
        if not len(softer) or levels[len(softer) - 1] < level - 2.5 * GATE_BIN_DB:
            continue
        # All that is softer is shut out as well, else it was a rest between two notes.
        drop = float(typical[i] - softer.max())
        if drop > MIN_GATE_DROP_DB and (best is None or drop > best.drop_db):
            best = Gate(float(level), drop, levels, typical)
    return best
