"""The one door for the command line and the window: from files to a saved model."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from nam_engine.alignment import Confidence
from nam_engine.capture import Capture
from nam_engine.comparison import play_passage
from nam_engine.control import RunControl
from nam_engine.dataset import material_of
from nam_engine.device_choice import choose_device
from nam_engine.errors import NamEngineError, OtherTrainingError
from nam_engine.events import Checked, Probed, TrainEvent, TrainResult, Warned
from nam_engine.export import build_container
from nam_engine.findings import Probe, Severity
from nam_engine.intake import CaptureReport, Choices
from nam_engine.job_folder import JobFolder, file_name
from nam_engine.json_text import to_json
from nam_engine.keeper import Keeper
from nam_engine.kept_run import run_and_keep
from nam_engine.metadata import LatencyCalibration, LatencyWarnings, TrainingMetadata
from nam_engine.nam_file import NamContainer, NamModel
from nam_engine.picture import draw_comparison
from nam_engine.presets import A2, submodel_title
from nam_engine.probe import probe_model
from nam_engine.records import JobRecords
from nam_engine.train_job import TrainJob
from nam_engine.trainer import Trainer
from nam_engine.warm_start import read_start
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

__all__ = ["TrainJob", "train"]


def train(job: TrainJob, control: RunControl | None = None) -> Generator[TrainEvent, None, None]:
    """Run a job: ``Checked``, then the events of ``Trainer.run``, ``Saved`` before ``Finished``.

    Everything is kept in a folder of its own in ``job.outdir``. Raises the errors of the stages
    before any training where the files or the folder are unusable; an error after that leaves
    the best so far in the folder, and ``Saved`` has said so.
    """
    control = control or RunControl()
    intake = job.take_in()
    capture = intake.require_capture()
    name = file_name(job.user.name or capture.name)
    checked = _checked(name, intake.report, job.choices)
    yield checked  # the next takes seconds, the first time on a machine more than a few
    config = parse_packed(A2)
    material, method = material_of(capture, config.receptive_field, job.recipe), job.recipe.method
    choice = choose_device(job.device, config, method, material)
    trainer = Trainer(
        material,
        config,
        method,
        device=choice.device,
        seed=job.seed,
        stop_rules=job.stop_rules,
    )
    folder, warnings = _open_folder(job, name, trainer, capture.sample_rate_hz)
    export = partial(_container, job, config, intake.report)
    keeper = Keeper(folder, trainer, JobRecords(job, config, export), control, capture.name)
    keeper.put({"report.json": _encode_report(intake.report)})
    keeper.note(checked)
    review = partial(_review, config, keeper, capture, intake.report)
    yield from run_and_keep(trainer, keeper, control, review, [*choice.told, *warnings])


def _open_folder(
    job: TrainJob, name: str, trainer: Trainer, rate_hz: int
) -> tuple[JobFolder, list[Warned]]:
    """A new folder, or the one of the training to be continued, whose state is restored."""
    resumed = _resume(_earlier(job, name), trainer) if job.resume else None
    if resumed is None:
        if job.start_path is not None:
            trainer.start_from(read_start(job.start_path, trainer.config, rate_hz))
        return JobFolder.create(job.outdir, name), []
    folder, warnings = resumed
    if job.start_path is not None:
        unused = f"{job.start_path.name} is not used: an earlier training goes on."
        warnings.append(Warned(unused))
    return folder, warnings


def _earlier(job: TrainJob, name: str) -> list[Path]:
    """The folders in one of which the training to be continued is."""
    return JobFolder.earlier(job.outdir, name) if job.folder is None else [job.folder]


def _resume(paths: Sequence[Path], trainer: Trainer) -> tuple[JobFolder, list[Warned]] | None:
    """Restore the first of these folders that holds this training; None where there is none.

    Another one may well have the same name. Raises OtherTrainingError where all are others.
    """
    other: OtherTrainingError | None = None
    for path in paths:
        folder = JobFolder(path)
        try:
            return folder, folder.restore(trainer.restore)
        except OtherTrainingError as error:
            folder.close()
            other = other or error
        except NamEngineError:
            folder.close()
            raise
    if other is not None:
        raise other
    return None


def _review(
    config: PackedConfig,
    keeper: Keeper,
    capture: Capture,
    report: CaptureReport,
    result: TrainResult,
) -> Iterator[Probed | Warned]:
    """Draw what the models play, try them out, and keep both beside the model."""
    comparison, probes = _look_at(config, capture, report, result)
    yield from keeper.save(
        {"report.json": _encode_report(report, probes), "comparison.png": comparison}
    )
    yield Probed(
        tuple(f"{finding.message} {finding.remedy}" for p in probes for finding in p.findings)
    )


def _look_at(
    config: PackedConfig, capture: Capture, report: CaptureReport, result: TrainResult
) -> tuple[bytes, list[Probe]]:
    """A picture (PNG) of what the models play, and what is wrong with them."""
    models = {
        best.name: NamModel(submodel.config, best.weights, result.sample_rate_hz)
        for best, submodel in zip(result.submodels, config.submodels, strict=True)
    }
    rate = capture.sample_rate_hz
    heard = play_passage(models, capture.input, capture.target, capture.validation, rate)
    titled = {submodel_title(name): played for name, played in heard.predictions.items()}
    picture = draw_comparison(capture.name, heard.target, titled, rate)
    return picture, [probe_model(n, model, capture, report) for n, model in models.items()]


def _encode_report(report: CaptureReport, probes: Sequence[Probe] = ()) -> bytes:
    """What is known about the recording and, at the end, about the models."""
    document = {**report.to_json(), "models": [probe.to_json() for probe in probes]}
    return to_json(document, indent=2).encode()


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
    return build_container(
        config, result, user=job.user, training=training.to_json(), moment=datetime.now()
    )
