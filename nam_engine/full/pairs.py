"""The recordings that a data file names, read and cut into material.

What is taken, shifted and scaled, and in which order, is what the datasets of
``neural-amp-modeler`` 0.13.0 (``nam.data``) do. Other than there, any format is read that
libsndfile knows, validation passages may differ in length, silent ones are left out, and clipped
samples are counted instead of refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Recording, read_recording, rms_dbfs
from nam_engine.errors import AudioError, CaptureError
from nam_engine.full.description import DataDescription, PairDescription
from nam_engine.material import Material, Passage, digest_of

__all__ = ["load_material"]

Samples = NDArray[np.float32]


def load_material(
    data: DataDescription, receptive_field: int, name: str, validation_limit: int | float | None
) -> tuple[Material, tuple[str, ...]]:
    """The material that ``data`` describes, and sentences on what is odd about it.

    Each file is read once. The first ``receptive_field - 1`` samples of each pair are context
    only. ``validation_limit`` keeps so many of the validation passages (int) or this share of
    them (float), at least one. Raises AudioError or CaptureError where a file or a pair cannot
    be used; its message names the entry of the data file.
    """
    read = cache(read_recording)
    train = [_Pair.read(pair, read) for pair in data.train]
    validation = [_Pair.read(pair, read) for pair in data.validation]
    pairs = train + validation
    for other in pairs[1:]:
        _require_same_rate(pairs[0], other)

    context = receptive_field - 1
    passages = tuple(pair.passage(context) for pair in train)
    items, silence = _sounding(
        [replace(i, pair=k) for k, pair in enumerate(validation) for i in pair.items(context)]
    )
    items = items[: _limited(len(items), validation_limit)]
    window_samples = _window_samples(train, passages)
    target_gain = _target_gain(train, data.level_rms_dbfs)
    material = Material(
        name=name,
        sample_rate_hz=pairs[0].sample_rate_hz,
        window_samples=window_samples,
        train=passages,
        validation=items,
        target_gain=target_gain,
        identity={
            "recording, passage or delay to train on": _digest(passages),
            "recording, passage or delay to validate on": _digest(items),
            "sample rate": str(pairs[0].sample_rate_hz),
            "ny": str(window_samples),
            "level of the targets": str(target_gain),
        },
    )
    # What is said of a file that several pairs share is said once.
    warnings = dict.fromkeys(warning for pair in pairs for warning in pair.warnings())
    return material, (*warnings, *silence)


@dataclass(frozen=True)
class _Pair:
    """An entry of the data file as audio: input and target, equally long, as they go together."""

    entry: PairDescription
    input: Samples
    target: Samples
    sample_rate_hz: int
    recordings: tuple[Recording, Recording]

    @classmethod
    def read(cls, entry: PairDescription, read: Callable[[Path], Recording]) -> _Pair:
        try:
            recordings = x, y = read(entry.x_path), read(entry.y_path)
        except AudioError as error:
            raise AudioError(f"{entry.where}: {error.message}", error.remedy) from error
        rate_hz = _rate_hz(entry, x, y)
        audio, target = _equally_long(entry, x, y)
        used = _used(entry, audio, rate_hz)
        audio, target = _without_delay(audio[used], target[used], entry.delay_samples)
        if entry.input_gain_db:
            audio = audio * 10 ** (entry.input_gain_db / 20)
        if entry.y_scale != 1:
            target = target * entry.y_scale
        return cls(entry, audio, target, rate_hz, recordings)

    def passage(self, context: int) -> Passage:
        """All of it. Raises CaptureError where not even one item fits."""
        needed, there = context + (self.entry.ny or 1), len(self.target)
        if there < needed:
            raise CaptureError(
                f"{self.entry.where}: {_length(there, self.sample_rate_hz)} of"
                f" {self.entry.y_path.name} are used, but {_length(needed, self.sample_rate_hz)}"
                f" are needed: {context} of context and {self.entry.ny or 1} to predict.",
                "Use more of the recording (start, stop) or give a smaller ny.",
            )
        return Passage(self.input, self.target[context:])

    def items(self, context: int) -> Iterator[Passage]:
        """Passages of ``ny`` targets one after the other, without what is too short for one."""
        whole = self.passage(context)
        ny = self.entry.ny or len(whole.target)
        for start in range(0, len(whole.target) - ny + 1, ny):
            stop = start + ny
            yield Passage(whole.input[start : stop + context], whole.target[start:stop])

    def warnings(self) -> Iterator[str]:
        for recording in self.recordings:
            if recording.channel is not None:
                yield (
                    f"{recording.path.name} is stereo and one side is silent:"
                    f" channel {recording.channel} is used."
                )
        x, y = self.recordings
        lengths = len(x.samples), len(y.samples) - self.entry.y_preroll_samples
        if lengths[0] != lengths[1]:
            yield (
                f"{x.path.name} has {_length(lengths[0], self.sample_rate_hz)}, {y.path.name}"
                f" {_length(lengths[1], self.sample_rate_hz)}: the rest of the longer is left out."
            )
        # In the file: what y_scale makes of it does not clip.
        clipped = np.count_nonzero(np.abs(self.target) >= abs(self.entry.y_scale))
        if clipped:
            yield (
                f"{self.entry.where}: {y.path.name} is at full scale or beyond in {clipped:,}"
                " samples, so the output clips; if you hear it, record it again at a lower level."
            )


def _rate_hz(entry: PairDescription, x: Recording, y: Recording) -> int:
    """The sample rate, which both files and the data file must agree on."""
    if x.sample_rate_hz != y.sample_rate_hz:
        raise CaptureError(
            f"{entry.where}: {x.path.name} has {x.sample_rate_hz} samples per second,"
            f" {y.path.name} has {y.sample_rate_hz}.",
            "Convert one of them to the other's sample rate.",
        )
    if entry.sample_rate_hz not in (None, x.sample_rate_hz):
        raise CaptureError(
            f"{entry.where}.sample_rate is {entry.sample_rate_hz}, but {x.path.name} and"
            f" {y.path.name} have {x.sample_rate_hz} samples per second.",
            "Leave sample_rate out, or convert the recordings.",
        )
    return x.sample_rate_hz


def _require_same_rate(first: _Pair, other: _Pair) -> None:
    if other.sample_rate_hz != first.sample_rate_hz:
        raise CaptureError(
            f"{other.entry.where}: {other.entry.x_path.name} has {other.sample_rate_hz} samples"
            f" per second, but {first.entry.x_path.name} ({first.entry.where}) has"
            f" {first.sample_rate_hz}.",
            "Convert the recordings to one sample rate.",
        )


def _equally_long(entry: PairDescription, x: Recording, y: Recording) -> tuple[Samples, Samples]:
    """Input and output without its preroll, the longer cut where that is allowed."""
    audio, target = x.samples, y.samples[entry.y_preroll_samples :]
    if len(audio) != len(target) and not entry.allow_unequal_lengths:
        raise CaptureError(
            f"{entry.where}: {x.path.name} has {_length(len(audio), x.sample_rate_hz)}, but"
            f" {y.path.name} has {_length(len(target), y.sample_rate_hz)}.",
            'Write "allow_unequal_lengths": true to leave out the rest of the longer one.',
        )
    shorter = min(len(audio), len(target))
    return audio[:shorter], target[:shorter]


def _used(entry: PairDescription, audio: Samples, rate_hz: int) -> slice:
    """Which samples the entry asks for, before which the input is as silent as it wants."""
    there = len(audio)
    start = _place(entry.start, 0, there, rate_hz)
    stop = _place(entry.stop, there, there, rate_hz)
    if not 0 <= start < stop <= there:
        raise CaptureError(
            f"{entry.where}: nothing lies between sample {start:,} (start) and sample {stop:,}"
            f" (stop) of {entry.y_path.name}, which has {_length(there, rate_hz)}.",
            "Correct start and stop; negative ones count from the end.",
        )
    silent = int((entry.pre_silence_seconds or 0) * rate_hz)
    if audio[max(0, start - silent) : start].any():
        raise CaptureError(
            f"{entry.where}: {entry.x_path.name} is not silent in the {_length(silent, rate_hz)}"
            f" before the start at sample {start:,}, so what rings on from there is in the output.",
            'Start after a silence, or write "require_input_pre_silence": null to train anyway.',
        )
    return slice(start, stop)


def _place(given: int | float | None, otherwise: int, there: int, rate_hz: int) -> int:
    """A start or a stop as samples from the beginning."""
    if given is None:
        return otherwise
    samples = int(given * rate_hz) if isinstance(given, float) else given
    return samples + there if samples < 0 else samples


def _without_delay(audio: Samples, target: Samples, delay: int) -> tuple[Samples, Samples]:
    """Both so that they go together; ``target`` is ``delay`` samples late, or early if negative."""
    if delay > 0:
        return audio[:-delay], target[delay:]
    if delay < 0:
        return audio[-delay:], target[:delay]
    return audio, target


def _window_samples(train: Sequence[_Pair], passages: Sequence[Passage]) -> int:
    """How many targets an item of the training pairs has."""
    items = [
        pair.entry.ny or len(passage.target) for pair, passage in zip(train, passages, strict=True)
    ]
    for pair, samples in zip(train, items, strict=True):
        if samples != items[0]:
            raise CaptureError(
                f"{pair.entry.where} has items of {samples:,} samples, but {train[0].entry.where}"
                f" has items of {items[0]:,}; a batch mixes them, so they must be equally long.",
                "Give all of them the same ny.",
            )
    return items[0]


def _target_gain(train: Sequence[_Pair], level_rms_dbfs: float | None) -> float:
    """What brings all training targets together, context included, to this level."""
    power = sum(len(pair.target) * 10 ** (rms_dbfs(pair.target) / 10) for pair in train)
    if not power:
        names = ", ".join(dict.fromkeys(pair.entry.y_path.name for pair in train))
        raise CaptureError(
            f"train: what is used of {names} is silent: there is nothing to learn.",
            "Check that y_path names the recording of the amp, and start and stop.",
        )
    if level_rms_dbfs is None:
        return 1.0
    mean = power / sum(len(pair.target) for pair in train)
    return float(10 ** (level_rms_dbfs / 20) / np.sqrt(mean))


def _sounding(items: Sequence[Passage]) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    """The validation items but the silent ones, whose ESR is no number; and a sentence on those."""
    sounding = tuple(item for item in items if item.target.any())
    if not sounding:
        raise CaptureError(
            "validation: what is used of the outputs is silent: there is nothing to judge by.",
            "Check that y_path names the recording of the amp, and start and stop.",
        )
    silent = len(items) - len(sounding)
    if not silent:
        return sounding, ()
    return sounding, (
        f"validation: {silent:,} of {len(items):,} items are silent and left out:"
        " no error can be measured against silence.",
    )


def _digest(passages: Sequence[Passage]) -> str:
    return digest_of(*(samples for p in passages for samples in (p.input, p.target)))


def _limited(count: int, limit: int | float | None) -> int:
    if limit is None:
        return count
    return max(1, int(count * limit) if isinstance(limit, float) else limit)


def _length(samples: int, rate_hz: int) -> str:
    return f"{samples:,} samples ({samples / rate_hz:.2f} s)"
