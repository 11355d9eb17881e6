"""Trainings of earlier days: what job.json says, and what is read back from a folder."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support import RATE_HZ, playing, rig, small_packed

from nam_engine import keeper, session
from nam_engine.audio import write_wav
from nam_engine.control import RunControl
from nam_engine.errors import CheckpointError, NamFileError, TrainingError
from nam_engine.events import EpochDone, Finished, StepsDone, TrainEvent
from nam_engine.intake import Choices
from nam_engine.job_file import JOB, MAX_BYTES, Ending, encode_job, read_job
from nam_engine.job_folder import JobFolder
from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_engine.past import MAX_FOUND, UNKNOWN, find_trainings, put_ending, read_training
from nam_engine.presets import LossName, OptimizerName, Recipe
from nam_engine.session import train
from nam_engine.stepping import Stepper
from nam_engine.stopping import StopRules
from nam_engine.train_job import TrainJob

RECIPE = Recipe(epochs=3, window_samples=2048, batch_size=8, learning_rate=0.03, mrstft_weight=0.0)
FULL = TrainJob(
    Path("/in/di.wav").absolute(),
    Path("/in/Bäd \udcff \u00a0name.wav").absolute(),
    Path("/out"),
    recipe=replace(
        RECIPE,
        weight_decay=1e-7,
        optimizer=OptimizerName.SOAP,
        anneals=True,
        loss=LossName.LOG_MSE,
    ),
    device="cuda",
    seed=7,
    choices=Choices(-312, (1.5, 10.25), 44_100, flip_polarity=True, ignore_checks=True),
    channel=2,
    user=UserMetadata(
        "Twin\u00a0\U0001f3b8", "me", "F", "T", GearType.AMP_CAB, ToneType.FUZZ, -4.25, 12.0
    ),
    stop_rules=StopRules(0.01, "channels_3", 20, 30.5),
)


def write(folder: Path, job: TrainJob = FULL, ending: Ending = Ending.DONE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JOB).write_bytes(encode_job(job, ending))
    return folder


# job.json


@pytest.mark.parametrize(
    "job",
    [
        FULL,
        replace(
            FULL,
            recipe=Recipe(),
            choices=Choices(),
            channel=None,
            user=UserMetadata(),
            stop_rules=StopRules(),
        ),
    ],
)
def test_a_job_comes_back_as_it_was(tmp_path: Path, job: TrainJob) -> None:
    folder = write(tmp_path / "Twin (2)", job, Ending.FAILED)
    file = read_job(folder)
    assert file.job == replace(job, outdir=tmp_path, resume=True, folder=folder)
    assert (file.folder, file.ending) == (folder, Ending.FAILED)


def test_recordings_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "out", TrainJob(Path("di.wav"), Path("amp.wav"), Path("out")))
    assert read_job(folder).job.output_path == tmp_path / "amp.wav"


def test_200_damaged_jobs_are_refused_in_a_sentence_or_valid(tmp_path: Path) -> None:
    rng = random.Random(0)
    content = encode_job(FULL, Ending.STOPPED)
    folder, refused = write(tmp_path / "amp"), 0
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(damaged))
            match rng.randrange(3):
                case 0:
                    damaged[at] = rng.randrange(256)
                case 1:
                    del damaged[at : at + rng.randrange(1, 30)]
                case 2:
                    damaged[at:at] = rng.choice([b"9" * 20, b"null", b"-1e999", b"[" * 99])
        (folder / JOB).write_bytes(damaged)
        try:
            job = read_job(folder).job
        except NamFileError:
            refused += 1
        else:
            assert job.recipe.epochs > 0
            assert job.input_path.is_absolute()
    assert refused > 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 50_000,
        b"[]",
        b"9" * 5000,
        b" " * MAX_BYTES + b"{}",
        b'{"schema": 1}',
        b'{"schema": "\\ud800"}',
    ],
)
def test_what_is_no_job_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOB).write_bytes(content)
    with pytest.raises(NamFileError, match="is damaged"):
        read_job(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_path", "relative.wav"),
        ("input_path", "/nul\0.wav"),
        ("output_path", "/half \ud800.wav"),
        ("device", "cuda:99"),
        ("seed", -1),
        ("channel", 0),
        ("ending", "well"),
        ("recipe", {"epochs": 10**12}),
        ("recipe", {"optimizer": "sgd"}),
        ("recipe", {"anneals": 1}),
        ("recipe", {"loss": "mae"}),
        ("recipe", {"window_samples": 1, "mrstft_weight": 0.1}),
        ("recipe", {"learning_rate": -1}),
        ("recipe", {"lr_decay_per_epoch": 1.1}),
        ("recipe", {"target_rms_dbfs": 1e9}),
        ("choices", {"validation_seconds": [1]}),
        ("user", {"name": "\ud800"}),
        ("user", {"gear_type": "banjo"}),
        ("user", {"input_level_dbu": 1e3}),
        ("stop_rules", {"patience": 0}),
    ],
)
def test_values_that_make_no_sense_are_refused(tmp_path: Path, key: str, value: object) -> None:
    document = json.loads(encode_job(FULL, Ending.DONE))
    is_part = isinstance(value, dict)
    document[key] = {**document[key], **value} if is_part else value  # type: ignore[dict-item]
    (tmp_path / JOB).write_text(json.dumps(document))
    with pytest.raises(NamFileError, match="is damaged"):
        read_job(tmp_path)


def test_a_newer_version_is_left_to_that(tmp_path: Path) -> None:
    (tmp_path / JOB).write_text('{"schema": 3}')
    with pytest.raises(NamFileError, match="newer version"):
        read_job(tmp_path)


# Finding


def test_the_latest_20_are_found_and_nothing_else(tmp_path: Path) -> None:
    for i in range(MAX_FOUND + 3):
        os.utime(write(tmp_path / f"amp {i}") / JOB, (1000 + i, 1000 + i))
    (tmp_path / "amp 22" / JOB).write_text("damaged")
    (tmp_path / "no training").mkdir()
    (tmp_path / "file").touch()
    found = find_trainings([tmp_path, tmp_path / "gone", tmp_path, tmp_path / "file"])
    assert [file.folder.name for file in found] == [f"amp {i}" for i in range(21, 1, -1)]
    assert find_trainings([tmp_path], lambda: True) == []


# Real trainings


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainJob:
    """On a small network, saved as often as it may be."""
    monkeypatch.setattr(session, "parse_packed", lambda _: small_packed())
    monkeypatch.setattr(session, "draw_comparison", lambda *_: b"a picture")
    for interval in ("CHECKPOINT_SECONDS", "LONG_EPOCH_SECONDS", "MODEL_SECONDS"):
        monkeypatch.setattr(keeper, interval, 0.0)
    x = playing(3)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", rig(x), RATE_HZ)
    return TrainJob(
        tmp_path / "di.wav", tmp_path / "amp.wav", tmp_path / "out", RECIPE, device="cpu"
    )


def run(job: TrainJob, until: Callable[[TrainEvent], bool] | None = None) -> list[TrainEvent]:
    """The events of a training, stopped by the user where ``until`` says so."""
    control, events = RunControl(), []
    for event in train(job, control):
        events.append(event)
        if until is not None and until(event):
            control.stop()
    return events


def is_epoch(event: TrainEvent) -> bool:
    return isinstance(event, EpochDone)


def test_finished_training_is_read_back_whole(job: TrainJob) -> None:
    events = run(job)
    folder = job.outdir / "amp"
    past = read_training(folder)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert past.file.ending is Ending.DONE
    assert past.file.job == replace(job, resume=True, folder=folder)
    assert list(past.history) == [event for event in events if is_epoch(event)]
    figures = [(best.name, best.epoch, best.metrics) for best in past.best]
    assert figures == [(b.name, b.epoch, b.metrics) for b in finished.result.submodels]
    assert past.model_path == folder / "amp.nam"
    document = json.loads((folder / "report.json").read_text())
    findings = [finding for model in document["models"] for finding in model["findings"]]
    assert [probe.split()[0] for probe in past.probes] == [
        finding["message"].split()[0] for finding in findings
    ]


def test_nothing_is_claimed_where_the_report_is_gone(job: TrainJob) -> None:
    run(job)
    report = job.outdir / "amp" / "report.json"
    report.write_text('{"models": []}')
    assert read_training(report.parent).probes is None
    report.write_text('{"models": [{"findings": 3}]}')
    assert read_training(report.parent).probes == (UNKNOWN,)
    report.unlink()
    assert read_training(report.parent).probes == (UNKNOWN,)


def test_stopped_training_reads_as_stopped_and_goes_on(job: TrainJob) -> None:
    run(job, is_epoch)
    folder = job.outdir / "amp"
    past = read_training(folder)
    assert (past.file.ending, len(past.history)) == (Ending.STOPPED, 1)
    assert past.probes  # one epoch is not enough
    # Another one of the same name and recording, which is later.
    run(job, is_epoch)
    assert (job.outdir / "amp (2)").is_dir()
    events = run(past.file.job)
    assert isinstance(events[-1], Finished)
    assert read_training(folder).file.ending is Ending.DONE
    assert len(read_training(folder).history) == RECIPE.epochs
    assert read_job(job.outdir / "amp (2)").ending is Ending.STOPPED


def test_nothing_is_over_before_the_model_is_written(tmp_path: Path) -> None:
    with closing(JobFolder.create(tmp_path, "amp")) as folder:
        folder.put(JOB, encode_job(FULL, Ending.DONE))
        folder.put("model.nam", b"a model")
        folder.put("history.csv", b"a table")
        folder.model_path.mkdir()  # in the model's way
        with pytest.raises(OSError, match="amp"):
            folder.flush()
        assert not (folder.path / JOB).exists()
        folder.model_path.rmdir()
        (folder.path / "history.csv").unlink()
        folder.flush()
        assert read_job(folder.path).ending is Ending.DONE


def test_failed_training_reads_as_failed(job: TrainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the device is lost")

    events = train(job)
    for event in events:
        if is_epoch(event):
            monkeypatch.setattr(Stepper, "backward", fail)
            break
    with pytest.raises(TrainingError):
        list(events)
    past = read_training(job.outdir / "amp")
    assert past.file.ending is Ending.FAILED
    assert past.model_path is not None


def test_running_training_reads_as_interrupted_and_in_use(job: TrainJob) -> None:
    folder = job.outdir / "amp"
    with closing(train(job)) as events:
        next(event for event in events if isinstance(event, StepsDone))
        assert read_training(folder).file.ending is Ending.INTERRUPTED
        assert JobFolder.is_in_use(folder)
        with pytest.raises(NamFileError, match="Another program"):
            put_ending(folder, Ending.STOPPED)
    # Nobody listens any more: not what the user calls a stop.
    assert read_training(folder).file.ending is Ending.INTERRUPTED
    assert not JobFolder.is_in_use(folder)
    put_ending(folder, Ending.STOPPED)
    assert read_training(folder).file.ending is Ending.STOPPED


def test_moved_training_is_in_one_place(job: TrainJob, tmp_path: Path) -> None:
    control = RunControl()
    for event in train(job, control):
        if isinstance(event, EpochDone) and event.epoch == 1:
            control.save_to(tmp_path / "elsewhere")
    found = find_trainings([job.outdir, tmp_path / "elsewhere"])
    assert [file.folder for file in found] == [tmp_path / "elsewhere" / "amp"]
    assert found[0].job.outdir == tmp_path / "elsewhere"
    assert found[0].ending is Ending.DONE


def test_the_state_before_stands_in_for_a_damaged_one(job: TrainJob) -> None:
    run(job)
    folder = job.outdir / "amp"
    (folder / "last.ckpt").write_bytes(b"damaged")
    assert read_training(folder).history
    (folder / "previous.ckpt").unlink()
    with pytest.raises(CheckpointError, match="cannot be continued"):
        read_training(folder)
    assert (folder / "last.ckpt").exists(), "reading changes nothing"
