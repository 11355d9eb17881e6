"""The one door for the command line and the window: from files to a saved model."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from nam_engine.alignment import Confidence
from nam_engine.audio import read_recording
from nam_engine.control import RunControl
from nam_engine.devices import resolve_device
from nam_engine.errors import (
    NamEngineError,
    TrainingError,
)
from nam_engine.events import Checked, Finished, Probed, TrainEvent, TrainResult, Warned
from nam_engine.export import build_container
from nam_engine.findings import Severity
from nam_engine.intake import CaptureReport, Choices, take_in
from nam_engine.job_folder import JobFolder, file_name
from nam_engine.keeper import Keeper
from nam_engine.metadata import (
    LatencyCalibration,
    LatencyWarnings,
    TrainingMetadata,
    UserMetadata,
)
from nam_engine.nam_file import NamContainer, NamModel
from nam_engine.picture import draw_comparison
from nam_engine.presets import A2, OFFICIAL_RECIPE, Recipe
from nam_engine.probe import probe_model
from nam_engine.render import play
from nam_engine.stopping import StopRules
from nam_engine.trainer import Trainer
from nam_engine.warm_start import read_start
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

__all__ = ["TrainJob", "train"]


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
    keeper = Keeper(folder, trainer, partial(_container, job, config, intake.report), control)
    events = _run(trainer, keeper, intake.report, control)
    # In this order: a run that is left alone saves before its folder is closed.
    with closing(keeper), closing(events):
        keeper.put_report(intake.report)
        keeper.begin()
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


def _run(
    trainer: Trainer, keeper: Keeper, report: CaptureReport, control: RunControl
) -> Generator[TrainEvent, None, None]:
    """The trainer's events, and what is saved in between."""
    try:
        for event in trainer.run(control.should_stop):
            if isinstance(event, Finished):
                yield from keeper.finish(event.result)
                yield from _review(trainer, keeper, report, event.result)
            yield event
            yield from keeper.keep(event)
    except TrainingError as error:
        keeper.log([f"! {error}"])
        if error.__cause__ is not None:
            keeper.log(traceback.format_exception(error.__cause__))
        if trainer.has_best:
            yield from keeper.finish(trainer.result())
            yield from _review(trainer, keeper, report, trainer.result())
        raise
    except BaseException:
        # Ctrl-C for the second time, a window that closes, or a fault of ours.
        keeper.log(traceback.format_exc().splitlines())
        keeper.abandon()
        raise


def _review(
    trainer: Trainer, keeper: Keeper, report: CaptureReport, result: TrainResult
) -> Iterator[Probed | Warned]:
    """Draw what the models play, try them out, and keep both beside the model."""
    capture = trainer.capture
    models = {
        best.name: NamModel(submodel.config, best.weights, result.sample_rate_hz)
        for best, submodel in zip(result.submodels, trainer.config.submodels, strict=True)
    }
    passage = capture.validation
    played = {
        name: play(model, capture.input, passage.start, passage.stop)
        for name, model in models.items()
    }
    probes = [probe_model(name, model, capture, report) for name, model in models.items()]
    yield from keeper.put_review(
        report,
        probes,
        draw_comparison(capture.name, passage.of(capture.target), played, capture.sample_rate_hz),
    )
    yield Probed(
        tuple(f"{finding.message} {finding.remedy}" for p in probes for finding in p.findings)
    )


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
