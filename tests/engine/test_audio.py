from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import RATE_HZ, playing

from nam_engine.audio import read_recording, write_wav
from nam_engine.errors import AudioError


@pytest.mark.parametrize(
    ("suffix", "subtype", "step"),
    [
        (".wav", "PCM_16", 2**-15),
        (".wav", "PCM_24", 2**-23),
        (".wav", "PCM_32", 2**-24),
        (".wav", "FLOAT", 0.0),
        (".flac", "PCM_24", 2**-23),
        (".aiff", "PCM_24", 2**-23),
    ],
)
def test_formats_read_as_mono_float(tmp_path: Path, suffix: str, subtype: str, step: float) -> None:
    path = tmp_path / f"take{suffix}"
    samples = playing(0.1)
    soundfile.write(path, samples, 44_100, subtype=subtype)
    recording = read_recording(path)
    assert recording.sample_rate_hz == 44_100
    assert recording.samples.dtype == np.float32
    np.testing.assert_allclose(recording.samples, samples, rtol=0, atol=step)


def test_equal_channels_become_mono(tmp_path: Path) -> None:
    samples = playing(0.1)
    soundfile.write(tmp_path / "take.wav", np.stack([samples, samples], axis=1), RATE_HZ)
    assert read_recording(tmp_path / "take.wav").samples.shape == samples.shape


def bad_files(folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.wav" for name in ("text", "empty", "stereo", "nan", "slow")}
    paths["text"].write_text("not audio")
    soundfile.write(paths["empty"], np.zeros(0), RATE_HZ)
    soundfile.write(paths["stereo"], np.stack([playing(0.1), playing(0.1, 1)], axis=1), RATE_HZ)
    soundfile.write(paths["nan"], np.full(100, np.nan), RATE_HZ, subtype="FLOAT")
    soundfile.write(paths["slow"], playing(0.1), 4_000)
    paths["raw"] = folder / "take.raw"
    paths["raw"].write_bytes(bytes(1000))
    elsewhere = {"missing": "missing.wav", "folder": ".", "long": "x" * 300}
    return {**paths, **{name: folder / place for name, place in elsewhere.items()}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", "cannot be read as audio"),
        ("empty", "contains no audio"),
        ("stereo", "2 channels that differ"),
        ("nan", "not numbers"),
        ("slow", "4000 samples per second"),
        ("raw", "cannot be read as audio"),
        ("missing", "cannot be opened"),
        ("folder", "cannot be opened"),
        ("long", "cannot be opened"),
    ],
)
def test_unusable_files_are_refused_in_words(tmp_path: Path, name: str, expected: str) -> None:
    path = bad_files(tmp_path)[name]
    with pytest.raises(AudioError, match=expected) as caught:
        read_recording(path)
    assert path.name in caught.value.message
    assert caught.value.remedy


def test_written_audio_is_bit_equal_and_whole(tmp_path: Path) -> None:
    samples = playing(0.1) * 3  # float files may exceed full scale
    write_wav(tmp_path / "out.wav", samples, RATE_HZ)
    np.testing.assert_array_equal(read_recording(tmp_path / "out.wav").samples, samples)
    assert [p.name for p in tmp_path.iterdir()] == ["out.wav"]


def test_name_that_is_no_text_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"amp\xff.wav")
    write_wav(path, playing(0.1), RATE_HZ)
    assert read_recording(path).seconds == pytest.approx(0.1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_pipe_can_be_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "take.wav", playing(0.1), RATE_HZ)
    content = (tmp_path / "take.wav").read_bytes()
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert read_recording(tmp_path / "pipe").seconds == pytest.approx(0.1)
    writer.join()


def test_full_disk_is_an_audio_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AudioError, match="No space left on device"):
        write_wav(tmp_path / "out.wav", playing(0.1), RATE_HZ)
    assert not list(tmp_path.iterdir())


def test_unwritable_place_is_an_audio_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "missing" / "out.wav", playing(0.1), RATE_HZ)
