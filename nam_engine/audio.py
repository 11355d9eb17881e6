"""Sound files in and out: any libsndfile format becomes mono float32."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from nam_engine.atomic import atomic_write
from nam_engine.errors import AudioError

__all__ = ["Recording", "read_recording", "write_wav"]

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
# Fifteen minutes at 192 kHz; far longer than any capture, and under 700 MB.
MAX_SAMPLES = 172_800_000
MAX_PIPE_BYTES = 512 * 2**20
UNKNOWN_LENGTH = 2**62  # libsndfile's count for a stream whose header leaves it out


@dataclass(frozen=True)
class Recording:
    """Mono audio: ``samples`` is float32 (time,), full scale at 1.0."""

    samples: NDArray[np.float32]
    sample_rate_hz: int
    path: Path

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate_hz


def read_recording(path: Path) -> Recording:
    """Read a sound file as mono float32 at its own sample rate.

    A stereo file is accepted where its channels are equal. Raises AudioError
    for anything that is not usable audio.
    """
    try:
        with path.open("rb") as opened:
            # libsndfile jumps about in a file, which a pipe does not allow.
            stream = opened if opened.seekable() else io.BytesIO(opened.read(MAX_PIPE_BYTES))
            with soundfile.SoundFile(stream) as file:
                _check_header(path, file)
                samples = file.read(dtype="float32", always_2d=True)
                sample_rate_hz = int(file.samplerate)
    except OSError as error:
        raise AudioError(
            f"{path} cannot be opened ({error.strerror}).", "Check the name and the folder."
        ) from error
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        # TypeError: a headerless format such as .raw
        reason = getattr(error, "error_string", "its format is not known")
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
    mono = samples[:, 0]
    if not (samples == mono[:, np.newaxis]).all():
        raise AudioError(
            f"{path.name} has {samples.shape[1]} channels that differ.",
            "Export the channel with the amp as a mono file.",
        )
    return Recording(np.ascontiguousarray(mono), sample_rate_hz, path)


def _check_header(path: Path, file: soundfile.SoundFile) -> None:
    if not MIN_RATE_HZ <= file.samplerate <= MAX_RATE_HZ:
        raise AudioError(
            f"{path.name} says it has {file.samplerate} samples per second.",
            f"Use a recording with {MIN_RATE_HZ} to {MAX_RATE_HZ}.",
        )
    if file.channels > 2:
        raise AudioError(f"{path.name} has {file.channels} channels.", "Export it as a mono file.")
    if file.frames >= UNKNOWN_LENGTH:
        raise AudioError(
            f"{path.name} does not say how long it is.", "Export it again as a WAV file."
        )
    if file.frames * file.channels > MAX_SAMPLES:
        hours = file.frames / file.samplerate / 3600
        raise AudioError(
            f"{path.name} is {hours:.1f} hours long.", "A capture needs a few minutes of audio."
        )


def write_wav(path: Path, samples: NDArray[np.float32], sample_rate_hz: int) -> None:
    """Write mono float32 audio as a 32-bit float WAV, atomically."""
    # Encoded in memory first: libsndfile cannot pass on an error of the disk.
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, sample_rate_hz, subtype="FLOAT", format="WAV")
    try:
        with atomic_write(path) as file:
            file.write(encoded.getbuffer())
    except OSError as error:
        raise AudioError(
            f"{path} cannot be written ({error.strerror}).",
            "Choose another folder or free some space.",
        ) from error
