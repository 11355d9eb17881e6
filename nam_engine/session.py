"""The one door for the command line and the window: from files to a saved model."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from nam_engine.alignment import Confidence
from nam_engine.atomic import require_unused
from nam_engine.audio import read_recording, write_wav
from nam_engine.capture import align
from nam_engine.control import RunControl
from nam_engine.devices import resolve_device
from nam_engine.errors import (
    AudioError,
    CaptureError,
    NamEngineError,
    NamFileError,
    PictureError,
    TrainingError,
)
from nam_engine.evaluate import Score, evaluate, play_passage, submodels_of
from nam_engine.events import Checked, Finished, TrainEvent, TrainResult, Warned
from nam_engine.export import build_container
from nam_engine.findings import Severity
from nam_engine.intake import CaptureReport, Choices, take_in
from nam_engine.job_folder import JobFolder, file_name
from nam_engine.keeper import Keeper
from nam_engine.listening import write_listening_file
from nam_engine.metadata import (
    LatencyCalibration,
    LatencyWarnings,
    TrainingMetadata,
    UserMetadata,
)
from nam_engine.nam_file import NamContainer, NamFile, read_nam
from nam_engine.picture import draw_error_spectrum
from nam_engine.presets import A2, OFFICIAL_RECIPE, Recipe
from nam_engine.render import render
from nam_engine.stopping import StopRules
from nam_engine.trainer import Trainer
from nam_engine.warm_start import read_start
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

__all__ = ["TrainJob", "evaluate_files", "render_file", "train"]


@dataclass(frozen=True)
class TrainJob:
    """One recording to be turned into a .nam file in a folder of its own in ``outdir``.

    Folder and file are called after ``user.name``, else after the recording. ``channel`` (from
    1) of the recording is used, where its channels differ. With ``resume`` the latest training
    of this name goes on where it was, if there is one; a new one begins with the models of
    ``start_path``, if given.
    """

    input_path: Path
    output_path: Path
    outdir: Path
    recipe: Recipe = OFFICIAL_RECIPE
    device: str = "auto"
    seed: int = 0
    choices: Choices = field(default_factory=Choices)
    channel: int | None = None
    user: UserMetadata = field(default_factory=UserMetadata)
    stop_rules: StopRules = field(default_factory=StopRules)
    resume: bool = False
    start_path: Path | None = None


def train(job: TrainJob, control: RunControl | None = None) -> Generator[TrainEvent, None, None]:
    """Run a job: ``Checked``, then the events of ``Trainer.run``, ``Saved`` before ``Finished``.

    Everything is kept in a folder of its own in ``job.outdir``. Raises the errors of the stages
    before any training where the files or the folder are unusable; an error after that leaves
    the best so far in the folder, and ``Saved`` has said so.
    """
    control = control or RunControl()
    intake = take_in(
        read_recording(job.input_path),
        read_recording(job.output_path, job.channel),
        job.choices,
    )
    capture = intake.require_capture()
    config = parse_packed(A2)
    trainer = Trainer(
        capture,
        config,
        job.recipe,
        device=resolve_device(job.device),
        seed=job.seed,
        stop_rules=job.stop_rules,
    )
    folder, warnings = _open_folder(job, trainer)
    with closing(folder):
        keeper = Keeper(folder, trainer, partial(_container, job, config, intake.report))
        keeper.put_report(intake.report)
        keeper.begin()
        events = _run(trainer, keeper, control)
        checked = _checked(file_name(job.user.name or capture.name), intake.report, job.choices)
        for event in chain([checked], warnings, events):
            keeper.note(event)
            yield event


def _open_folder(job: TrainJob, trainer: Trainer) -> tuple[JobFolder, list[Warned]]:
    """A new folder, or the one of the training to be continued, whose state is restored."""
    name = file_name(job.user.name or trainer.capture.name)
    folder = JobFolder.latest(job.outdir, name) if job.resume else None
    if folder is not None:
        try:
            state, warnings = folder.read_state()
            trainer.restore(state)
        except NamEngineError:
            folder.close()
            raise
        return folder, warnings
    if job.start_path is not None:
        rate = trainer.capture.sample_rate_hz
        trainer.start_from(read_start(job.start_path, trainer.config, rate))
    return JobFolder.create(job.outdir, name), []


def _run(trainer: Trainer, keeper: Keeper, control: RunControl) -> Iterator[TrainEvent]:
    """The trainer's events, and what is saved in between."""
    try:
        for event in trainer.run(control.should_stop):
            if isinstance(event, Finished):
                yield from keeper.finish(event.result)
            yield event
            yield from keeper.keep(event, control)
    except TrainingError as error:
        keeper.log([f"! {error}"])
        if error.__cause__ is not None:
            keeper.log(traceback.format_exception(error.__cause__))
        if trainer.has_best:
            yield from keeper.finish(trainer.result())
        raise
    except BaseException:
        # Ctrl-C for the second time, a window that closes, or a fault of ours.
        keeper.log(traceback.format_exc().splitlines())
        keeper.abandon()
        raise


def _checked(name: str, report: CaptureReport, choices: Choices) -> Checked:
    by_hand = choices.latency_samples is not None
    return Checked(
        capture=name,
        input=report.recognised.known.name if report.recognised else None,
        latency_samples=report.latency_samples,
        confidence="by hand" if by_hand else report.alignment.confidence.value,
        warnings=tuple(f.message for f in report.findings if f.severity is not Severity.INFO),
    )


def _container(
    job: TrainJob, config: PackedConfig, report: CaptureReport, result: TrainResult
) -> NamContainer:
    """The result as a file with all that is known about it."""
    alignment = report.alignment
    detected = alignment.confidence is not Confidence.NONE
    training = TrainingMetadata(
        submodel_validation_esr={s.name: s.metrics.esr for s in result.submodels},
        manual_latency_samples=job.choices.latency_samples,
        calibration=LatencyCalibration(
            delays=(alignment.delay_samples,) if detected else (),
            recommended=alignment.delay_samples if detected else None,
            warnings=LatencyWarnings(
                disagreement_too_high=alignment.confidence is Confidence.LOW,
                not_detected=not detected,
            ),
        ),
        ignore_checks=job.choices.ignore_checks,
        checks_passed=not report.stops,
    )
    return build_container(config, result, user=job.user, training=training, moment=datetime.now())


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
    latency_samples: int = 0,
    start_seconds: float = 0.0,
    stop_seconds: float | None = None,
    spectrum_path: Path | None = None,
    listen_path: Path | None = None,
) -> list[Score]:
    """Score every submodel of a .nam file on a pair of recordings.

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
    target = target[start:stop]
    played = play_passage(file, samples, start, stop)
    if spectrum_path is not None:
        title = (
            f"{model_path.name} against {output_path.name},"
            f" {start / rate:.1f} to {stop / rate:.1f} s"
        )
        draw_error_spectrum(spectrum_path, title, target, played, rate)
    if listen_path is not None:
        write_listening_file(listen_path, target, played, rate)
    return evaluate(played, target, rate)


def require_rate(file: NamFile, model_path: Path, sample_rate_hz: int, audio_path: Path) -> None:
    """Refuse audio at another sample rate than the model's (48 kHz where it has none)."""
    _, model = submodels_of(file)[-1]
    model_rate_hz = model.sample_rate_hz or 48_000
    if sample_rate_hz != model_rate_hz:
        raise AudioError(
            f"{audio_path.name} has {sample_rate_hz} samples per second but"
            f" {model_path.name} was made for {model_rate_hz}.",
            "Convert the audio to the model's sample rate.",
        )
