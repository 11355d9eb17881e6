from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from support import RATE_HZ, playing

from nam_engine.audio import BLOCK_FRAMES, Recording, read_recording, resampled, write_wav
from nam_engine.errors import AudioError


@pytest.mark.parametrize(
    ("container", "subtype", "step"),
    [
        ("WAV", "PCM_U8", 2**-7),
        ("WAV", "PCM_16", 2**-15),
        ("WAV", "PCM_24", 2**-23),
        ("WAV", "PCM_32", 2**-24),
        ("WAV", "FLOAT", 0.0),
        ("WAV", "DOUBLE", 0.0),
        ("WAVEX", "PCM_24", 2**-23),
        ("WAVEX", "FLOAT", 0.0),
        ("RF64", "PCM_24", 2**-23),
        ("RF64", "FLOAT", 0.0),
        ("W64", "PCM_24", 2**-23),
        ("FLAC", "PCM_16", 2**-15),
        ("FLAC", "PCM_24", 2**-23),
        ("AIFF", "PCM_16", 2**-15),
        ("AIFF", "PCM_24", 2**-23),
    ],
)
def test_formats_read_as_mono_float(
    tmp_path: Path, container: str, subtype: str, step: float
) -> None:
    samples = playing(0.1)
    soundfile.write(tmp_path / "take", samples, 44_100, format=container, subtype=subtype)
    recording = read_recording(tmp_path / "take")
    assert (recording.sample_rate_hz, recording.channel) == (44_100, None)
    assert recording.samples.dtype == np.float32
    np.testing.assert_allclose(recording.samples, samples, rtol=0, atol=step)


def exact(seconds: float) -> NDArray[np.float32]:
    """Playing that 16 bits hold exactly."""
    return (np.round(2**14 * playing(seconds)) / 2**15).astype(np.float32)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "AIFF"])
def test_several_blocks_are_read_as_one(tmp_path: Path, container: str) -> None:
    samples = exact(13)
    assert len(samples) > 2 * BLOCK_FRAMES
    soundfile.write(tmp_path / "take", samples, RATE_HZ, format=container, subtype="PCM_24")
    np.testing.assert_array_equal(read_recording(tmp_path / "take").samples, samples)


def write_channels(path: Path, *channels: NDArray[np.float32]) -> Path:
    soundfile.write(path, np.stack(channels, axis=1), RATE_HZ, subtype="FLOAT")
    return path


@pytest.mark.parametrize("difference_db", [-np.inf, -140, -83])
def test_channels_equal_up_to_dither_become_mono(tmp_path: Path, difference_db: float) -> None:
    left, dither = playing(0.1), playing(0.1, 1)
    right = (left + 10 ** (difference_db / 20) * dither).astype(np.float32)
    recording = read_recording(write_channels(tmp_path / "take.wav", left, right))
    np.testing.assert_array_equal(recording.samples, left)
    assert recording.channel is None


@pytest.mark.parametrize("silence_dbfs", [-np.inf, -75])
@pytest.mark.parametrize("amp", [1, 2])
def test_silent_channel_is_left_out(tmp_path: Path, amp: int, silence_dbfs: float) -> None:
    sound = playing(0.1)
    hum = (10 ** (silence_dbfs / 20) * np.sin(np.arange(len(sound)))).astype(np.float32)
    channels = (sound, hum) if amp == 1 else (hum, sound)
    recording = read_recording(write_channels(tmp_path / "take.wav", *channels))
    np.testing.assert_array_equal(recording.samples, sound)
    assert recording.channel == amp


def test_two_silent_channels_are_silence(tmp_path: Path) -> None:
    silence = np.zeros(100, np.float32)
    recording = read_recording(write_channels(tmp_path / "take.wav", silence, silence))
    np.testing.assert_array_equal(recording.samples, silence)


def test_channels_that_differ_are_refused_with_their_levels(tmp_path: Path) -> None:
    sine = np.sin(2 * np.pi * np.arange(4_800) / 48).astype(np.float32)
    path = write_channels(tmp_path / "take.wav", sine, -sine / 10)
    with pytest.raises(AudioError) as caught:
        read_recording(path)
    for level in ("left -3.0 dBFS", "right -23.0 dBFS", "difference -2.2 dBFS"):
        assert level in caught.value.message


def test_channels_that_differ_by_more_than_a_float_holds_are_refused(tmp_path: Path) -> None:
    largest = np.full(100, 3e38, np.float32)
    with pytest.raises(AudioError, match="are not the same"):
        read_recording(write_channels(tmp_path / "take.wav", largest, -largest))


@pytest.mark.parametrize(("channels", "channel"), [(1, 1), (2, 1), (2, 2), (4, 3), (32, 32)])
def test_chosen_channel_is_taken(tmp_path: Path, channels: int, channel: int) -> None:
    sounds = [playing(0.05, seed) for seed in range(channels)]
    recording = read_recording(write_channels(tmp_path / "take.wav", *sounds), channel)
    np.testing.assert_array_equal(recording.samples, sounds[channel - 1])
    assert recording.samples.flags.c_contiguous
    assert recording.channel == channel


@pytest.mark.parametrize(
    ("channels", "channel", "expected"),
    [
        (2, 3, "no channel 3; it has 2"),
        (2, 0, "no channel 0; it has 2"),
        (2, -1, "no channel -1; it has 2"),
        (3, None, "3 channels"),
        (33, 1, "33 channels"),
    ],
)
def test_channels_that_cannot_be_taken_are_refused(
    tmp_path: Path, channels: int, channel: int | None, expected: str
) -> None:
    path = write_channels(tmp_path / "take.wav", *[playing(0.05)] * channels)
    with pytest.raises(AudioError, match=expected) as caught:
        read_recording(path, channel)
    assert caught.value.remedy


def bad_files(folder: Path) -> dict[str, Path]:
    written = ("text", "empty", "stereo", "nan", "infinite", "slow")
    paths = {name: folder / f"{name}.wav" for name in written}
    paths["text"].write_text("not audio")
    soundfile.write(paths["empty"], np.zeros(0), RATE_HZ)
    write_channels(paths["stereo"], playing(0.1), playing(0.1, 1))
    soundfile.write(paths["nan"], np.full(100, np.nan), RATE_HZ, subtype="FLOAT")
    soundfile.write(paths["infinite"], np.full(100, -np.inf), RATE_HZ, subtype="FLOAT")
    soundfile.write(paths["slow"], playing(0.1), 4_000)
    paths["raw"] = folder / "take.raw"
    paths["raw"].write_bytes(bytes(1000))
    elsewhere = {"missing": "missing.wav", "folder": ".", "long": "x" * 300, "zero": "a\0b.wav"}
    return {**paths, **{name: folder / place for name, place in elsewhere.items()}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", "cannot be read as audio"),
        ("empty", "contains no audio"),
        ("stereo", "two channels of stereo.wav are not the same"),
        ("nan", "not numbers"),
        ("infinite", "not numbers"),
        ("slow", "4000 samples per second"),
        ("raw", "cannot be read as audio"),
        ("missing", "cannot be opened"),
        ("folder", "cannot be opened"),
        ("long", "cannot be opened"),
        ("zero", "no file can have this name"),
    ],
)
def test_unusable_files_are_refused_in_words(tmp_path: Path, name: str, expected: str) -> None:
    path = bad_files(tmp_path)[name]
    with pytest.raises(AudioError, match=expected) as caught:
        read_recording(path)
    assert path.name in caught.value.message
    assert caught.value.remedy


def audio_file(container: str, samples: NDArray[np.float32], rate_hz: int) -> bytes:
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, rate_hz, format=container, subtype="PCM_16")
    return encoded.getvalue()


def claiming(container: str, frames: int, rate_hz: int = RATE_HZ) -> bytes:
    """A tenth of a second of audio whose header says that there are more frames."""
    content = bytearray(audio_file(container, playing(0.1), rate_hz))
    match container:
        case "FLAC":  # the last 36 of the 64 bits that begin with the rate
            rest = int.from_bytes(content[18:26], "big") >> 36 << 36
            content[18:26] = (rest | frames).to_bytes(8, "big")
        case "W64":
            size = content.index(b"data") + 16
            content[size : size + 8] = (24 + 2 * frames).to_bytes(8, "little")
        case "WAV":
            size = content.index(b"data") + 4
            content[size : size + 4] = min(2 * frames, 2**32 - 1).to_bytes(4, "little")
        case "RF64":
            size = content.index(b"ds64") + 16
            content[size : size + 8] = (2 * frames).to_bytes(8, "little")
            content[size + 8 : size + 16] = frames.to_bytes(8, "little")
    return bytes(content)


@pytest.mark.parametrize("container", ["FLAC", "W64", "WAV", "RF64"])
@pytest.mark.parametrize("frames", [90_000_000, 2**31, 2**36 - 1])
def test_header_is_believed_no_further_than_the_audio(
    tmp_path: Path, container: str, frames: int
) -> None:
    path = tmp_path / "take"
    path.write_bytes(claiming(container, frames, 96_000))
    started = time.process_time()
    tracemalloc.start()
    with contextlib.suppress(AudioError):
        assert len(read_recording(path).samples) <= 4_800
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * 2**20
    assert time.process_time() - started < 1.0


def test_two_hours_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "take.flac"
    path.write_bytes(claiming("FLAC", 7_200 * 8_000, 8_000))
    with pytest.raises(AudioError) as caught:
        read_recording(path)
    assert caught.value.message == (
        "take.flac is 120 minutes long at 8000 samples per second: too much to work with."
    )


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64", "W64", "AIFF"])
def test_cut_file_is_read_as_far_as_it_goes(tmp_path: Path, container: str) -> None:
    samples = exact(0.5)
    content = audio_file(container, samples, RATE_HZ)
    path = tmp_path / "take"
    for kept in (len(content) // 3, len(content) // 2 + 1, len(content) - 1):
        path.write_bytes(content[:kept])
        read = read_recording(path).samples
        assert kept // 2 - 100 < len(read) <= kept // 2
        np.testing.assert_array_equal(read, samples[: len(read)])


def test_cut_flac_is_refused(tmp_path: Path) -> None:
    content = audio_file("FLAC", exact(0.5), RATE_HZ)
    (tmp_path / "take.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="cannot be read as audio"):
        read_recording(tmp_path / "take.flac")


def test_resampled_audio_stays_in_place() -> None:
    def tone(rate_hz: int) -> NDArray[np.float32]:
        times = np.arange(rate_hz) / rate_hz
        return (0.5 * np.sin(2 * np.pi * 997 * times)).astype(np.float32)

    recording = resampled(Recording(tone(44_100), 44_100, Path("take.wav"), channel=2), 48_000)
    inside = slice(1_000, -1_000)
    np.testing.assert_allclose(recording.samples[inside], tone(48_000)[inside], rtol=0, atol=1e-4)
    assert recording.samples.dtype == np.float32
    assert (recording.sample_rate_hz, recording.file_rate_hz) == (48_000, 44_100)
    assert (recording.path, recording.channel, recording.seconds) == (Path("take.wav"), 2, 1.0)
    assert resampled(recording, 48_000) is recording
    assert resampled(recording, 96_000).file_rate_hz == 44_100


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


class FailingFile(io.FileIO):
    """A file on a disk that fails after the header."""

    def readinto(self, buffer: Any) -> int | None:
        if self.tell() >= 8_192:
            raise OSError(5, "Input/output error")
        return super().readinto(buffer)


def test_disk_that_fails_midway_is_an_audio_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "take.wav", playing(1), RATE_HZ)
    monkeypatch.setattr(Path, "open", lambda path, _: io.BufferedReader(FailingFile(path)))
    with pytest.raises(AudioError, match="Input/output error"):
        read_recording(tmp_path / "take.wav")


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
