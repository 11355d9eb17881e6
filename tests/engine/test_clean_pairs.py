"""Clean pairs, made ones and real ones, raise no alarm."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from rigs import random_rig, rise_samples, worn
from support import RATE_HZ, recording
from takes import LATENCY, alarms, changed, clean, click, messages, playing, signal

from nam_engine.audio import read_recording
from nam_engine.demo import play
from nam_engine.findings import Kind
from nam_engine.intake import take_in


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("noise_dbfs", [-85, -np.inf])
def test_clean_pair_raises_no_alarm(own: bool, noise_dbfs: float) -> None:
    source = playing() if own else signal()
    report = take_in(recording(source), recording(clean(own, noise_dbfs))).report
    assert not alarms(report)
    assert report.latency_samples == pytest.approx(LATENCY, abs=2)


@cache
def demo_playing() -> NDArray[np.float32]:
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
