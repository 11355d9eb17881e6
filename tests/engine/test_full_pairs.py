"""The recordings of a data file become material; what is odd is said, what is wrong is refused.

That what is taken of them is right is tested against the official trainer (tests/parity).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nam_engine.audio import read_recording
from nam_engine.errors import AudioError, CaptureError
from nam_engine.full import pairs
from nam_engine.full.description import DataDescription, PairDescription
from nam_engine.full.pairs import load_material
from nam_engine.material import Material

RATE_HZ = 8_000
RECEPTIVE_FIELD = 11


def write(path: Path, samples: int = 2_000, rate_hz: int = RATE_HZ, channels: int = 1) -> Path:
    """Noise below full scale; of two channels the second is silent."""
    sound = np.zeros((samples, channels), np.float32)
    sound[:, 0] = np.random.default_rng(samples).uniform(-0.5, 0.5, samples)
    soundfile.write(path, sound, rate_hz)
    return path


@pytest.fixture
def pair(tmp_path: Path) -> PairDescription:
    x, y = write(tmp_path / "input.wav"), write(tmp_path / "amp.wav")
    return PairDescription("train", x, y, ny=100, pre_silence_seconds=None)


def load(
    *train: PairDescription,
    validation: tuple[PairDescription, ...] = (),
    limit: int | float | None = None,
) -> tuple[Material, tuple[str, ...]]:
    data = DataDescription(train, validation or (replace(train[0], where="validation"),))
    return load_material(data, RECEPTIVE_FIELD, "amp", limit)


def test_a_file_of_several_pairs_is_read_once(
    pair: PairDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def counted(path: Path) -> object:
        read.append(path)
        return read_recording(path)

    monkeypatch.setattr(pairs, "read_recording", counted)
    load(pair, replace(pair, where="train[1]", start=500))
    assert sorted(read) == sorted([pair.x_path, pair.y_path])


def test_passages_share_the_memory_of_the_recording(pair: PairDescription) -> None:
    material, warnings = load(pair)
    shared = (*material.train, *material.validation)
    assert all(np.shares_memory(passage.input, material.train[0].input) for passage in shared)
    assert all(np.shares_memory(passage.target, material.train[0].target) for passage in shared)
    assert warnings == ()


def test_other_formats_and_a_silent_side_are_welcome(pair: PairDescription, tmp_path: Path) -> None:
    stereo = write(tmp_path / "amp.flac", channels=2)
    material, warnings = load(replace(pair, y_path=stereo))
    expected = soundfile.read(stereo, dtype="float32")[0][RECEPTIVE_FIELD - 1 :, 0]
    np.testing.assert_array_equal(material.train[0].target, expected)
    assert warnings == ("amp.flac is stereo and one side is silent: channel 1 is used.",)


def test_validation_passages_may_differ_in_length(pair: PairDescription) -> None:
    long = replace(pair, where="validation[0]", ny=None)
    short = replace(pair, where="validation[1]", ny=None, stop=0.1)
    material, _ = load(pair, validation=(long, short))
    assert [len(passage.target) for passage in material.validation] == [1_990, 790]


@pytest.mark.parametrize(
    ("limit", "kept"), [(None, 19), (7, 7), (100, 19), (0.5, 9), (1.0, 19), (1, 1), (0.01, 1)]
)
def test_validation_is_limited_to_the_first_items(
    pair: PairDescription, limit: int | float | None, kept: int
) -> None:
    material, _ = load(pair, limit=limit)
    assert len(material.validation) == kept
    np.testing.assert_array_equal(
        material.validation[0].target, material.train[0].target[: pair.ny]
    )


def test_items_tell_their_pair(pair: PairDescription) -> None:
    other = replace(pair, where="validation[1]")
    material, _ = load(pair, validation=(replace(pair, ny=400), other))
    assert [item.pair for item in material.validation] == [0] * 4 + [1] * 19


def test_silent_validation_items_are_left_out(pair: PairDescription, tmp_path: Path) -> None:
    samples, _ = soundfile.read(pair.y_path, dtype="float32")
    samples[1_000:1_300] = 0
    soundfile.write(tmp_path / "gap.wav", samples, RATE_HZ)
    gap = replace(pair, where="validation", y_path=tmp_path / "gap.wav")
    material, warnings = load(pair, validation=(gap,), limit=18)
    assert len(material.validation) == 17
    assert all(passage.target.any() for passage in material.validation)
    assert warnings == (
        "validation: 2 of 19 items are silent and left out: no error can be measured against"
        " silence.",
    )


def test_silent_validation_is_refused(pair: PairDescription, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(2_000, np.float32), RATE_HZ)
    silence = replace(pair, where="validation", y_path=tmp_path / "silence.wav")
    with pytest.raises(CaptureError, match=r"validation: .*silent.*Check that y_path"):
        load(pair, validation=(silence,))


def test_clipped_samples_are_counted_not_refused(pair: PairDescription, tmp_path: Path) -> None:
    sound, _ = soundfile.read(pair.y_path, dtype="float32")
    clipped = np.clip(2.2 * sound, -1, 1)
    soundfile.write(tmp_path / "clipped.wav", clipped, RATE_HZ, subtype="FLOAT")
    _, warnings = load(replace(pair, y_path=tmp_path / "clipped.wav", y_scale=0.5))
    count = np.count_nonzero(np.abs(clipped) == 1)
    assert count > 1
    start = f"train: clipped.wav is at full scale or beyond in {count} samples"
    assert warnings[0].startswith(start)


def test_an_output_made_louder_by_its_scale_does_not_clip(pair: PairDescription) -> None:
    _, warnings = load(replace(pair, y_scale=2.2))
    assert warnings == ()


def test_a_cut_of_unequal_recordings_is_said_once(pair: PairDescription, tmp_path: Path) -> None:
    short = write(tmp_path / "short.wav", samples=1_999)
    _, warnings = load(replace(pair, y_path=short, allow_unequal_lengths=True))
    assert warnings == (
        "input.wav has 2,000 samples (0.25 s), short.wav 1,999 samples (0.25 s):"
        " the rest of the longer is left out.",
    )


def test_a_file_that_cannot_be_read_is_named_with_its_entry(
    pair: PairDescription, tmp_path: Path
) -> None:
    missing = replace(pair, where="train[1]", y_path=tmp_path / "missing.wav")
    with pytest.raises(AudioError, match=r"train\[1\]: .*missing\.wav cannot be opened") as refused:
        load(pair, missing)
    assert refused.value.remedy


def test_sample_rates_must_agree_within_a_pair(pair: PairDescription, tmp_path: Path) -> None:
    other = write(tmp_path / "fast.wav", rate_hz=16_000)
    with pytest.raises(CaptureError, match=r"input\.wav has 8000 .*fast\.wav has 16000.*Convert"):
        load(replace(pair, y_path=other))


def test_sample_rates_must_agree_over_all_pairs(pair: PairDescription, tmp_path: Path) -> None:
    x = write(tmp_path / "fast.wav", rate_hz=16_000)
    other = replace(pair, where="validation", x_path=x, y_path=x)
    message = r"validation: fast\.wav has 16000 .*input\.wav \(train\) has 8000"
    with pytest.raises(CaptureError, match=message):
        load(pair, validation=(other,))
