from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import RATE_HZ, container_of, playing, rig, small_packed

from nam_engine.audio import read_recording, write_wav
from nam_engine.comparison import compare
from nam_engine.errors import AudioError, CaptureError, NamEngineError, NamFileError
from nam_engine.intake import Choices
from nam_engine.nam_file import write_nam
from nam_engine.render import render
from nam_engine.train_job import TrainJob

LATENCY = 40


@pytest.fixture
def job(tmp_path: Path) -> TrainJob:
    """A pair of 3 s of which the last second validates; the recording is late."""
    x = playing(3)
    late = np.pad(rig(x), (LATENCY, 0))
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", late, RATE_HZ)
    choices = Choices(latency_samples=LATENCY, validation_seconds=(2.0, 3.0))
    return TrainJob(tmp_path / "di.wav", tmp_path / "amp.wav", tmp_path, choices=choices)


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "model.nam"
    write_nam(path, container_of(small_packed()))
    return path


def test_each_submodel_is_played_over_the_validation(job: TrainJob, model_path: Path) -> None:
    comparison = compare(model_path, job)
    source, recorded = (read_recording(p).samples for p in (job.input_path, job.output_path))
    assert comparison.sample_rate_hz == RATE_HZ
    np.testing.assert_array_equal(comparison.target, recorded[LATENCY:][2 * RATE_HZ :])
    assert list(comparison.predictions) == ["channels_2", "channels_3"]
    entries = container_of(small_packed()).entries
    for entry, played in zip(entries, comparison.predictions.values(), strict=True):
        expected = render(entry.model, source)[2 * RATE_HZ :]
        np.testing.assert_allclose(played, expected, rtol=0, atol=1e-6)


def test_choices_of_the_job_count(job: TrainJob, model_path: Path) -> None:
    upright = compare(model_path, job).target
    flipped = compare(model_path, replace(job, choices=replace(job.choices, flip_polarity=True)))
    np.testing.assert_array_equal(flipped.target, -upright)


def test_chosen_channel_counts(job: TrainJob, model_path: Path, tmp_path: Path) -> None:
    recorded = read_recording(job.output_path).samples
    path = tmp_path / "both.wav"
    write_wav(path, np.stack([recorded, 0.5 * recorded], axis=1), RATE_HZ)
    second = compare(model_path, replace(job, output_path=path, channel=2)).target
    np.testing.assert_allclose(second, 0.5 * compare(model_path, job).target, rtol=1e-6)


def test_of_a_long_validation_the_loudest_twelve_seconds_are_played(
    tmp_path: Path, model_path: Path
) -> None:
    x = playing(18)
    x[2 * RATE_HZ : 4 * RATE_HZ] *= 0.1
    write_wav(tmp_path / "long.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", rig(x), RATE_HZ)
    choices = Choices(latency_samples=0, validation_seconds=(2.0, 16.0))
    job = TrainJob(tmp_path / "long.wav", tmp_path / "amp.wav", tmp_path, choices=choices)
    comparison = compare(model_path, job)
    assert len(comparison.target) == 12 * RATE_HZ
    assert {len(played) for played in comparison.predictions.values()} == {12 * RATE_HZ}
    np.testing.assert_array_equal(comparison.target, rig(x)[4 * RATE_HZ : 16 * RATE_HZ])


def test_what_cannot_be_compared_is_said(job: TrainJob, model_path: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", playing(0.3), RATE_HZ)
    (tmp_path / "torn.nam").write_text("{")
    slow = tmp_path / "slow.nam"
    model = container_of(small_packed()).entries[0].model
    write_nam(slow, replace(model, sample_rate_hz=44_100))
    cases: list[tuple[Path, TrainJob, type[NamEngineError], str]] = [
        (tmp_path / "gone.nam", job, NamFileError, r"gone\.nam"),
        (tmp_path / "torn.nam", job, NamFileError, r"torn\.nam"),
        (model_path, replace(job, output_path=tmp_path / "gone.wav"), AudioError, r"gone\.wav"),
        (model_path, replace(job, output_path=tmp_path / "short.wav"), CaptureError, "not within"),
        (slow, job, AudioError, r"amp\.wav has 48000 .* slow\.nam was made for 44100"),
    ]
    for path, of, error, message in cases:
        with pytest.raises(error, match=message):
            compare(path, of)
