"""Every finding, from a pair that has exactly that fault; and none from clean pairs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from rigs import Rig, delayed, hard, random_rig, with_noise
from support import RATE_HZ, recording

from nam_engine.audio import Recording, read_recording
from nam_engine.capture_signal import capture_signal
from nam_engine.demo import amplify, play
from nam_engine.errors import CaptureError
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.intake import CaptureReport, Choices, take_in
from nam_engine.json_text import to_json

Samples = NDArray[np.float32]
INFO, WARN, STOP = Severity.INFO, Severity.WARN, Severity.STOP
LATENCY = 730


@cache
def signal() -> Samples:
    return capture_signal(60.0)


@cache
def playing() -> Samples:
    """An input of the user's own."""
    return signal()[20 * RATE_HZ : 48 * RATE_HZ]


@cache
def amp(own: bool = False) -> Samples:
    """The demo rig's answer, without latency and noise."""
    return amplify(playing() if own else signal()).astype(np.float32)


def clean(own: bool = False, noise_dbfs: float = -85) -> Samples:
    return with_noise(delayed(amp(own), LATENCY), noise_dbfs)


def gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def spliced(y: Samples, seconds: float, samples: int) -> Samples:
    at = round(seconds * RATE_HZ)
    return np.concatenate([y[:at], y[at - samples :]])


def changed(y: Samples, seconds: list[float], change: Callable[[Samples], None]) -> Samples:
    y = y.copy()
    for second in seconds:
        change(y[round(second * RATE_HZ) :])
    return y


def add_click(y: Samples) -> None:
    y[0] += 0.4


def add_gap(y: Samples) -> None:
    y[: round(0.05 * RATE_HZ)] = 0


def move_response(y: Samples) -> None:
    y[: RATE_HZ // 2] = np.roll(y[: RATE_HZ // 2], 300)


def gated(x: Samples, y: Samples, threshold_dbfs: float = -45) -> Samples:
    """Shut where the last 60 ms of the input stayed below the threshold."""
    frame = RATE_HZ // 100
    peaks = np.abs(x[: len(x) // frame * frame]).reshape(-1, frame).max(axis=1)
    recent = np.lib.stride_tricks.sliding_window_view(np.pad(peaks, (5, 0)), 6).max(axis=1)
    gate = np.repeat(recent > gain(threshold_dbfs), frame).astype(np.float32)
    gate = np.convolve(gate, np.full(240, 1 / 240, np.float32))[: len(gate)]
    return y * np.pad(gate, (0, len(y) - len(gate)), mode="edge")


def reverberant(y: Samples) -> Samples:
    """With a reverb of one second, 12 dB down."""
    n = round(1.5 * RATE_HZ)
    tail = np.random.default_rng(3).standard_normal(n) * 10 ** (-3 * np.arange(n) / RATE_HZ)
    size = 1 << (len(y) + n).bit_length()
    wet = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(tail / np.linalg.norm(tail), size), size)
    return (0.7 * (y + gain(-12) * wet[: len(y)])).astype(np.float32)


def vibrato(y: Samples) -> Samples:
    t = np.arange(len(y))
    late = 24 * (1 + np.sin(2 * np.pi * 5 * t / RATE_HZ))
    return np.interp(t - late, t, y).astype(np.float32)


def other_amp_at_the_end() -> Samples:
    y, other = clean().copy(), Rig(drive_db=30, shape=hard).play(signal())
    other *= np.sqrt(np.mean(y**2) / np.mean(other**2))
    y[-10 * RATE_HZ :] = delayed(other, LATENCY)[-10 * RATE_HZ :]
    return y


def normalised_to_clip(y: Samples, share: float) -> Samples:
    return (y / np.quantile(np.abs(y), 1 - share)).clip(-1, 1)


@dataclass(frozen=True)
class Case:
    """A recording of the capture signal (or of ``own`` playing) with one fault."""

    kind: Kind
    severity: Severity
    output: Callable[[], Samples]
    words: str = "out.wav"
    number: tuple[str, float, float] | None = None  # name, value, tolerance
    own: bool = False
    source: Callable[[], Samples] | None = None
    choices: Choices | None = None
    rate_hz: int = RATE_HZ
    channel: int | None = None
    companions: tuple[Kind, ...] = ()

    def report(self) -> CaptureReport:
        source = self.source or (playing if self.own else signal)
        output = Recording(self.output(), self.rate_hz, Path("out.wav"), channel=self.channel)
        return take_in(recording(source(), "in.wav"), output, self.choices).report


CASES = (
    Case(Kind.KNOWN_INPUT, INFO, clean, "in.wav is our own capture signal"),
    Case(Kind.OWN_INPUT, INFO, lambda: clean(True), "does not compare", own=True),
    Case(Kind.CHANNEL, INFO, clean, "Channel 2 of out.wav", channel=2),
    Case(
        Kind.CONVERTED,
        INFO,
        lambda: soxr.resample(clean(), RATE_HZ, 44_100, quality="VHQ"),
        "from 44100 to 48000",
        rate_hz=44_100,
    ),
    Case(
        Kind.OUTPUT_LONGER,
        INFO,
        lambda: with_noise(np.pad(amp(), (LATENCY, 2 * RATE_HZ)), -85),
        "runs on for 2.00 s",
    ),
    Case(Kind.OUTPUT_SHORTER, INFO, lambda: clean()[: -3 * RATE_HZ], "ends 3.02 s early"),
    Case(Kind.OUTPUT_TOO_SHORT, STOP, lambda: clean()[: 30 * RATE_HZ], "only 50%"),
    Case(Kind.SILENT, STOP, lambda: 0 * clean(), "digital silence"),
    Case(Kind.SILENT, STOP, clean, "in.wav is silent", source=lambda: 0 * signal()),
    Case(Kind.QUIET, WARN, lambda: clean(noise_dbfs=-np.inf) * gain(-37), "peaks at only -40"),
    Case(Kind.CLIPPED, WARN, lambda: normalised_to_clip(clean(), 1e-4), "is clipped at"),
    Case(Kind.CLIPPED, STOP, lambda: normalised_to_clip(clean(), 0.01), "1% of the recording"),
    Case(Kind.DC_OFFSET, WARN, lambda: clean() + np.float32(0.02), "+2.0%", ("dc", 0.02, 1e-3)),
    Case(Kind.SAME_AS_INPUT, STOP, lambda: delayed(signal(), LATENCY) * gain(-6), "-6.0 dB"),
    Case(Kind.SAME_AS_INPUT, STOP, lambda: -delayed(signal(), LATENCY) * gain(-6), "turned over"),
    Case(Kind.UNRELATED, STOP, lambda: np.resize(clean(True)[::-1], len(signal()))),
    Case(Kind.UNRELATED, STOP, lambda: with_noise(0 * signal(), -30)),
    Case(
        Kind.WRONG_SPEED,
        STOP,
        lambda: soxr.resample(clean(), RATE_HZ, 44_100, quality="VHQ"),
        "as if 44100 samples per second had been taken for 48000",
    ),
    Case(Kind.WRONG_SPEED, STOP, clean, "48000 samples per second", rate_hz=44_100),
    Case(Kind.INVERTED, INFO, lambda: -clean(), "upside down"),
    Case(
        Kind.EARLY,
        WARN,
        lambda: with_noise(delayed(amp(), -150), -85),
        "150 samples early",
        ("latency_samples", -150, 1),
    ),
    Case(
        Kind.LATENCY_UNCERTAIN,
        WARN,
        lambda: changed(clean(), [10.25, 11.0], move_response),
        "The blips say 1030 samples, the playing says 730",
    ),
    Case(
        Kind.LATENCY_BY_HAND,
        WARN,
        clean,
        "set to 930 samples; 730 were measured",
        choices=Choices(latency_samples=930),
    ),
    Case(
        Kind.CLOCK_DRIFT,
        WARN,
        lambda: soxr.resample(clean(), RATE_HZ, RATE_HZ * (1 + 20e-6), quality="VHQ"),
        number=("ppm", 20, 1),
    ),
    Case(
        Kind.JUMP,
        STOP,
        lambda: spliced(clean(), 20, -480),
        "480 samples are missing",
        ("first_seconds", 20, 1),
    ),
    Case(
        Kind.JUMP,
        STOP,
        lambda: spliced(clean(True), 10, 256),
        "256 samples are too many",
        ("first_seconds", 10, 1),
        own=True,
    ),
    Case(
        Kind.GAP,
        WARN,
        lambda: changed(clean(), [25.0], add_gap),
        "silent for 50 ms",
        ("first_seconds", 25.0, 0.02),
    ),
    Case(
        Kind.CLICKS,
        WARN,
        lambda: changed(clean(), [25.3, 33.21, 41.7], add_click),
        "clicks at 3 places",
        ("first_seconds", 25.3, 0.02),
    ),
    Case(
        Kind.NOISE,
        INFO,
        lambda: clean(noise_dbfs=-80),
        number=("noise_dbfs", -80, 0.5),
    ),
    Case(
        Kind.NOISE,
        WARN,
        lambda: clean(noise_dbfs=-30),
        number=("noise_dbfs", -30, 0.5),
    ),
    Case(
        Kind.NOISE_GATE,
        WARN,
        lambda: with_noise(delayed(gated(signal(), amp()), LATENCY), -90),
        "falls by",
    ),
    Case(Kind.NOT_REPEATABLE, WARN, other_amp_at_the_end, "ESR", companions=(Kind.LEVEL_CHANGED,)),
    Case(
        Kind.LEVEL_CHANGED,
        WARN,
        lambda: np.concatenate([clean()[: 30 * RATE_HZ], clean()[30 * RATE_HZ :] * gain(1)]),
        "1.0 dB louder",
        ("change_db", 1.0, 0.05),
        companions=(Kind.NOT_REPEATABLE,),
    ),
    Case(
        Kind.LONG_RESPONSE,
        WARN,
        lambda: 0.7 * (clean() + gain(-10) * delayed(clean(), round(0.35 * RATE_HZ))),
        "repeats itself after 350 ms",
    ),
    Case(Kind.LONG_RESPONSE, WARN, lambda: reverberant(clean()), "still sounds"),
    Case(
        Kind.MODULATION,
        WARN,
        lambda: vibrato(clean(True)),
        "5.0 times a second",
        ("hz", 5.0, 0.1),
        own=True,
    ),
    Case(Kind.MODULATION, STOP, lambda: vibrato(clean()), "too far to measure the latency"),
)


def alarms(report: CaptureReport) -> set[Kind]:
    return {f.kind for f in report.findings if f.severity is not INFO}


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.kind.name.lower()}-{c.severity.value}")
def test_a_fault_is_found_and_nothing_else(case: Case) -> None:
    report = case.report()
    found: Finding = next(f for f in report.findings if f.kind is case.kind)
    assert found.severity is case.severity
    assert case.words in found.message
    assert found.message.endswith(".")
    if case.number is not None:
        name, value, tolerance = case.number
        assert found.numbers[name] == pytest.approx(value, abs=tolerance)
    assert alarms(report) - {case.kind} <= set(case.companions)
    json.loads(to_json(report.to_json()))


def test_every_kind_has_a_case() -> None:
    assert {case.kind for case in CASES} == {kind for kind in Kind if not kind.value.of_model}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("noise_dbfs", [-85, -np.inf])
def test_clean_pair_raises_no_alarm(own: bool, noise_dbfs: float) -> None:
    source = playing() if own else signal()
    report = take_in(recording(source), recording(clean(own, noise_dbfs))).report
    assert not alarms(report)
    assert report.latency_samples == pytest.approx(LATENCY, abs=2)


@cache
def demo_playing() -> Samples:
    return play(12.0, seed=4).astype(np.float32)


@pytest.mark.parametrize("seed", range(50))
def test_random_clean_rig_raises_no_alarm(seed: int) -> None:
    rig = random_rig(np.random.default_rng(seed))
    source = (signal, playing, demo_playing)[seed % 3]()
    report = take_in(recording(source), recording(rig.play(source, seed))).report
    assert not alarms(report), [f.message for f in report.findings]
    # A speaker of 6th order at 3.5 kHz takes four samples to be heard.
    tolerance = 5 if source is signal() else 6
    assert report.latency_samples == pytest.approx(rig.delay_samples, abs=tolerance)
    assert report.alignment.polarity == rig.polarity


CAPTURES = Path(os.environ.get("NAM_CAPTURES", Path(__file__).parents[3] / "shared" / "captures"))


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures to develop with are not there")
@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("obsidian_higain_input.wav", "obsidian_higain_output.wav"),
        ("ampeg_bass_clean_input.wav", "ampeg_bass_clean_output.wav"),
        ("long_di.flac", "long_jcm.flac"),
    ],
)
def test_real_captures_raise_no_alarm(source: str, output: str) -> None:
    report = take_in(read_recording(CAPTURES / source), read_recording(CAPTURES / output)).report
    assert not alarms(report), [f.message for f in report.findings]


def test_loud_moments_are_not_clipping() -> None:
    y = clean().copy()
    for second in (21, 25, 40):
        y[second * RATE_HZ : second * RATE_HZ + 2] = 1.0
    report = take_in(recording(signal()), recording(y)).report
    assert Kind.CLIPPED not in alarms(report)


def test_stop_keeps_from_training_until_the_user_insists() -> None:
    source, output = recording(signal()), recording(normalised_to_clip(clean(), 0.01), "out.wav")
    intake = take_in(source, output)
    assert intake.capture is None
    with pytest.raises(CaptureError, match=r"out\.wav is clipped") as caught:
        intake.require_capture()
    assert "Turn the interface's input gain down" in caught.value.remedy
    assert "ignore the checks" in caught.value.remedy
    assert take_in(source, output, Choices(ignore_checks=True)).capture is not None


def test_silence_cannot_be_insisted_on() -> None:
    silent = recording(0 * signal(), "out.wav")
    intake = take_in(recording(signal()), silent, Choices(ignore_checks=True))
    with pytest.raises(CaptureError, match=r"out\.wav is silent"):
        intake.require_capture()


def test_polarity_and_passage_are_the_users_choice() -> None:
    choices = Choices(flip_polarity=True, validation_seconds=(30.0, 35.0))
    intake = take_in(recording(signal()), recording(-clean()), choices)
    capture = intake.require_capture()
    assert capture.validation.start == 30 * RATE_HZ
    np.testing.assert_array_equal(capture.target[:RATE_HZ], clean()[LATENCY:][:RATE_HZ])


@pytest.mark.parametrize("delay", [0, 1000, -150])
def test_known_input_lies_where_it_should_at_any_delay(delay: int) -> None:
    y = np.pad(amp(), (delay, 0)) if delay >= 0 else amp()[-delay:]
    intake = take_in(recording(signal()), recording(y))
    capture, moved = intake.require_capture(), max(0, -delay)
    assert intake.report.replicate_esr == pytest.approx(0, abs=1e-8)
    for span, seconds in ((capture.train, (10.0, 50.5)), (capture.validation, (51.0, 60.0))):
        expected = [min(round(t * RATE_HZ) - moved, len(capture.input)) for t in seconds]
        assert [span.start, span.stop] == expected


def test_pair_can_be_trained_at_another_rate() -> None:
    report = take_in(recording(signal()), recording(clean()), Choices(sample_rate_hz=96_000)).report
    assert report.sample_rate_hz == 96_000
    assert report.latency_samples == pytest.approx(2 * LATENCY, abs=6)
    low = replace(recording(playing()), sample_rate_hz=22_050)
    with pytest.raises(CaptureError, match="not enough treble"):
        take_in(low, low)


@pytest.mark.parametrize("samples", [1, 100, 4_800, 24_000])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_next_to_nothing_is_refused_in_words(samples: int, level: float) -> None:
    source = recording(playing()[:samples])
    for y in (source.samples, np.full(samples, level, np.float32)):
        with pytest.raises(CaptureError):
            take_in(source, recording(y), Choices(ignore_checks=True)).require_capture()
