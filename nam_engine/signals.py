"""The known capture inputs: their layouts, and how one is recognised.

A known input tells where its blips are, which passage to train and which to
validate on, and which passage is played twice. Figures: the official trainer's
data descriptions (``neural-amp-modeler`` 0.13.0); our own signal is described
where it is made (``capture_signal.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Recording, Span

__all__ = [
    "KNOWN_INPUTS",
    "OWN",
    "KnownInput",
    "Match",
    "Recognised",
    "find_blips",
    "recognise",
]

MAX_TRIM_SECONDS = 2.0
MIN_REPLICATE_CORRELATION = 0.95
MAX_HASHED_BYTES = 2**30

# White noise is flat, up to where one that was resampled has nothing, and louder than hiss.
MIN_NOISE_FLATNESS = 0.1
FLAT_TO_HZ = 10_000
MIN_NOISE = 10 ** (-50 / 20)

# A blip is at most 5 ms long, 30 dB above the 150 ms on either side, and not at the very start.
BLIP_BLOCKS_PER_SECOND = 1000
MAX_BLIP_BLOCKS = 5
BLIP_SILENCE_BLOCKS = 150
MIN_BLIP_START_BLOCKS = 50
BLIP_PROMINENCE = 10 ** (30 / 20)
MIN_BLIP = 10 ** (-50 / 20)
BLIP_START = 0.7  # of its peak; resampled, the sample before a blip reaches two thirds
MAX_BLIPS = 64

Seconds = tuple[float, float]
"""A passage, start to stop; a negative time counts from the end of the file."""

TO_END = float("inf")


@dataclass(frozen=True)
class KnownInput:
    """The layout of a capture input, in seconds (negative: from the end).

    ``length`` is None where it differs from file to file. ``replicates`` is the passage
    that is played twice; ``noise`` is one of steady noise, by which an input without
    replicates is told from other playing. ``part_md5`` are the hashes of the first and the last of
    ``part_seconds`` of the decoded samples (float64, full scale at 1).
    """

    name: str
    rate_hz: int
    length: float | None
    blips: tuple[float, ...]
    end_blips: tuple[float, ...]
    quiet: Seconds
    train: Seconds
    validation: Seconds
    replicates: tuple[Seconds, Seconds] | None = None
    noise: Seconds | None = None
    file_md5: str | None = None
    part_seconds: Seconds = (0.0, 0.0)
    part_md5: tuple[str, str | None] | None = None


V3 = KnownInput(
    "NAM input v3.0.0",
    rate_hz=48_000,
    length=190.0,
    blips=(10.5, 11.5),
    end_blips=(),
    quiet=(10.25, 10.375),
    train=(10.0, -9.0),
    validation=(-9.0, TO_END),
    replicates=((0.0, 9.0), (-9.0, TO_END)),
    file_md5="36cd1af62985c2fac3e654333e36431e",
    part_seconds=(17.0, 9.0),
    part_md5=("dadb5d62f6c3973a59bf01439799809b", "8458126969a3f9d8e19a53554eb1fd52"),
)
V2 = KnownInput(
    "NAM input v2.0.0",
    rate_hz=48_000,
    length=191.0,
    blips=(0.5, 1.5),
    end_blips=(-1.5, -0.5),
    quiet=(0.25, 0.375),
    train=(0.0, -20.0),
    validation=(-20.0, -11.0),
    replicates=((-20.0, -11.0), (-11.0, -2.0)),
    file_md5="ede3b9d82135ce10c7ace3bb27469422",
    part_seconds=(8.0, 20.0),
    part_md5=("1c4d94fbcb47e4d820bef611c1d4ae65", "28694e7bf9ab3f8ae6ef86e9545d4663"),
)
V1_1 = KnownInput(
    "NAM input v1.1.1",
    rate_hz=48_000,
    length=None,
    blips=(0.25, 0.75),
    end_blips=(),
    quiet=(0.0, 0.125),
    noise=(4.0, 7.0),
    train=(0.0, -9.0),
    validation=(-9.0, TO_END),
    file_md5="7c3b6119c74465f79d96c761a0e27370",
    part_seconds=(7.0, 9.0),
    part_md5=("9f20c6b5f7fef68dd88307625a573a14", "8458126969a3f9d8e19a53554eb1fd52"),
)
V1_0 = replace(
    V1_1,
    name="NAM input v1.0.0",
    file_md5="4d54a958861bf720ec4637f43d44a7ef",
    part_md5=("bb4e140c9299bae67560d280917eb52b", "9b2468fcb6e9460a399fc5f64389d353"),
)
PROTEUS = KnownInput(
    "Proteus capture input",
    rate_hz=44_100,
    length=None,
    blips=(0.5,),  # the one on sample 0 has no silence before it
    end_blips=(),
    quiet=(6_000 / 44_100, 12_000 / 44_100),
    noise=(9.0, 17.0),
    train=(1.0, -10.0),
    validation=(-10.0, TO_END),
    file_md5="80e224bd5622fd6153ff1fd9f34cb3bd",
    part_seconds=(1.0, 0.0),
    part_md5=("46151c8030798081acc00a725325a07d", None),
)
OWN = KnownInput(
    "our own capture signal",
    rate_hz=48_000,
    length=None,
    blips=(10.25, 11.0),
    end_blips=(-11.0, -10.25),
    quiet=(9.75, 10.0),
    train=(10.0, -9.5),
    validation=(-9.0, TO_END),
    replicates=((0.0, 9.0), (-9.0, TO_END)),
)
"""What ``nam-engine signal`` writes; any length and rate (capture_signal.py)."""

KNOWN_INPUTS = (V3, V2, V1_1, V1_0, PROTEUS, OWN)


class Match(Enum):
    """How an input was recognised."""

    FILE = "the file is the original, byte for byte"
    PARTS = "its audio is the original's, sample for sample, where it matters"
    STRUCTURE = "its blips, noise and repeated passage are where the original has them"


@dataclass(frozen=True)
class Recognised:
    """A known input as it lies in a recording of ``samples`` at ``rate_hz``.

    ``missing_samples`` were cut off at the start; ``nominal_samples`` is where the
    original ends, counted from the original's start.
    """

    known: KnownInput
    match: Match
    rate_hz: int
    samples: int
    missing_samples: int
    nominal_samples: int

    def position(self, seconds: float) -> int:
        """The sample of a time in the layout, within the recording."""
        return min(max(self._place(seconds), 0), self.samples)

    def _place(self, seconds: float) -> int:
        if seconds == TO_END:
            return self.nominal_samples - self.missing_samples
        origin = self.nominal_samples if seconds < 0 else 0
        return origin + round(seconds * self.rate_hz) - self.missing_samples

    def span(self, seconds: Seconds) -> Span:
        return Span(self.position(seconds[0]), self.position(seconds[1]))

    @property
    def blips(self) -> tuple[int, ...]:
        return tuple(map(self.position, self.known.blips))

    @property
    def end_blips(self) -> tuple[int, ...]:
        return tuple(map(self.position, self.known.end_blips))

    @property
    def replicates(self) -> tuple[Span, Span] | None:
        """The passage that is played twice, without what is cut off either; or None."""
        if self.known.replicates is None:
            return None
        first, second = (Span(*map(self._place, pair)) for pair in self.known.replicates)
        cut_before = max(0, -first.start, -second.start)
        length = min(len(first), self.samples - second.start) - cut_before
        starts = first.start + cut_before, second.start + cut_before
        return Span(starts[0], starts[0] + length), Span(starts[1], starts[1] + length)


def recognise(
    recording: Recording, known_inputs: Sequence[KnownInput] = KNOWN_INPUTS
) -> Recognised | None:
    """Which known input a recording is, or None.

    By the file's hash, then by the hashes of its parts, then (re-saved at another
    depth, level or rate, or with its ends trimmed) by structure.
    """
    file_md5 = _file_md5(recording.path)
    for known in known_inputs:
        if file_md5 is not None and file_md5 == known.file_md5:
            return _whole(recording, known, Match.FILE)
    for known in known_inputs:
        if _has_parts(recording, known):
            return _whole(recording, known, Match.PARTS)
    blips = find_blips(recording)
    for known in known_inputs:
        if (found := _by_structure(recording, known, blips)) is not None:
            return found
    return None


def _whole(recording: Recording, known: KnownInput, match: Match) -> Recognised:
    samples = len(recording.samples)
    return Recognised(known, match, recording.sample_rate_hz, samples, 0, samples)


def _file_md5(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > MAX_HASHED_BYTES:
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, _md5).hexdigest()
    except OSError:
        return None  # gone since it was read; its audio still tells


def _md5(data: bytes | memoryview = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)


def _has_parts(recording: Recording, known: KnownInput) -> bool:
    if known.part_md5 is None or recording.sample_rate_hz != known.rate_hz:
        return False
    first, last = (round(seconds * known.rate_hz) for seconds in known.part_seconds)
    first_md5, last_md5 = known.part_md5
    samples = recording.samples
    if len(samples) < first + last or _samples_md5(samples[:first]) != first_md5:
        return False
    return last_md5 is None or _samples_md5(samples[-last:]) == last_md5


def _samples_md5(samples: NDArray[np.float32]) -> str:
    return _md5(np.ascontiguousarray(samples, np.float64).data).hexdigest()


def find_blips(recording: Recording) -> list[int]:
    """Where short clicks with silence around them start, in samples."""
    block = max(1, recording.sample_rate_hz // BLIP_BLOCKS_PER_SECOND)
    count = len(recording.samples) // block
    blocks = np.abs(recording.samples[: count * block]).reshape(count, block)
    peaks = blocks.max(axis=1) if count else np.zeros(0, np.float32)
    reach = MAX_BLIP_BLOCKS + BLIP_SILENCE_BLOCKS
    padded = np.pad(peaks, reach)
    loudest = np.lib.stride_tricks.sliding_window_view(padded, BLIP_SILENCE_BLOCKS).max(axis=1)
    before, after = loudest[:count], loudest[reach + MAX_BLIP_BLOCKS + 1 :][:count]
    alone = (peaks > MIN_BLIP) & (peaks > BLIP_PROMINENCE * np.maximum(before, after))
    alone[:MIN_BLIP_START_BLOCKS] = False
    blips: list[int] = []
    for i in np.flatnonzero(alone):
        window = slice(i * block, (i + MAX_BLIP_BLOCKS) * block)
        if blips and window.start - blips[-1] < BLIP_SILENCE_BLOCKS * block:
            continue  # another block of the same blip
        burst = np.abs(recording.samples[window])
        blips.append(int(window.start + np.argmax(burst >= BLIP_START * burst.max())))
    return blips[:MAX_BLIPS]


def _by_structure(
    recording: Recording, known: KnownInput, blips: Sequence[int]
) -> Recognised | None:
    rate, samples = recording.sample_rate_hz, len(recording.samples)
    tolerance = max(2, rate // 10_000)

    def has(position: float) -> bool:
        return any(abs(position - blip) <= tolerance for blip in blips)

    for first in reversed(blips):  # where silence precedes Proteus, its sample 0 is a blip too
        missing = round(known.blips[0] * rate) - first
        if abs(missing) > MAX_TRIM_SECONDS * rate:
            continue
        if not all(has(first + (blip - known.blips[0]) * rate) for blip in known.blips):
            continue
        nominal = round(known.length * rate) if known.length else samples + missing
        if known.end_blips:
            # The length of our own signal follows from where its last blip lies.
            nominal = blips[-1] + missing - round(known.end_blips[-1] * rate)
        found = Recognised(known, Match.STRUCTURE, rate, samples, missing, nominal)
        if _fits(recording, found, has=[has(blip) for blip in found.end_blips]):
            return found
    return None


def _fits(recording: Recording, found: Recognised, has: list[bool]) -> bool:
    known, rate = found.known, found.rate_hz
    if known.length is not None and abs(found.nominal_samples - known.length * rate) > rate / 1000:
        return False
    surplus = found.samples + found.missing_samples - found.nominal_samples
    if abs(surplus) > MAX_TRIM_SECONDS * rate or not all(has):
        return False
    if known.noise is not None:
        return _is_steady(found.span(known.noise).of(recording.samples), rate)
    if found.replicates is None:
        return True
    first, second = (span.of(recording.samples) for span in found.replicates)
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    return scale > 0 and float(np.dot(first, second)) > MIN_REPLICATE_CORRELATION * scale


def _is_steady(samples: NDArray[np.float32], rate_hz: int) -> bool:
    """Whether a passage is noise of constant level: nothing that is played is."""
    frames = 40
    length = len(samples) // frames
    if length < 256:
        return False
    framed = samples[: frames * length].reshape(frames, length)
    powers = np.square(framed).mean(axis=1)[1:-1]
    spectra = np.square(np.abs(np.fft.rfft(framed)[:, 4 : length * FLAT_TO_HZ // rate_hz]))
    spectrum = spectra.mean(axis=0) + 1e-20
    flatness = np.exp(np.log(spectrum).mean()) / spectrum.mean()
    return bool(
        powers.min() > max(0.5 * powers.max(), MIN_NOISE**2) and flatness > MIN_NOISE_FLATNESS
    )
