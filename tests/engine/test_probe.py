"""Every finding about a model, from one built by hand with exactly that fault; none without."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from rigs import delayed, with_noise
from support import RATE_HZ, layer_array, recording, submodel

from nam_engine.alignment import Confidence
from nam_engine.capture import Capture
from nam_engine.capture_signal import capture_signal
from nam_engine.findings import Kind, Probe, Severity
from nam_engine.intake import CaptureReport, Choices, take_in
from nam_engine.json_text import to_json
from nam_engine.nam_file import NamModel
from nam_engine.probe import probe_model
from nam_engine.wavenet.parse import parse_packed

Samples = NDArray[np.float32]
WARN, STOP = Severity.WARN, Severity.STOP
LATENCY, TOO_SMALL = 730, 700
MAX_FLOAT = float(np.finfo(np.float32).max)


def model(
    gain: float = 1.0,
    *,
    delay: int = 0,
    ripple: float = 0.0,
    offset: float = 0.0,
    hiss: float = 0.0,
    head_scale: float = 1.0,
) -> NamModel:
    """A WaveNet that plays its input ``gain`` times as loud and ``delay`` samples later.

    ``ripple`` is the share that comes at once, ``offset`` a constant; ``hiss`` is the level at
    which a second channel makes a square wave of the faintest sound.
    """
    array = layer_array(
        2,
        kernel_size=2,
        dilations=[max(1, delay)],
        activation="Hardtanh",
        head={"out_channels": 1, "kernel_size": 1, "bias": True},
    )
    config = parse_packed({"submodels": [submodel("by hand", array)]}).submodels[0].config
    convolution = np.zeros((2, 2, 2))  # out, in, (earlier, now)
    convolution[0, 0] = (1, ripple) if delay else (0, 1)
    convolution[1, 1, 1] = 1e6
    weights = [
        [1, 1],  # the input, on both channels
        convolution.ravel(),
        [0] * (2 + 2 + 4 + 2),  # biases, mixer and 1x1: unused
        [gain, hiss, offset],
        [head_scale],
    ]
    return NamModel(config, np.concatenate(weights).astype(np.float32), RATE_HZ)


@cache
def guitar() -> Samples:
    return capture_signal(60.0)[20 * RATE_HZ : 28 * RATE_HZ]


def playing(blips: bool = True) -> Samples:
    """Guitar, after two blips in silence."""
    clicks = np.zeros(2 * RATE_HZ, np.float32)
    if blips:
        clicks[[RATE_HZ // 2, RATE_HZ]] = 0.9
    return np.concatenate([clicks, guitar()])


@cache
def taken_in(
    blips: bool = True, latency_samples: int | None = None
) -> tuple[Capture, CaptureReport]:
    """The recording of an amp that does little, with noise at -85 dBFS."""
    source = playing(blips)
    output = with_noise(delayed(np.tanh(1.5 * source) / 1.5, LATENCY), -85)
    choices = Choices(latency_samples=latency_samples)
    intake = take_in(recording(source, "in.wav"), recording(output, "out.wav"), choices)
    return intake.require_capture(), intake.report


def probe(
    probed: NamModel, changes: dict[str, object] | None = None, **options: bool | int
) -> Probe:
    """``changes`` are of the report."""
    capture, report = taken_in(**options)
    return probe_model("The model", probed, capture, replace(report, **(changes or {})))


@dataclass(frozen=True)
class Case:
    """A model with one fault."""

    kind: Kind
    severity: Severity
    model: Callable[[], NamModel]
    message: str
    options: dict[str, int] = field(default_factory=dict)


CASES = (
    Case(
        Kind.MODEL_BROKEN,
        STOP,
        lambda: model(MAX_FLOAT, head_scale=MAX_FLOAT),
        "The model plays values that are no numbers.",
    ),
    Case(Kind.MODEL_UNRELATED, STOP, lambda: model(0), "The model hardly follows the recording"),
    Case(
        Kind.MODEL_UNRELATED,
        STOP,
        lambda: model(delay=RATE_HZ // 5),
        "The model hardly follows the recording",
    ),
    Case(Kind.MODEL_INVERTED, WARN, lambda: model(-1), "The model plays the recording upside down"),
    Case(
        Kind.MODEL_LATE,
        WARN,
        lambda: model(delay=30),
        "The model plays 30 samples (0.6 ms) later than the recording.",
    ),
    Case(
        Kind.MODEL_LATE,
        WARN,
        lambda: model(delay=30),
        "The model plays 30 samples (0.6 ms) later than it has to",
        {"latency_samples": TOO_SMALL},
    ),
    Case(
        Kind.MODEL_DC_OFFSET,
        WARN,
        lambda: model(offset=-0.01),
        "The model is off centre by -1.0% of full scale (-40 dBFS).",
    ),
    Case(
        Kind.MODEL_NOISY,
        WARN,
        lambda: model(hiss=0.01),
        "The model makes -40 dBFS of an idle guitar; about -75 dBFS would be right.",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.kind.name.lower())
def test_a_fault_is_found_and_nothing_else(case: Case) -> None:
    probed = probe(case.model(), **case.options)
    assert [finding.kind for finding in probed.findings] == [case.kind]
    finding = probed.findings[0]
    assert finding.severity is case.severity
    assert finding.message.startswith(case.message)
    assert finding.message.endswith(".")
    written = json.loads(to_json(probed.to_json()))
    assert written["findings"][0]["remedy"] == finding.remedy


def test_every_kind_has_a_case() -> None:
    assert {case.kind for case in CASES} == {kind for kind in Kind if kind.value.of_model}


@pytest.mark.parametrize("blips", [True, False])
def test_healthy_model_raises_no_alarm(blips: bool) -> None:
    probed = probe(model(), blips=blips)
    assert probed.findings == ()
    assert probed.delay_samples == 0
    assert probed.expected_delay_samples == pytest.approx(0, abs=2)
    assert probed.polarity == 1
    assert probed.dc_dbfs == -np.inf
    assert probed.noise_dbfs == pytest.approx(-96, abs=0.5)


def test_filter_of_a_few_samples_is_no_lateness() -> None:
    probed = probe(model(delay=6))
    assert probed.delay_samples == 6
    assert probed.findings == ()


def test_ripple_ahead_of_the_sound_is_not_its_start() -> None:
    assert probe(model(delay=30, ripple=0.15)).delay_samples == 30


def test_polarity_is_told_in_spite_of_lateness() -> None:
    # Late by half a period, playing would correlate with the wrong sign.
    probed = probe(model(-1, delay=100))
    assert probed.polarity == -1
    assert {f.kind for f in probed.findings} == {Kind.MODEL_INVERTED, Kind.MODEL_LATE}


def test_model_is_late_against_a_recording_of_unknown_latency() -> None:
    _, report = taken_in()
    unknown = {"alignment": replace(report.alignment, confidence=Confidence.NONE)}
    probed = probe(model(delay=30), unknown)
    assert probed.expected_delay_samples is None
    assert [finding.kind for finding in probed.findings] == [Kind.MODEL_LATE]


def test_offset_of_the_recording_is_not_the_models_fault() -> None:
    capture, report = taken_in()
    capture = replace(capture, target=capture.target + np.float32(0.01))
    assert probe_model("The model", model(offset=0.01), capture, report).findings == ()


@pytest.mark.parametrize("floor_dbfs", [None, -45.0])
def test_noise_is_only_wrong_against_a_quieter_recording(floor_dbfs: float | None) -> None:
    assert probe(model(hiss=0.01), {"noise_floor_dbfs": floor_dbfs}).findings == ()


def test_high_gain_makes_an_idle_guitar_loud_without_fault() -> None:
    probed = probe(model(100), {"noise_floor_dbfs": -np.inf})
    assert probed.noise_dbfs == pytest.approx(-56, abs=0.5)
    assert probed.findings == ()


def test_findings_call_a_submodel_what_people_call_it() -> None:
    probed = probe_model("channels_3", model(-1), *taken_in())
    assert probed.name == "channels_3"
    assert probed.findings[0].message == "A2-Lite plays the recording upside down."
