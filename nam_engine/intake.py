"""From two recordings to a capture and a report: recognised, aligned, checked, split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nam_engine.alignment import Alignment, Confidence, align_recordings
from nam_engine.audio import MAX_RATE_HZ, Recording, Span, resampled, rms_dbfs
from nam_engine.capture import (
    MIN_SPAN_SECONDS,
    Capture,
    Split,
    align,
    chosen_split,
    default_split,
    make_capture,
)
from nam_engine.checks import check_pair
from nam_engine.errors import CaptureError
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.gain_staging import SILENT_DBFS, without_offset
from nam_engine.noise import noise_floor
from nam_engine.pair import Pair
from nam_engine.repeats import replicate_esr
from nam_engine.signals import Recognised, find_blips, recognise

__all__ = ["CaptureReport", "Choices", "Intake", "measured_latency", "take_in"]

Samples = NDArray[np.float32]

MIN_TRAINING_RATE_HZ = 44_100
MAX_PEAK = 1000.0  # of full scale; a floating-point file may well exceed it, but not so far
MIN_SHARE = 0.8
TRIMMED_SECONDS = 0.05
MAX_LATENCY_DIFFERENCE_SECONDS = 10 / 48_000
MIN_VALIDATION_SECONDS = 1.0
# Which sample rate is taken for which, as (taken for, true).
MISTAKEN_RATES_HZ = ((48_000, 44_100), (44_100, 48_000), (96_000, 48_000), (48_000, 96_000))
SPEED_SECONDS = 60


@dataclass(frozen=True)
class Choices:
    """What the user decides about a pair; None leaves it to us.

    ``latency_samples`` is how much later the recording is, at the rate of the training;
    ``validation_seconds`` the passage (start, stop) of the aligned pair to validate on;
    ``sample_rate_hz`` the rate to train at. ``flip_polarity`` turns the recording over;
    ``ignore_checks`` trains in spite of a stop, where that has any meaning.
    """

    latency_samples: int | None = None
    validation_seconds: tuple[float, float] | None = None
    sample_rate_hz: int | None = None
    flip_polarity: bool = False
    ignore_checks: bool = False


@dataclass(frozen=True)
class CaptureReport:
    """Everything that was found out about a pair.

    ``latency_samples`` is what was taken out; ``seconds`` is the length of the aligned
    pair, in which ``split`` lies. ``replicate_esr`` and ``noise_floor_dbfs`` with its
    ``esr_floor`` are None where they cannot be measured.
    """

    input_name: str
    output_name: str
    sample_rate_hz: int
    seconds: float
    recognised: Recognised | None
    alignment: Alignment
    latency_samples: int
    split: Split
    replicate_esr: float | None
    noise_floor_dbfs: float | None
    esr_floor: float | None
    findings: tuple[Finding, ...]

    @property
    def stops(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity is Severity.STOP)

    def to_json(self) -> dict[str, Any]:
        """The report without its pictures; times in seconds of the aligned pair."""
        alignment, rate = self.alignment, self.sample_rate_hz

        def seconds(span: Span) -> list[float]:
            return [span.start / rate, span.stop / rate]

        known = self.recognised
        return {
            "input": self.input_name,
            "output": self.output_name,
            "verdict": "stop" if self.stops else "good",
            "sample_rate_hz": rate,
            "seconds": self.seconds,
            "recognised": None if known is None else known.known.name,
            "recognised_by": None if known is None else known.match.name.lower(),
            "latency_samples": self.latency_samples,
            "alignment": {
                "delay_samples": alignment.delay_samples,
                "polarity": alignment.polarity,
                "confidence": alignment.confidence.value,
                "explanation": alignment.explanation,
                "agreement": alignment.agreement,
                "drift_ppm": alignment.drift_ppm,
                "jumps": [[jump.seconds, jump.samples] for jump in alignment.jumps],
            },
            "train_seconds": seconds(self.split.train),
            "validation_seconds": seconds(self.split.validation),
            "replicate_esr": self.replicate_esr,
            "noise_floor_dbfs": self.noise_floor_dbfs,
            "esr_floor": self.esr_floor,
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True)
class Intake:
    """A report and, unless something keeps it from training, the capture."""

    report: CaptureReport
    capture: Capture | None

    def require_capture(self) -> Capture:
        """The capture; raises CaptureError with the first stop where there is none."""
        if self.capture is not None:
            return self.capture
        stop = self.report.stops[0]
        insist = " To train anyway, ignore the checks." if stop.overridable else ""
        raise CaptureError(stop.message, stop.remedy + insist)


def take_in(source: Recording, output: Recording, choices: Choices | None = None) -> Intake:
    """Recognise, align, check and split an input and the recording of the amp's output.

    What is wrong with the recordings is in the report. Raises CaptureError where they
    share too little to say anything, and for choices that make no sense.
    """
    choices = choices or Choices()
    rate = choices.sample_rate_hz or source.sample_rate_hz
    if rate < MIN_TRAINING_RATE_HZ:
        raise CaptureError(
            f"{source.path.name} has {rate} samples per second: not enough treble to train on.",
            "Record at 48000, or choose to train at 48000.",
        )
    if rate > MAX_RATE_HZ:
        raise CaptureError(
            f"Training at {rate} samples per second is not possible.",
            f"Choose {MIN_TRAINING_RATE_HZ} to {MAX_RATE_HZ}; 48000 is usual.",
        )
    findings = _about_files(source, output, rate)
    recorded = output
    source, output = resampled(source, rate), resampled(output, rate)
    _refuse_what_is_no_audio(source, output)
    recognised = recognise(source)
    measured = _measured(source, output, recognised)
    latency = choices.latency_samples
    if latency is None:
        latency = _latency_samples(measured)
    x, y = align(source, output, latency)
    split = _split(recognised, x, rate, choices, moved=max(0, -latency))
    pair = Pair(
        x=x,
        y=-y if choices.flip_polarity else y,
        sample_rate_hz=rate,
        alignment=measured,
        validation=split.validation,
        replicates=_replicates(recognised, len(x), moved=max(0, -latency)),
        input_name=source.path.name,
        recorded=recorded,
        latency_samples=latency,
    )
    # Of less, nothing that is said of its sound would be true of the whole.
    can_be_judged = len(x) >= MIN_SPAN_SECONDS * rate
    findings += [
        *_about_input(source, recognised),
        *_about_length(source, output, latency),
        *_about_latency(output, measured, choices, latency, rate),
        *_about_polarity(output, measured, choices),
        *_with_speed(check_pair(pair) if can_be_judged else [], source, output),
    ]
    findings.sort(key=lambda finding: list(Severity).index(finding.severity), reverse=True)
    noise = noise_floor(pair) if can_be_judged else None
    report = CaptureReport(
        input_name=source.path.name,
        output_name=output.path.name,
        sample_rate_hz=rate,
        seconds=len(x) / rate,
        recognised=recognised,
        alignment=measured,
        latency_samples=latency,
        split=split,
        replicate_esr=replicate_esr(pair),
        noise_floor_dbfs=noise.level_dbfs if noise else None,
        esr_floor=noise.esr if noise else None,
        findings=tuple(findings),
    )
    if report.stops and not (choices.ignore_checks and all(s.overridable for s in report.stops)):
        return Intake(report, None)
    capture = make_capture(
        source,
        output,
        latency_samples=latency,
        split=split,
        flip_polarity=choices.flip_polarity,
    )
    return Intake(report, capture)


def measured_latency(source: Recording, output: Recording) -> int:
    """How many samples later the output is; 0 where nothing tells. Both have the same rate.

    Raises CaptureError where a recording is no audio.
    """
    _refuse_what_is_no_audio(source, output)
    return _latency_samples(_measured(source, output, recognise(source)))


def _latency_samples(measured: Alignment) -> int:
    return 0 if measured.confidence is Confidence.NONE else measured.delay_samples


def _refuse_what_is_no_audio(*recordings: Recording) -> None:
    for recording in recordings:
        peak = float(np.abs(recording.samples).max(initial=0))
        if not len(recording.samples) or peak > MAX_PEAK:
            what = f"goes up to {peak:.2g} times full scale" if peak else "contains no audio"
            raise CaptureError(f"{recording.path.name} {what}.", "Export the recording again.")


def _measured(source: Recording, output: Recording, recognised: Recognised | None) -> Alignment:
    """Without offsets: two constants are alike at any latency."""
    rate = source.sample_rate_hz
    x, y = without_offset(source.samples), without_offset(output.samples)
    if min(rms_dbfs(x), rms_dbfs(y)) < SILENT_DBFS:
        return align_recordings(x[:0], y[:0], rate)
    if recognised is None:
        return align_recordings(x, y, rate, find_blips(source))
    return align_recordings(x, y, rate, recognised.blips, recognised.end_blips)


def _split(
    recognised: Recognised | None, x: Samples, rate: int, choices: Choices, *, moved: int
) -> Split:
    """The user's, else the known input's, else one near the end."""
    if choices.validation_seconds is not None:
        return chosen_split(choices.validation_seconds, len(x), rate)
    if recognised is not None:
        train, validation = (
            _moved(recognised.span(seconds), moved, len(x))
            for seconds in (recognised.known.train, recognised.known.validation)
        )
        if min(len(train), len(validation)) >= MIN_VALIDATION_SECONDS * rate:
            return Split(train, validation)
    return default_split(x, rate)


def _moved(span: Span, moved: int, length: int) -> Span:
    """A span of the input as it lies in the aligned pair, which lacks ``moved`` samples."""
    start, stop = (min(max(place - moved, 0), length) for place in (span.start, span.stop))
    return Span(start, stop)


def _replicates(
    recognised: Recognised | None, length: int, *, moved: int
) -> tuple[Span, Span] | None:
    if recognised is None or recognised.replicates is None:
        return None
    first, second = recognised.replicates
    cut = max(0, moved - first.start)
    shared = min(len(first), length + moved - second.start) - cut
    if shared < MIN_VALIDATION_SECONDS * recognised.rate_hz:
        return None
    starts = first.start + cut - moved, second.start + cut - moved
    return Span(starts[0], starts[0] + shared), Span(starts[1], starts[1] + shared)


def _about_files(source: Recording, output: Recording, rate: int) -> list[Finding]:
    findings = []
    for recording in (source, output):
        name = recording.path.name
        if recording.channel is not None:
            message = f"Channel {recording.channel} of {name} is used."
            findings.append(Finding(Kind.CHANNEL, Severity.INFO, message))
        if recording.sample_rate_hz != rate:
            message = (
                f"{name} was converted from {recording.sample_rate_hz}"
                f" to {rate} samples per second."
            )
            numbers = {"from_hz": recording.sample_rate_hz, "to_hz": rate}
            findings.append(Finding(Kind.CONVERTED, Severity.INFO, message, numbers))
    return findings


def _about_input(source: Recording, recognised: Recognised | None) -> list[Finding]:
    if recognised is None:
        message = (
            f"{source.path.name} is an input of your own; its ESR does not compare with that of"
            " captures made with another."
        )
        return [Finding(Kind.OWN_INPUT, Severity.INFO, message)]
    message = f"{source.path.name} is {recognised.known.name}: {recognised.match.value}."
    return [Finding(Kind.KNOWN_INPUT, Severity.INFO, message)]


def _about_length(source: Recording, output: Recording, latency: int) -> list[Finding]:
    rate = source.sample_rate_hz
    missing = (len(source.samples) + latency - len(output.samples)) / rate
    share = 1 - missing / source.seconds
    numbers = {"missing_seconds": missing}
    if missing < -TRIMMED_SECONDS:
        message = f"{output.path.name} runs on for {-missing:.2f} s, which are left out."
        return [Finding(Kind.OUTPUT_LONGER, Severity.INFO, message, numbers)]
    if missing < TRIMMED_SECONDS:
        return []
    if share >= MIN_SHARE:
        message = (
            f"{output.path.name} ends {missing:.2f} s early; so much of the input is left out."
        )
        return [Finding(Kind.OUTPUT_SHORTER, Severity.INFO, message, numbers)]
    message = (
        f"{output.path.name} ends {missing:.2f} s early: only {100 * max(share, 0):.0f}%"
        f" of {source.path.name} is there."
    )
    return [Finding(Kind.OUTPUT_TOO_SHORT, Severity.STOP, message, numbers)]


def _about_latency(
    output: Recording, measured: Alignment, choices: Choices, latency: int, rate: int
) -> list[Finding]:
    name, known = output.path.name, measured.confidence is not Confidence.NONE
    numbers = {"latency_samples": latency, "measured_samples": measured.delay_samples}
    findings = []
    if choices.latency_samples is not None:
        if known and abs(latency - measured.delay_samples) > MAX_LATENCY_DIFFERENCE_SECONDS * rate:
            message = (
                f"The latency of {name} is set to {latency} samples;"
                f" {measured.delay_samples} were measured ({measured.confidence.value} confidence)."
            )
            findings.append(Finding(Kind.LATENCY_BY_HAND, Severity.WARN, message, numbers))
    elif measured.confidence is Confidence.LOW:
        message = f"The latency of {name} may be {latency} samples. {measured.explanation}"
        findings.append(Finding(Kind.LATENCY_UNCERTAIN, Severity.WARN, message, numbers))
    if latency < 0:
        message = f"{name} is {-latency} samples early; the input is moved."
        findings.append(Finding(Kind.EARLY, Severity.WARN, message, numbers))
    return findings


def _about_polarity(output: Recording, measured: Alignment, choices: Choices) -> list[Finding]:
    known = measured.confidence is not Confidence.NONE
    if not known or measured.polarity > 0 or choices.flip_polarity:
        return []
    return [Finding(Kind.INVERTED, Severity.INFO, f"{output.path.name} is upside down.")]


def _with_speed(findings: list[Finding], source: Recording, output: Recording) -> list[Finding]:
    """Where nothing follows the input: does it at another speed?"""
    if not any(finding.kind is Kind.UNRELATED for finding in findings):
        return findings
    rate = source.sample_rate_hz
    for taken_hz, true_hz in MISTAKEN_RATES_HZ:
        part = replace(
            output, samples=output.samples[: SPEED_SECONDS * rate], sample_rate_hz=true_hz
        )
        played = resampled(part, taken_hz)
        found = align_recordings(source.samples, played.samples, rate)
        if found.confidence is not Confidence.NONE:
            speed = taken_hz / true_hz
            message = (
                f"{output.path.name} plays {source.path.name} at {speed:.4f} times its speed,"
                f" as if {true_hz} samples per second had been taken for {taken_hz}."
            )
            finding = Finding(Kind.WRONG_SPEED, Severity.STOP, message, {"speed": speed})
            return [finding, *(f for f in findings if f.kind is not Kind.UNRELATED)]
    return findings
