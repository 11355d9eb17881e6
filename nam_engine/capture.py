"""From two recordings to a capture: aligned, trimmed, split and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Recording
from nam_engine.errors import CaptureError

__all__ = ["Capture", "Span", "align", "make_capture"]

MAX_VALIDATION_SECONDS = 9.0
VALIDATION_FRACTION = 0.1
MIN_SPAN_SECONDS = 0.25
MIN_RMS_DBFS = -80.0


@dataclass(frozen=True)
class Span:
    """Samples ``start`` to ``stop`` (exclusive)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def of(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return samples[self.start : self.stop]


@dataclass(frozen=True)
class Capture:
    """An aligned pair: ``input`` and ``target`` are float32 of equal length.

    ``train`` and ``validation`` do not overlap. ``latency_samples`` is the delay
    of the recording that was taken out. Only :func:`make_capture` makes one.
    """

    name: str
    input: NDArray[np.float32]
    target: NDArray[np.float32]
    sample_rate_hz: int
    latency_samples: int
    train: Span
    validation: Span

    def seconds(self, span: Span) -> float:
        return len(span) / self.sample_rate_hz


def align(
    source: Recording, output: Recording, latency_samples: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
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


def make_capture(
    source: Recording,
    output: Recording,
    *,
    latency_samples: int = 0,
    validation_seconds: tuple[float, float] | None = None,
) -> Capture:
    """Align an input with the recording of the amp's output and split the pair.

    ``latency_samples`` is how much later the output is; a negative one means
    that it is early.
    ``validation_seconds`` is (start, stop) in the aligned pair; by default the
    last tenth, at most nine seconds, validates. The longer stretch before or
    after it trains. Raises CaptureError where that leaves too little.
    """
    x, y = align(source, output, latency_samples)
    rate, length = source.sample_rate_hz, len(x)
    if validation_seconds is None:
        validation_length = min(MAX_VALIDATION_SECONDS * rate, VALIDATION_FRACTION * length)
        validation = Span(length - int(validation_length), length)
    else:
        start, stop = (round(t * rate) for t in validation_seconds)
        if not 0 <= start < stop <= length:
            raise CaptureError(
                f"The validation passage {validation_seconds[0]:g} to {validation_seconds[1]:g} s"
                f" is not within the {length / rate:.2f} s that"
                f" {source.path.name} and {output.path.name} share.",
                "Choose a passage inside the recording.",
            )
        validation = Span(start, stop)
    before, after = Span(0, validation.start), Span(validation.stop, length)
    train = before if len(before) >= len(after) else after
    if min(len(train), len(validation)) < MIN_SPAN_SECONDS * rate:
        raise CaptureError(
            f"{source.path.name} and {output.path.name} share only {length / rate:.2f} s:"
            " too little to train and validate on.",
            "Record a few minutes of playing; 20 seconds are the least that is useful.",
        )
    capture = Capture(
        name=output.path.stem,
        input=x,
        target=y,
        sample_rate_hz=rate,
        latency_samples=latency_samples,
        train=train,
        validation=validation,
    )
    for recording, audio in ((source, capture.input), (output, capture.target)):
        for passage, span in (("training", train), ("validation", validation)):
            level_dbfs = rms_dbfs(span.of(audio))
            if level_dbfs < MIN_RMS_DBFS:
                raise CaptureError(
                    f"{recording.path.name} is silent in its {passage} part"
                    f" ({span.start / rate:.1f} to {span.stop / rate:.1f} s).",
                    "Check the cables and levels and record again.",
                )
    return capture


def rms_dbfs(samples: NDArray[np.float32]) -> float:
    """Level in dB relative to full scale; silence is -inf."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return 20 * float(np.log10(rms)) if rms > 0 else -np.inf
