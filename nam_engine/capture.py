"""An aligned pair of recordings, split into what trains and what validates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Recording, Span, rms_dbfs
from nam_engine.errors import CaptureError
from nam_engine.levels import loudest_span

__all__ = [
    "MIN_SPAN_SECONDS",
    "Capture",
    "Split",
    "align",
    "chosen_split",
    "default_split",
    "make_capture",
]

Samples = NDArray[np.float32]

MIN_VALIDATION_SECONDS, MAX_VALIDATION_SECONDS = 1.0, 12.0
MIN_VALIDATION_FRACTION, MAX_VALIDATION_FRACTION = 0.05, 0.1
# Nothing that was trained on is within hearing of the validation: a receptive field and more.
SEPARATION_SECONDS = 0.15
QUIET_FRAME_SECONDS = 0.05
END_OF_PLAYING = 10 ** (-50 / 20)  # of the loudest sample
RINGING_SECONDS = 0.25
MIN_SPAN_SECONDS = 0.25
MIN_RMS_DBFS = -80.0


@dataclass(frozen=True)
class Split:
    """Which samples of an aligned pair train and which validate."""

    train: Span
    validation: Span


@dataclass(frozen=True)
class Capture:
    """An aligned pair: ``input`` and ``target`` are float32 of equal length.

    ``train`` and ``validation`` do not overlap. ``latency_samples`` is the delay
    of the recording that was taken out. Only :func:`make_capture` makes one.
    """

    name: str
    input: Samples
    target: Samples
    sample_rate_hz: int
    latency_samples: int
    train: Span
    validation: Span

    def seconds(self, span: Span) -> float:
        return len(span) / self.sample_rate_hz

    def loudest_validation(self, seconds: float) -> Span:
        """So much of the validation passage where the recording is loudest; all if shorter."""
        start = self.validation.start
        target = self.validation.of(self.target)
        loudest = loudest_span(target, round(seconds * self.sample_rate_hz))
        return Span(start + loudest.start, start + loudest.stop)


def align(source: Recording, output: Recording, latency_samples: int) -> tuple[Samples, Samples]:
    """Input and output of equal length, the output moved ``latency_samples`` earlier.

    The longer of the two is trimmed at its end. Raises CaptureError where the
    sample rates differ.
    """
    if output.sample_rate_hz != source.sample_rate_hz:
        raise CaptureError(
            f"{source.path.name} has {source.sample_rate_hz} samples per second but"
            f" {output.path.name} has {output.sample_rate_hz}.",
            "Record or export both at the same sample rate.",
        )
    x = source.samples[max(0, -latency_samples) :]
    y = output.samples[max(0, latency_samples) :]
    length = min(len(x), len(y))
    return x[:length], y[:length]


def default_split(x: Samples, sample_rate_hz: int) -> Split:
    """Validate on the end of the playing, from its quietest moment on.

    Between 5% and 10% of the input (time,), one second where that is enough, at most 12 s.
    """
    length = len(x)
    loudness = np.abs(x)
    loud = np.flatnonzero(loudness > END_OF_PLAYING * loudness.max(initial=0))
    end = int(loud[-1]) + 1 if len(loud) else length
    stop = min(length, end + round(RINGING_SECONDS * sample_rate_hz))
    most, least = MAX_VALIDATION_SECONDS * sample_rate_hz, MIN_VALIDATION_SECONDS * sample_rate_hz
    longest = int(min(most, MAX_VALIDATION_FRACTION * length))
    shortest = int(min(longest, max(least, MIN_VALIDATION_FRACTION * length)))
    frame = round(QUIET_FRAME_SECONDS * sample_rate_hz)
    first = max(0, stop - longest)
    frames = np.square(x[first : max(first, stop - shortest)])
    frames = frames[: len(frames) // frame * frame].reshape(-1, frame)
    start = first
    if len(frames):
        start = first + int(np.argmin(frames.sum(axis=1))) * frame + frame // 2
    return _split_around(Span(start, stop), length, sample_rate_hz)


def chosen_split(seconds: tuple[float, float], length: int, sample_rate_hz: int) -> Split:
    """Validate on a passage (start, stop) of an aligned pair of ``length`` samples.

    Raises CaptureError where it is not within the pair, too short, or leaves too little.
    """
    start, stop = (round(t * sample_rate_hz) for t in seconds)
    passage = f"The validation passage {seconds[0]:g} to {seconds[1]:g} s"
    shared = f"{length / sample_rate_hz:.2f} s that input and recording share"
    if not 0 <= start <= stop <= length:
        raise CaptureError(
            f"{passage} is not within the {shared}.", "Choose a passage inside the recording."
        )
    split = _split_around(Span(start, stop), length, sample_rate_hz)
    least = MIN_SPAN_SECONDS * sample_rate_hz
    if len(split.validation) < least:
        raise CaptureError(f"{passage} is too short to judge a model.", "Choose a longer one.")
    if len(split.train) < least:
        raise CaptureError(
            f"{passage} leaves too little to train on of the {shared}.", "Choose a shorter one."
        )
    return split


def _split_around(validation: Span, length: int, sample_rate_hz: int) -> Split:
    """The longer stretch before or after the validation trains."""
    gap = round(SEPARATION_SECONDS * sample_rate_hz)
    before = Span(0, max(0, validation.start - gap))
    after = Span(min(length, validation.stop + gap), length)
    return Split(before if len(before) >= len(after) else after, validation)


def make_capture(
    source: Recording,
    output: Recording,
    *,
    latency_samples: int = 0,
    split: Split | None = None,
    flip_polarity: bool = False,
) -> Capture:
    """Align an input with the recording of the amp's output and split the pair.

    ``latency_samples`` is how much later the output is; a negative one means that it is
    early. ``split`` is by default :func:`default_split`. ``flip_polarity`` turns the
    recording over. Raises CaptureError where too little or only silence is left.
    """
    x, y = align(source, output, latency_samples)
    rate, length = source.sample_rate_hz, len(x)
    split = split or default_split(x, rate)
    if min(len(split.train), len(split.validation)) < MIN_SPAN_SECONDS * rate:
        raise CaptureError(
            f"{source.path.name} and {output.path.name} share only {length / rate:.2f} s:"
            " too little to train and validate on.",
            "Record a few minutes of playing; 20 seconds are the least that is useful.",
        )
    for recording, audio in ((source, x), (output, y)):
        for passage, span in (("training", split.train), ("validation", split.validation)):
            if rms_dbfs(span.of(audio)) < MIN_RMS_DBFS:
                raise CaptureError(
                    f"{recording.path.name} is silent in its {passage} part"
                    f" ({span.start / rate:.1f} to {span.stop / rate:.1f} s).",
                    "Check the cables and levels and record again.",
                )
    return Capture(
        name=output.path.stem,
        input=x,
        target=-y if flip_polarity else y,
        sample_rate_hz=rate,
        latency_samples=latency_samples,
        train=split.train,
        validation=split.validation,
    )
