"""Two thousand ways to damage a sound file: audio or an AudioError, soon and small."""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from support import RATE_HZ, playing

from nam_engine.audio import BLOCK_FRAMES, MAX_SAMPLES, Recording, read_recording
from nam_engine.errors import AudioError

CASES = 200  # of each of the kinds of files
KNOWN_FORMATS = [
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("WAV", "IMA_ADPCM"),
    ("WAVEX", "PCM_24"),
    ("RF64", "PCM_24"),
    ("W64", "PCM_24"),
    ("FLAC", "PCM_24"),
    ("AIFF", "PCM_24"),
    ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"),
]
FORMATS = [names for names in KNOWN_FORMATS if soundfile.check_format(*names)]


def sound_file(container: str, subtype: str, channels: int) -> bytes:
    samples = playing(0.03)[:, np.newaxis].repeat(channels, axis=1)
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, RATE_HZ, format=container, subtype=subtype)
    return encoded.getvalue()


FILES = [[sound_file(*names, channels) for channels in (1, 2)] for names in FORMATS]

HEADER_BYTES = 512
CHUNKS = [b"fmt ", b"data", b"fact", b"PEAK", b"ds64", b"LIST", b"COMM", b"SSND", b"FVER"]
EXTREMES = [0, 1, 2**16, 96_000, 90_000_000, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]


def place(random: Random, content: bytes) -> int:
    return random.randrange(min(HEADER_BYTES, len(content)))


def flip(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        changed[place(random, content)] = random.randrange(256)
    return bytes(changed)


def overwrite(random: Random, content: bytes) -> bytes:
    width, order = random.choice([2, 4, 8]), random.choice(["little", "big"])
    value = (random.choice(EXTREMES) % 2 ** (8 * width)).to_bytes(width, order)
    start = place(random, content)
    return content[:start] + value + content[start + width :]


def cut(random: Random, content: bytes) -> bytes:
    return content[: random.choice([place(random, content), random.randrange(len(content))])]


def chunk(random: Random, content: bytes) -> tuple[int, int]:
    """Start and stop of a chunk, or of a few bytes where there are none."""
    starts = sorted(content.index(name) for name in CHUNKS if name in content)
    if not starts:
        start = place(random, content)
        return start, start + random.randint(1, 64)
    i = random.randrange(len(starts))
    return starts[i], [*starts, len(content)][i + 1]


def duplicate(random: Random, content: bytes) -> bytes:
    start, stop = chunk(random, content)
    return content[:stop] + content[start:]


def delete(random: Random, content: bytes) -> bytes:
    start, stop = chunk(random, content)
    return content[:start] + content[stop:]


def splice(random: Random, content: bytes) -> bytes:
    other = random.choice(random.choice(FILES))
    return content[: place(random, content)] + other[place(random, other) :]


DAMAGES: list[Callable[[Random, bytes], bytes]] = [
    flip,
    overwrite,
    overwrite,
    overwrite,
    cut,
    duplicate,
    delete,
    splice,
]


def damaged(random: Random, content: bytes) -> bytes:
    for _ in range(random.randint(1, 3)):
        content = random.choice(DAMAGES)(random, content) or b"\0"
    return content


def read(path: Path, channel: int | None) -> Recording | AudioError:
    try:
        return read_recording(path, channel)
    except AudioError as error:
        return error


@pytest.mark.parametrize("files", FILES, ids=[" ".join(names) for names in FORMATS])
def test_damaged_files_are_audio_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[bytes]
) -> None:
    swallowed: list[object] = []  # raised where libsndfile calls back
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)
    path = tmp_path / "take"
    block_bytes = BLOCK_FRAMES * len(files) * 4
    started = time.process_time()
    tracemalloc.start()
    for case in range(CASES):
        random = Random(case)
        path.write_bytes(damaged(random, random.choice(files)))
        tracemalloc.reset_peak()
        outcome = read(path, random.choice([None, None, 1]))
        if isinstance(outcome, AudioError):
            assert outcome.message, case
            assert outcome.remedy, case
        else:
            samples = outcome.samples
            assert (samples.dtype, samples.ndim) == (np.float32, 1), case
            assert len(samples), case
            assert np.isfinite(samples).all(), case
        assert not swallowed, case
        assert tracemalloc.get_traced_memory()[1] < 8 * block_bytes, case
    tracemalloc.stop()
    assert time.process_time() - started < 5.0


def test_header_of_many_frames_and_channels_takes_one_block(tmp_path: Path) -> None:
    content = bytearray(sound_file("FLAC", "PCM_16", channels=8))
    frames = MAX_SAMPLES // 8
    content[22:26] = frames.to_bytes(4, "big")
    path = tmp_path / "take.flac"
    path.write_bytes(content)
    assert soundfile.info(path).frames == frames
    tracemalloc.start()
    with pytest.raises(AudioError, match="cannot be read"):
        read_recording(path, 8)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2 * 4 * 8 * BLOCK_FRAMES
