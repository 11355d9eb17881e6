"""Every finding, from a pair that has exactly that fault; and none from clean pairs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from known_inputs import built
from numpy.typing import NDArray
from rigs import Rig, delayed, random_rig, rise_samples, with_noise, worn
from support import RATE_HZ, recording

from nam_engine.audio import Recording, Span, read_recording
from nam_engine.capture_signal import capture_signal
from nam_engine.demo import amplify, play
from nam_engine.errors import CaptureError
from nam_engine.findings import Kind, Severity
from nam_engine.intake import CaptureReport, Choices, Intake, take_in
from nam_engine.json_text import to_json
from nam_engine.signals import OWN, PROTEUS, V1_1, V2, KnownInput

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


def bright() -> Samples:
    """Distorted and without a speaker: its edges are so steep that conversion overshoots."""
    return delayed(Rig(drive_db=40, speaker=None).play(signal()), LATENCY)


def gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def resampled(y: Samples, rate_hz: float) -> Samples:
    return soxr.resample(y, RATE_HZ, rate_hz, quality="VHQ")


def spliced(y: Samples, seconds: float, samples: int) -> Samples:
    """With samples that are played twice, or are missing where there are less than none."""
    at = round(seconds * RATE_HZ)
    return np.concatenate([y[:at], y[at - samples :]])


def changed(y: Samples, change: Callable[[Samples], None], *seconds: float) -> Samples:
    y = y.copy()
    for second in seconds:
        change(y[round(second * RATE_HZ) :])
    return y


def click(y: Samples) -> None:
    y[0] += 0.4


def gap(y: Samples) -> None:
    y[: round(0.05 * RATE_HZ)] = 0


def loose_contact(y: Samples) -> None:
    """No sound for 0.4 s; it is switched off and on within a millisecond."""
    y[: round(0.4 * RATE_HZ)] *= 1 - np.minimum(1, 10 * np.hanning(round(0.4 * RATE_HZ)))


def move_response(y: Samples) -> None:
    y[: RATE_HZ // 2] = np.roll(y[: RATE_HZ // 2], 300)


def overloaded(y: Samples, seconds: float) -> Samples:
    """Clipped for a moment, by a swell of a tenth of a second."""
    swell = np.zeros_like(y)
    swell[round(seconds * RATE_HZ) :][: RATE_HZ // 10] = np.hanning(RATE_HZ // 10)
    return (y * (1 + 9 * swell)).clip(-1, 1)


def normalised_to_clip(y: Samples, share: float) -> Samples:
    return (y / np.quantile(np.abs(y), 1 - share)).clip(-1, 1)


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


def echoing(y: Samples, seconds: float, level_db: float) -> Samples:
    return y + gain(level_db) * delayed(y, round(seconds * RATE_HZ))


def swinging(y: Samples, seconds: float, hz: float) -> Samples:
    """Vibrato, by so many seconds to either side."""
    t = np.arange(len(y)) / RATE_HZ
    late = seconds * (1 + np.sin(2 * np.pi * hz * t))
    return np.interp(t - late, t, y).astype(np.float32)


def at_its_end(y: Samples, changed: Samples) -> Samples:
    """As if something had been changed ten seconds before the end."""
    return np.concatenate([y[: -10 * RATE_HZ], changed[-10 * RATE_HZ :]])


@dataclass(frozen=True)
class Case:
    """A recording of the capture signal (or of ``own`` playing) with one fault.

    The message has ``words`` in it; the numbers are approximate ones.
    """

    kind: Kind
    severity: Severity
    output: Callable[[], Samples]
    words: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    source: Callable[[], Samples] | None = None
    choices: Choices | None = None
    rate_hz: int = RATE_HZ
    channel: int | None = None

    def report(self) -> CaptureReport:
        source = self.source or (playing if self.own else signal)
        output = Recording(self.output(), self.rate_hz, Path("out.wav"), channel=self.channel)
        return take_in(recording(source(), "in.wav"), output, self.choices).report


CASES = (
    Case(Kind.KNOWN_INPUT, INFO, clean, "in.wav is our own capture signal"),
    Case(Kind.OWN_INPUT, INFO, lambda: clean(True), "in.wav is an input of your own", own=True),
    Case(Kind.CHANNEL, INFO, clean, "Channel 2 of out.wav", channel=2),
    Case(
        Kind.CONVERTED,
        INFO,
        lambda: resampled(clean(), 44_100),
        "out.wav was converted from 44100 to 48000",
        {"from_hz": 44_100, "to_hz": 48_000},
        rate_hz=44_100,
    ),
    Case(
        Kind.OUTPUT_LONGER,
        INFO,
        lambda: with_noise(np.pad(amp(), (LATENCY, 2 * RATE_HZ)), -85),
        "out.wav runs on for 2.00 s",
        {"missing_seconds": pytest.approx(-2, abs=1e-3)},
    ),
    Case(
        Kind.OUTPUT_SHORTER,
        INFO,
        lambda: clean()[: -3 * RATE_HZ],
        "out.wav ends 3.02 s early",
        {"missing_seconds": pytest.approx(3.015, abs=1e-3)},
    ),
    Case(
        Kind.OUTPUT_TOO_SHORT,
        STOP,
        lambda: clean()[: 30 * RATE_HZ],
        "only 50% of in.wav",
        {"missing_seconds": pytest.approx(30.015, abs=1e-3)},
    ),
    Case(Kind.SILENT, STOP, lambda: 0 * clean(), "out.wav is silent (digital silence)"),
    Case(Kind.SILENT, STOP, lambda: with_noise(0 * clean(), -90), "out.wav is silent (-90 dBFS)"),
    Case(Kind.SILENT, STOP, clean, "in.wav is silent", source=lambda: 0 * signal()),
    Case(
        Kind.QUIET,
        WARN,
        lambda: clean(noise_dbfs=-np.inf) * gain(-37),
        "out.wav peaks at only -40 dBFS",
        {"peak_dbfs": pytest.approx(-40, abs=0.1)},
    ),
    Case(
        Kind.CLIPPED,
        WARN,
        lambda: overloaded(clean(), 33.0),
        "out.wav is clipped at",
        {"first_seconds": pytest.approx(33.05, abs=0.05)},
    ),
    Case(
        Kind.CLIPPED,
        STOP,
        lambda: normalised_to_clip(clean(), 0.01),
        "(1% of the recording)",
        {"share": pytest.approx(0.01, rel=0.1)},
    ),
    Case(
        Kind.CLIPPED,
        WARN,
        lambda: normalised_to_clip(resampled(bright(), 44_100), 0.05),
        "out.wav is clipped at",
        {"share": pytest.approx(3.3e-4, rel=0.1)},
        rate_hz=44_100,  # converted, not one of its tops is flat
    ),
    Case(
        Kind.DC_OFFSET,
        WARN,
        lambda: clean() + np.float32(0.02),
        "out.wav is off centre by +2.0%",
        {"dc": pytest.approx(0.02, abs=1e-3)},
    ),
    Case(
        Kind.DC_OFFSET,
        WARN,
        lambda: clean(True) - np.float32(0.01),
        "-1.0%",
        {"dc": pytest.approx(-0.01, abs=1e-3)},
        own=True,
    ),
    Case(
        Kind.SAME_AS_INPUT,
        STOP,
        lambda: delayed(signal(), LATENCY) * gain(-6),
        "out.wav is in.wav itself (-6.0 dB)",
        {"gain": pytest.approx(0.501, abs=1e-3)},
    ),
    Case(
        Kind.SAME_AS_INPUT,
        STOP,
        lambda: -delayed(signal(), LATENCY) * gain(-6),
        "out.wav is in.wav itself (-6.0 dB and turned over)",
        {"gain": pytest.approx(-0.501, abs=1e-3)},
    ),
    Case(
        Kind.UNRELATED,
        STOP,
        lambda: clean()[10 * RATE_HZ :],
        "Nothing in out.wav follows in.wav",
        own=True,
        source=lambda: playing()[::-1].copy(),
    ),
    Case(
        Kind.UNRELATED,
        STOP,
        lambda: with_noise(0 * playing(), -30),
        "Nothing in out.wav follows in.wav",
        own=True,
    ),
    Case(  # and digital silence, which fits at any delay and any speed
        Kind.UNRELATED,
        STOP,
        lambda: changed(0 * playing(), click, 3, 8, 20),
        "Nothing in out.wav follows in.wav",
        own=True,
    ),
    Case(
        Kind.WRONG_SPEED,
        STOP,
        lambda: resampled(clean(), 44_100),
        "1.0884 times its speed, as if 44100 samples per second had been taken for 48000",
        {"speed": pytest.approx(1.0884, abs=1e-4)},
    ),
    Case(
        Kind.WRONG_SPEED,
        STOP,
        lambda: clean(True),
        "0.9187 times its speed, as if 48000 samples per second had been taken for 44100",
        {"speed": pytest.approx(0.9187, abs=1e-4)},
        own=True,
        rate_hz=44_100,
    ),
    Case(Kind.INVERTED, INFO, lambda: -clean(), "out.wav is upside down"),
    Case(
        Kind.EARLY,
        WARN,
        lambda: with_noise(delayed(amp(), -150), -85),
        "out.wav is 150 samples early",
        {"latency_samples": pytest.approx(-150, abs=1)},
    ),
    Case(
        Kind.LATENCY_UNCERTAIN,
        WARN,
        lambda: changed(clean(), move_response, 10.25, 11.0, 49.0, 49.75),
        "The blips say 1030 samples, the playing says 730",
        {"latency_samples": pytest.approx(LATENCY, abs=2)},
    ),
    Case(
        Kind.LATENCY_BY_HAND,
        WARN,
        clean,
        "The latency of out.wav is set to 930 samples; 730 were measured",
        {"latency_samples": LATENCY + 200, "measured_samples": pytest.approx(LATENCY, abs=2)},
        choices=Choices(latency_samples=LATENCY + 200),
    ),
    Case(
        Kind.CLOCK_DRIFT,
        WARN,
        lambda: resampled(clean(), RATE_HZ * (1 + 20e-6)),
        "out.wav drifts by +",
        {"ppm": pytest.approx(20, abs=1), "samples": pytest.approx(58, abs=3)},
    ),
    Case(
        Kind.CLOCK_DRIFT,
        WARN,
        lambda: resampled(clean(True), RATE_HZ * (1 - 20e-6)),
        "out.wav drifts by",
        {"ppm": pytest.approx(-20, abs=1)},
        own=True,
    ),
    Case(
        Kind.JUMP,
        STOP,
        lambda: spliced(clean(), 20, -480),
        "480 samples are missing in out.wav at about 20",
        {"samples": -480, "first_seconds": pytest.approx(20, abs=1)},
    ),
    Case(
        Kind.JUMP,
        STOP,
        lambda: spliced(clean(True), 10, 256),
        "256 samples are too many in out.wav at about 10",
        {"samples": 256, "first_seconds": pytest.approx(10, abs=1)},
        own=True,
    ),
    Case(
        Kind.GAP,
        WARN,
        lambda: changed(clean(), gap, 25.0),
        "out.wav falls silent for 50 ms at 25.0",
        {"places": 1, "first_seconds": pytest.approx(25, abs=0.01)},
    ),
    Case(
        Kind.GAP,
        WARN,
        lambda: with_noise(changed(clean(True), loose_contact, 6.0), -85),
        "out.wav falls silent for",
        {
            "places": 1,
            "first_seconds": pytest.approx(6, abs=0.05),
            "first_length_seconds": pytest.approx(0.4, abs=0.1),
        },
        own=True,
    ),
    Case(
        Kind.CLICKS,
        WARN,
        lambda: changed(clean(), click, 25.3, 33.21, 41.7),
        "out.wav clicks at 3 places, first at 25.",
        {"places": 3, "first_seconds": pytest.approx(25.3, abs=0.01)},
    ),
    Case(
        Kind.NOISE,
        INFO,
        lambda: clean(noise_dbfs=-80),
        "The noise of out.wav is -80 dBFS",
        {"noise_dbfs": pytest.approx(-80, abs=0.5)},
    ),
    Case(
        Kind.NOISE,
        WARN,
        lambda: clean(noise_dbfs=-30),
        "The noise of out.wav is -30 dBFS",
        {"noise_dbfs": pytest.approx(-30, abs=0.5), "esr_floor": pytest.approx(0.073, rel=0.1)},
    ),
    Case(
        Kind.NOISE_GATE,
        WARN,
        lambda: with_noise(delayed(gated(signal(), amp(), -45), LATENCY), -90),
        "dBFS of in.wav the sound of out.wav falls by",
        {"threshold_dbfs": pytest.approx(-53, abs=6)},
    ),
    Case(
        Kind.NOISE_GATE,
        WARN,
        lambda: with_noise(delayed(gated(playing(), amp(True), -35), LATENCY), -90),
        "dBFS of in.wav the sound of out.wav falls by",
        {"threshold_dbfs": pytest.approx(-43, abs=6)},
        own=True,
    ),
    Case(
        Kind.NOT_REPEATABLE,
        WARN,
        lambda: at_its_end(clean(), echoing(clean(), 0.037, -13)),
        "The passage that is played twice differs in out.wav (ESR",
        {"esr": pytest.approx(0.05, rel=0.2)},
    ),
    Case(
        Kind.LEVEL_CHANGED,
        WARN,
        lambda: at_its_end(clean(), clean() * gain(1)),
        "out.wav is 1.0 dB louder at its end",
        {"change_db": pytest.approx(1, abs=0.05)},
    ),
    Case(
        Kind.LEVEL_CHANGED,
        WARN,
        lambda: at_its_end(clean(), clean() * gain(-2)),
        "out.wav is 2.0 dB softer at its end",
        {"change_db": pytest.approx(-2, abs=0.05)},
    ),
    Case(
        Kind.LONG_RESPONSE,
        WARN,
        lambda: 0.7 * echoing(clean(), 0.35, -10),
        "out.wav repeats itself after 350 ms, 1",
        {
            "echo_seconds": pytest.approx(0.35, abs=0.005),
            "echo_share": pytest.approx(0.316, rel=0.2),
        },
    ),
    Case(
        Kind.LONG_RESPONSE,
        WARN,
        lambda: 0.7 * echoing(clean(True), 0.35, -10),
        "out.wav repeats itself after 350 ms",
        {"echo_seconds": pytest.approx(0.35, abs=0.005)},
        own=True,
    ),
    Case(
        Kind.LONG_RESPONSE,
        WARN,
        lambda: reverberant(clean()),
        "out.wav still sounds at",
        {"rest_dbfs": pytest.approx(-88, abs=2)},
    ),
    Case(
        Kind.MODULATION,
        WARN,
        lambda: swinging(clean(True), 5e-4, 5),
        "The delay of out.wav swings 5.0 times a second",
        {"hz": pytest.approx(5, abs=0.05), "swing_seconds": pytest.approx(5e-4, rel=0.15)},
        own=True,
    ),
    Case(
        Kind.MODULATION,
        STOP,
        lambda: swinging(clean(), 1e-3, 6),
        "too far to measure the latency",
        {"hz": pytest.approx(6, abs=0.05)},
    ),
)


def alarms(report: CaptureReport) -> set[Kind]:
    return {f.kind for f in report.findings if f.severity is not INFO}


def messages(report: CaptureReport) -> list[str]:
    return [f.message for f in report.findings if f.severity is not INFO]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.kind.name.lower()}-{c.severity.value}")
def test_a_fault_is_found_and_nothing_else(case: Case) -> None:
    report = case.report()
    (found,) = (f for f in report.findings if f.kind is case.kind)
    assert found.severity is case.severity
    assert case.words in found.message
    assert found.message.endswith(".")
    assert "out.wav" in found.message or "in.wav" in found.message
    assert found.cause
    assert found.remedy
    assert {name: found.numbers[name] for name in case.numbers} == case.numbers
    assert alarms(report) == (set() if case.severity is INFO else {case.kind})
    written = json.loads(to_json(report.to_json()))
    assert [f["message"] for f in written["findings"]] == [f.message for f in report.findings]
    assert written["verdict"] == ("stop" if case.severity is STOP else "good")


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
    return np.tile(play(10.0, seed=4).astype(np.float32), 2)


@pytest.mark.parametrize("seed", range(50))
def test_random_clean_rig_raises_no_alarm(seed: int) -> None:
    rig, known = random_rig(np.random.default_rng(seed)), seed % 4 == 0
    source = (signal, playing, demo_playing, playing)[seed % 4]()
    if seed % 3 == 0 and not known:
        source = worn(source, np.random.default_rng(1000 + seed))
    report = take_in(recording(source), recording(rig.play(source, seed))).report
    assert not alarms(report), messages(report)
    assert (report.recognised is not None) == known
    # A speaker is heard from where its response rises on.
    late, tolerance = report.latency_samples - rig.delay_samples, 3 if known else 6
    assert -tolerance <= late <= (rise_samples(rig) if known else 0) + tolerance
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


@pytest.mark.parametrize("samples", [1, 2])
def test_loud_moments_are_not_clipping(samples: int) -> None:
    y = clean().copy()
    loud = np.argsort(np.abs(y))[-20:]
    for start in loud[:: 20 // samples]:
        y[start : start + samples] = 1.0
    report = take_in(recording(signal()), recording(y)).report
    assert Kind.CLIPPED not in alarms(report)


def test_floating_point_beyond_full_scale_is_not_clipping() -> None:
    report = take_in(recording(signal()), recording(3 * clean())).report
    assert not alarms(report), messages(report)


def test_silent_channel_of_a_stereo_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    soundfile.write(path, np.stack([0 * clean(), clean()], axis=1), RATE_HZ, subtype="FLOAT")
    report = take_in(recording(signal()), read_recording(path)).report
    assert "Channel 2 of out.wav is used." in [f.message for f in report.findings]
    assert not alarms(report), messages(report)


def test_places_are_those_of_the_recording() -> None:
    """As the user finds them in it, with all that comes before the sound."""
    clicking = changed(clean(True), click, 6.0, 12.5)
    report = take_in(recording(playing()), recording(np.pad(clicking, (RATE_HZ, 0)))).report
    (found,) = (f for f in report.findings if f.kind is Kind.CLICKS)
    np.testing.assert_allclose(found.picture["seconds"], [7.0, 13.5], rtol=0, atol=0.01)


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


def test_passage_is_the_users_choice() -> None:
    choices = Choices(validation_seconds=(30.0, 35.0))
    capture = take_in(recording(signal()), recording(clean()), choices).require_capture()
    assert capture.validation == Span(30 * RATE_HZ, 35 * RATE_HZ)


def test_recording_can_be_turned_over() -> None:
    choices = Choices(flip_polarity=True)
    intake = take_in(recording(signal()), recording(-clean()), choices)
    assert Kind.INVERTED not in {f.kind for f in intake.report.findings}
    target = intake.require_capture().target
    np.testing.assert_array_equal(target, clean()[LATENCY : LATENCY + len(target)])


def through_tanh(x: Samples, delay: int) -> Samples:
    y = 0.5 * np.tanh(3 * x)
    return np.pad(y, (delay, 0)) if delay >= 0 else y[-delay:]


def known_pair(known: KnownInput, delay: int) -> tuple[Intake, int]:
    """And how many samples of the input are lost at its start."""
    x = signal() if known is OWN else built(known)
    source, output = (
        Recording(samples, known.rate_hz, Path("take.wav"))
        for samples in (x, through_tanh(x, delay))
    )
    return take_in(source, output), max(0, -delay)


@pytest.mark.parametrize(
    ("known", "delay", "train", "validation"),
    [
        (OWN, 0, (10.0, 50.5), (51.0, 60.0)),
        (OWN, 1000, (10.0, 50.5), (51.0, 60.0)),
        (OWN, -150, (10.0, 50.5), (51.0, 60.0)),
        (V2, -150, (0.0, 171.0), (171.0, 180.0)),
        (V1_1, 1000, (0.0, 21.0), (21.0, 30.0)),
        (PROTEUS, 0, (1.0, 35.0), (35.0, 45.0)),
    ],
    ids=lambda value: value.name if isinstance(value, KnownInput) else None,
)
def test_known_input_has_its_passages_at_any_delay(
    known: KnownInput, delay: int, train: tuple[float, float], validation: tuple[float, float]
) -> None:
    intake, lost = known_pair(known, delay)
    capture, report = intake.require_capture(), intake.report
    assert report.recognised is not None
    assert report.recognised.known is known
    assert report.latency_samples == delay
    for span, seconds in ((capture.train, train), (capture.validation, validation)):
        start, stop = (round(t * known.rate_hz) - lost for t in seconds)
        assert span == Span(max(start, 0), min(stop, len(capture.input)))
    if known.replicates is None:
        assert report.replicate_esr is None
    else:
        assert report.replicate_esr == pytest.approx(0, abs=1e-8)


def test_pair_can_be_trained_at_another_rate() -> None:
    report = take_in(recording(signal()), recording(clean()), Choices(sample_rate_hz=96_000)).report
    assert report.sample_rate_hz == 96_000
    assert report.latency_samples == pytest.approx(2 * LATENCY, abs=6)
    low = replace(recording(playing()), sample_rate_hz=22_050)
    with pytest.raises(CaptureError, match="not enough treble"):
        take_in(low, low)
    with pytest.raises(CaptureError, match="Training at 1000000000 samples per second"):
        take_in(low, low, Choices(sample_rate_hz=10**9))


@pytest.mark.parametrize("samples", [1, 1_000])
def test_of_a_moment_only_its_length_is_said(samples: int) -> None:
    """Not that the input is silent, which it is in that moment."""
    source = recording(playing(), "in.wav")
    (stop,) = take_in(source, recording(clean(True)[:samples], "out.wav")).report.stops
    assert stop.kind is Kind.OUTPUT_TOO_SHORT


SHORT = (1, 3, 100, 4_800, 24_000)


def next_to_nothing(samples: int) -> dict[str, Samples]:
    return {
        "playing": playing()[RATE_HZ:][:samples],
        "silence": np.zeros(samples, np.float32),
        "DC": np.full(samples, 0.5, np.float32),
        "a click": np.eye(1, samples, samples // 2, dtype=np.float32)[0],
        "denormal": np.full(samples, 1e-40, np.float32),
        "far too loud": np.full(samples, 1e30, np.float32),
    }


@pytest.mark.parametrize("samples", SHORT)
def test_next_to_nothing_is_refused_in_words(samples: int) -> None:
    everything = next_to_nothing(samples)
    for x in everything.values():
        for y in everything.values():
            with pytest.raises(CaptureError):
                take_in(recording(x), recording(y), Choices(ignore_checks=True)).require_capture()


@pytest.mark.parametrize("kind", next_to_nothing(1))
def test_what_is_no_sound_is_told_in_words(kind: str) -> None:
    """Against playing, on either side."""
    nothing = next_to_nothing(10 * RATE_HZ)[kind]
    x = playing()[-10 * RATE_HZ :]
    for source, output in ((x, nothing), (nothing, x), (nothing, nothing)):
        with pytest.raises(CaptureError):
            take_in(recording(source), recording(output)).require_capture()


def test_no_audio_is_refused() -> None:
    with pytest.raises(CaptureError, match=r"take\.wav contains no audio"):
        take_in(recording(playing()), recording(playing()[:0]))
