"""From two recordings to a capture: passages, rates, what stops, and what is next to nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_inputs import built
from numpy.typing import NDArray
from support import RATE_HZ, recording
from takes import LATENCY, clean, normalised_to_clip, playing, signal

from nam_engine.audio import Recording, Span
from nam_engine.errors import CaptureError
from nam_engine.findings import Kind
from nam_engine.intake import Choices, Intake, take_in
from nam_engine.signals import OWN, PROTEUS, V1_1, V2, KnownInput

Samples = NDArray[np.float32]


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
