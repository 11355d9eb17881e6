"""Inputs with the structure of the known ones, but other playing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nam_engine.signals import OWN, PROTEUS, TO_END, V1_1, V2, V3, KnownInput

__all__ = ["LAYOUTS", "Audio", "Passage", "built", "playing"]

Audio = NDArray[np.float32]
Passage = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """What the engine does not know of an input; negative times are from the end.

    ``splits`` are train, validation and the replicates in samples, as the official
    trainer has them.
    """

    seconds: float
    sweep: Passage
    noise: Passage
    playing: tuple[Passage, ...]
    splits: tuple[tuple[int, int], ...]
    blips: tuple[int, ...]
    blip_samples: int = 1
    trim_seconds: float = 0.7


LAYOUTS = {
    V3: Layout(
        190,
        (12, 15),
        (15, 17),
        ((17, -9.5),),
        splits=((480_000, -432_000), (-432_000, 0), (0, 432_000), (-432_000, 0)),
        blips=(504_000, 552_000),
    ),
    V2: Layout(
        191,
        (2, 5),
        (5, 7),
        ((7, -20.5),),
        splits=((0, -960_000), (-960_000, -528_000), (-960_000, -528_000), (-528_000, -96_000)),
        blips=(24_000, 72_000, -72_000, -24_000),
        trim_seconds=0.3,  # with more the first blip would be gone
    ),
    V1_1: Layout(
        30,
        (1, 4),
        (4, 7),
        ((7, -9), (-9, 0)),
        splits=((0, -432_000), (-432_000, 0)),
        blips=(12_000, 36_000),
        blip_samples=20,
        trim_seconds=0.15,
    ),
    PROTEUS: Layout(
        45,
        (1, 9),
        (9, 17),
        ((20, 0),),
        splits=((44_100, -441_000), (-441_000, 0)),
        blips=(22_050,),
        trim_seconds=0.3,
    ),
    OWN: Layout(
        60,
        (11.5, 16),
        (17, 20),
        ((20, -12),),
        splits=((480_000, -456_000), (-432_000, 0), (0, 432_000), (-432_000, 0)),
        blips=(492_000, 528_000, -528_000, -492_000),
    ),
}


@cache
def playing(seconds: float, rate_hz: int, seed: int) -> Audio:
    """Plucked tones: loud starts that die away, seldom silent."""
    rng = np.random.default_rng(seed)
    audio = np.zeros(round(seconds * rate_hz))
    note = np.arange(0, 0.5, 1 / rate_hz)
    starts = np.cumsum(rng.uniform(0.1, 0.4, round(8 * seconds)))
    for start in (starts[starts < seconds] * rate_hz).astype(int):
        wave = np.sin(2 * np.pi * rng.uniform(60, 900) * note + rng.uniform(0, 6))
        audio[start : start + len(note)] += (
            rng.uniform(0.02, 0.25) * wave * np.exp(-note / rng.uniform(0.03, 0.15))
        )[: len(audio) - start]
    return (audio + 1e-4 * rng.standard_normal(len(audio))).clip(-1, 1).astype(np.float32)


def at_24_bits(audio: Audio) -> Audio:
    steps = (audio.astype(np.float64) * 2**23).round().clip(-(2**23), 2**23 - 1)
    return (steps.astype(np.int32) / 2**23).astype(np.float32)


@cache
def built(known: KnownInput) -> Audio:
    """Another input of the same structure; 24 bits hold it exactly."""
    layout, rate = LAYOUTS[known], known.rate_hz
    rng = np.random.default_rng(7)
    audio = np.zeros(round(layout.seconds * rate), np.float32)

    def part(passage: Passage) -> Audio:
        start, stop = (round(t * rate) + len(audio) * (t < 0) for t in passage)
        return audio[start : stop or None]

    times = np.arange(len(part(layout.sweep))) / rate
    part(layout.sweep)[:] = 0.5 * np.sin(2 * np.pi * 20 * np.expm1(times) / 2)
    part(layout.noise)[:] = rng.uniform(-0.5, 0.5, len(part(layout.noise)))
    for seed, passage in enumerate(layout.playing):
        # The same half minute again and again will do.
        part(passage)[:] = np.resize(playing(29.3, rate, seed), len(part(passage)))
    if known is PROTEUS:
        audio[0] = 0.9
        rising = part((17, 20))
        rising[:] = np.linspace(0, 0.5, len(rising)) * rng.uniform(-1, 1, len(rising))
    for start, stop in known.replicates or ():
        part((start, 0 if stop == TO_END else stop))[:] = playing(9, rate, 3)
    for blip in layout.blips:
        audio[blip : blip + layout.blip_samples] = 0.9
    return at_24_bits(audio)
