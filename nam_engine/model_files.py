"""Finished .nam files and sound files: play one through the other, compare."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from nam_engine.atomic import atomic_write, require_unused
from nam_engine.audio import Span, read_recording, write_wav
from nam_engine.capture import align
from nam_engine.comparison import play_passage, require_rate
from nam_engine.errors import (
    AudioError,
    CaptureError,
    NamEngineError,
    NamFileError,
    PictureError,
)
from nam_engine.evaluate import Score, evaluate
from nam_engine.intake import measured_latency
from nam_engine.listening import write_listening_file
from nam_engine.nam_file import NamContainer, read_nam, submodels_of
from nam_engine.picture import draw_error_spectrum
from nam_engine.render import render

__all__ = ["evaluate_files", "prepare_folder", "render_file"]


def prepare_folder(folder: Path) -> None:
    """Make the folder and prove that it can be written to, before hours are spent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NamFileError(
            f"Nothing can be written to {folder} ({error.strerror}).", "Choose another folder."
        ) from error


def prepare_new_file(path: Path, ending: str, error: type[NamEngineError]) -> None:
    """Prove that a file which ends so can be written without overwriting another."""
    require_unused(path, ending, error)
    prepare_folder(path.parent)


def render_file(model_path: Path, input_path: Path, output_path: Path, slim: float) -> None:
    """Play a sound file through a .nam file into a 32-bit float WAV."""
    file = read_nam(model_path)
    recording = read_recording(input_path)
    model = file.select(slim) if isinstance(file, NamContainer) else file
    require_rate(file, model_path, recording.sample_rate_hz, input_path)
    prepare_new_file(output_path, ".wav", AudioError)
    played = render(model, recording.samples)
    if not np.isfinite(played).all():
        raise NamFileError(
            f"{model_path.name} plays values that are not numbers.",
            "Its weights are damaged; get the file again.",
        )
    write_wav(output_path, played, recording.sample_rate_hz)


def evaluate_files(
    model_path: Path,
    input_path: Path,
    output_path: Path,
    *,
    latency_samples: int | None = None,
    start_seconds: float = 0.0,
    stop_seconds: float | None = None,
    spectrum_path: Path | None = None,
    listen_path: Path | None = None,
) -> list[Score]:
    """Score every submodel of a .nam file on a pair of recordings.

    ``latency_samples`` is how much later the output is; by default it is measured.
    Where asked for, what was scored is also drawn (``spectrum_path``, a PNG) and written
    to be listened to (``listen_path``, a WAV). A name that is taken or a folder that
    cannot be written to is refused before anything is read.
    """
    if spectrum_path is not None:
        prepare_new_file(spectrum_path, ".png", PictureError)
    if listen_path is not None:
        prepare_new_file(listen_path, ".wav", AudioError)
    file = read_nam(model_path)
    source, output = read_recording(input_path), read_recording(output_path)
    rate = source.sample_rate_hz
    require_rate(file, model_path, rate, input_path)
    if latency_samples is None:
        latency_samples = measured_latency(source, output)
    samples, target = align(source, output, latency_samples)
    length = len(samples)
    start = round(start_seconds * rate)
    stop = length if stop_seconds is None else min(length, round(stop_seconds * rate))
    shortest = 2048
    if start < 0 or stop - start < shortest:
        raise CaptureError(
            f"{input_path.name} and {output_path.name} share {length / rate:.2f} s;"
            f" {start / rate:.2f} to {stop / rate:.2f} s of it is too little to judge.",
            "Choose a longer passage.",
        )
    if not target[start:stop].any():
        raise CaptureError(
            f"{output_path.name} is silent from {start / rate:.2f} to {stop / rate:.2f} s.",
            "Choose another passage.",
        )
    heard = play_passage(dict(submodels_of(file)), samples, target, Span(start, stop), rate)
    if spectrum_path is not None:
        title = (
            f"{model_path.name} against {output_path.name},"
            f" {start / rate:.1f} to {stop / rate:.1f} s"
        )
        picture = draw_error_spectrum(title, heard.target, heard.predictions, rate)
        try:
            with atomic_write(spectrum_path) as stream:
                stream.write(picture)
        except OSError as error:
            raise PictureError(
                f"{spectrum_path} cannot be written ({error.strerror}).",
                "Choose another folder or free some space.",
            ) from error
    if listen_path is not None:
        write_listening_file(listen_path, heard.target, heard.predictions, rate)
    return evaluate(heard.predictions, heard.target, rate)
