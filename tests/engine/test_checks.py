"""Every finding, from a pair that has exactly that fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rigs import delayed, with_noise
from support import RATE_HZ, recording
from takes import (
    LATENCY,
    alarms,
    amp,
    at_its_end,
    bright,
    changed,
    clean,
    click,
    echoing,
    gain,
    gap,
    gated,
    loose_contact,
    move_response,
    normalised_to_clip,
    overloaded,
    playing,
    resampled,
    reverberant,
    signal,
    spliced,
    swinging,
)

from nam_engine.audio import Recording
from nam_engine.findings import Kind, Severity
from nam_engine.intake import CaptureReport, Choices, take_in
from nam_engine.json_text import to_json

Samples = NDArray[np.float32]
INFO, WARN, STOP = Severity.INFO, Severity.WARN, Severity.STOP


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
