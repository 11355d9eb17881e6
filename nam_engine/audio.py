"""Sound files in and out: any libsndfile format becomes mono float32."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from nam_engine.atomic import atomic_write
from nam_engine.errors import AudioError

__all__ = [
    "MAX_RATE_HZ",
    "Recording",
    "Span",
    "read_recording",
    "resampled",
    "rms_dbfs",
    "write_wav",
]

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
# Longer than any capture, and bounded in memory: 400 MB.
MAX_SECONDS = 1800
MAX_SAMPLES = 100_000_000
MAX_CHANNELS = 32
MAX_PIPE_BYTES = 512 * 2**20
BLOCK_FRAMES = 2**18
POWER_ROW = 1024
UNKNOWN_LENGTH = 2**62  # libsndfile's count for a stream whose header leaves it out
# Of two channels: below this difference they are the same, below this level one is silent.
EQUAL_DB = -80.0
SILENT_DBFS = -70.0
SILENT_DB = -50.0


@dataclass(frozen=True)
class Span:
    """Samples ``start`` to ``stop`` (exclusive)."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def of(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return samples[self.start : self.stop]


@dataclass(frozen=True)
class Recording:
    """Mono audio: ``samples`` is float32 (time,), full scale at 1.0.

    ``file_rate_hz`` is the file's sample rate where the audio was resampled from it,
    ``channel`` (from 1) the channel that was taken where the others were left out.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    path: Path
    file_rate_hz: int | None = None
    channel: int | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate_hz


def read_recording(path: Path, channel: int | None = None) -> Recording:
    """Read a sound file as mono float32 at its own sample rate.

    A stereo file is accepted where its channels are equal or one is silent; of any
    other ``channel`` (from 1) has to be chosen. The header is believed no further than
    the audio that follows it. Raises AudioError for anything that is not usable audio.
    """
    try:
        with (
            path.open("rb") as opened,
            _Stream(opened) as stream,
            soundfile.SoundFile(stream) as file,
        ):
            _check_header(path, file, channel)
            samples = _read_blocks(path, file)
            sample_rate_hz = int(file.samplerate)
    except OSError as error:
        raise AudioError(
            f"{path} cannot be opened ({error.strerror}).", "Check the name and the folder."
        ) from error
    except (soundfile.LibsndfileError, ValueError) as error:
        # ValueError: a zero byte in the name
        reason = getattr(error, "error_string", "no file can have this name")
        raise AudioError(
            f"{path.name} cannot be read as audio ({reason}).",
            "Export the recording again as a WAV or FLAC file.",
        ) from error
    if not len(samples):
        raise AudioError(f"{path.name} contains no audio.", "Record or export it again.")
    if not np.isfinite(samples).all():
        raise AudioError(
            f"{path.name} contains values that are not numbers.", "Export the recording again."
        )
    if channel is None:
        channel = _usable_channel(path, samples)
    mono = np.ascontiguousarray(samples[:, (channel or 1) - 1])
    return Recording(mono, sample_rate_hz, path, channel=channel)


class _Stream:
    """A file as libsndfile reads it, through which no exception can pass.

    A place before the start, where a damaged header may send it, is not gone to. Where
    the disk fails the file ends; the failure is raised on leaving the context.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        # libsndfile jumps about in a file, which a pipe does not allow.
        self._file = file if file.seekable() else io.BytesIO(file.read(MAX_PIPE_BYTES))
        self._failure: OSError | None = None

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self._failure is not None:
            raise self._failure

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int) -> None:
        with contextlib.suppress(OSError, ValueError, OverflowError):
            self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            self._failure = error
            return 0


def _check_header(path: Path, file: soundfile.SoundFile, channel: int | None) -> None:
    if not MIN_RATE_HZ <= file.samplerate <= MAX_RATE_HZ:
        raise AudioError(
            f"{path.name} says it has {file.samplerate} samples per second.",
            f"Use a recording with {MIN_RATE_HZ} to {MAX_RATE_HZ}.",
        )
    if channel is not None and not 1 <= channel <= file.channels:
        raise AudioError(
            f"{path.name} has no channel {channel}; it has {file.channels}.",
            "Choose another channel.",
        )
    if file.channels > (2 if channel is None else MAX_CHANNELS):
        raise AudioError(
            f"{path.name} has {file.channels} channels.",
            "Export it as a mono file, or choose the channel with the amp.",
        )
    if file.frames >= UNKNOWN_LENGTH:
        raise AudioError(
            f"{path.name} does not say how long it is.", "Export it again as a WAV file."
        )
    seconds = file.frames / file.samplerate
    if file.frames * file.channels > MAX_SAMPLES or seconds > MAX_SECONDS:
        raise AudioError(
            f"{path.name} is {seconds / 60:.0f} minutes long"
            f" at {file.samplerate} samples per second: too much to work with.",
            "A capture needs a few minutes of audio; cut it.",
        )


def _read_blocks(path: Path, file: soundfile.SoundFile) -> NDArray[np.float32]:
    """All frames (time, channel); memory follows what is there, not what the header says."""
    blocks, frames = [], 0
    while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        blocks.append(block)
        frames += len(block)
        if frames * file.channels > MAX_SAMPLES:
            raise AudioError(f"{path.name} is longer than it says.", "Export it again.")
    if not blocks:
        return np.zeros((0, file.channels), np.float32)
    return np.concatenate(blocks)


def _usable_channel(path: Path, samples: NDArray[np.float32]) -> int | None:
    """None where all channels are the same, else the only one that is not silent."""
    if samples.shape[1] == 1:
        return None
    left, right = samples[:, 0], samples[:, 1]
    levels = rms_dbfs(left), rms_dbfs(right)
    difference = rms_dbfs(np.subtract(left, right, dtype=np.float64))  # may exceed float32
    if difference == -np.inf or difference < max(levels) + EQUAL_DB:
        return None
    for quiet, loud in ((0, 1), (1, 0)):
        if levels[quiet] < min(SILENT_DBFS, levels[loud] + SILENT_DB):
            return loud + 1
    raise AudioError(
        f"The two channels of {path.name} are not the same: left {levels[0]:.1f} dBFS,"
        f" right {levels[1]:.1f} dBFS, their difference {difference:.1f} dBFS.",
        "Choose the channel with the amp, or export it as a mono file.",
    )


def rms_dbfs(samples: NDArray[np.floating]) -> float:
    """RMS level in dB relative to full scale; silence is -inf."""
    rms = float(np.sqrt(_power(samples) / max(1, len(samples))))
    return 20 * float(np.log10(rms)) if rms > 0 else -np.inf


def _power(samples: NDArray[np.floating]) -> float:
    """Sum of squares; in short rows, which float32 adds up exactly enough."""
    whole = len(samples) // POWER_ROW * POWER_ROW
    rows, rest = samples[:whole].reshape(-1, POWER_ROW), samples[whole:]
    power = np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64)
    return float(power + np.square(rest, dtype=np.float64).sum())


def resampled(recording: Recording, sample_rate_hz: int) -> Recording:
    """The recording at another sample rate (soxr, its highest quality)."""
    if sample_rate_hz == recording.sample_rate_hz:
        return recording
    samples = soxr.resample(
        recording.samples, recording.sample_rate_hz, sample_rate_hz, quality="VHQ"
    )
    file_rate_hz = recording.file_rate_hz or recording.sample_rate_hz
    return replace(
        recording, samples=samples, sample_rate_hz=sample_rate_hz, file_rate_hz=file_rate_hz
    )


def write_wav(
    path: Path, samples: NDArray[np.float32], sample_rate_hz: int, *, subtype: str = "FLOAT"
) -> None:
    """Write mono float32 audio as a WAV of libsndfile's ``subtype``, atomically."""
    # Encoded in memory first: libsndfile cannot pass on an error of the disk.
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, sample_rate_hz, subtype=subtype, format="WAV")
    try:
        with atomic_write(path) as file:
            file.write(encoded.getbuffer())
    except OSError as error:
        raise AudioError(
            f"{path} cannot be written ({error.strerror}).",
            "Choose another folder or free some space.",
        ) from error
