"""A training goes on in its folder, or begins with a finished model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kept_jobs import FILES, RECIPE, history, is_epoch, stop_at, visible, weights
from support import RATE_HZ, container_of, playing, rig, small_packed

from nam_engine.audio import write_wav
from nam_engine.checkpoint import read_checkpoint
from nam_engine.control import RunControl
from nam_engine.errors import CheckpointError, NothingTrainedError, TrainingError
from nam_engine.events import Checked, EpochDone, Finished, FinishReason, Started, StepsDone, Warned
from nam_engine.job_file import Ending, read_job
from nam_engine.nam_file import write_nam
from nam_engine.session import TrainJob, train


def test_stopped_run_resumes_to_the_same_model(job: TrainJob) -> None:
    list(train(replace(job, outdir=job.outdir / "whole")))
    on = replace(job, resume=True)
    end = stop_at(job, is_epoch(2))[-1]
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOPPED
    seen = iter([False] * 3 + [True] * 1000)
    stop_at(on, lambda event: isinstance(event, StepsDone | EpochDone) and next(seen))
    started = next(e for e in train(on) if isinstance(e, Started))
    assert started.epochs_done >= 2
    list(train(on))
    assert visible(job.outdir) == {"amp", "whole"}
    ours, whole = job.outdir / "amp", job.outdir / "whole" / "amp"
    np.testing.assert_array_equal(weights(ours / "amp.nam"), weights(whole / "amp.nam"))
    assert history(ours) == history(whole)
    ours_best, whole_best = ((f / "packed_best.json").read_text() for f in (ours, whole))
    assert ours_best == whole_best


def test_finished_training_takes_more_epochs(job: TrainJob) -> None:
    list(train(replace(job, recipe=replace(RECIPE, epochs=2))))
    events = list(train(replace(job, resume=True)))
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [3, 4]
    assert [int(row["epoch"]) for row in history(job.outdir / "amp")] == [1, 2, 3, 4]


def test_resume_without_an_earlier_training_begins_one(job: TrainJob) -> None:
    events = list(train(replace(job, resume=True)))
    assert isinstance(events[-1], Finished)
    assert visible(job.outdir / "amp") == FILES


def test_resume_of_another_recording_is_refused_and_changes_nothing(
    job: TrainJob, tmp_path: Path
) -> None:
    list(train(job))
    before = (job.outdir / "amp" / "last.ckpt").read_bytes()
    write_wav(job.output_path, 0.5 * rig(playing(3)), RATE_HZ)
    with pytest.raises(CheckpointError, match="amp had another recording or latency"):
        list(train(replace(job, resume=True)))
    assert (job.outdir / "amp" / "last.ckpt").read_bytes() == before


def test_right_training_is_continued_among_others_of_its_name(
    job: TrainJob, tmp_path: Path
) -> None:
    shutil.copy(job.output_path, tmp_path / "amp (2).wav")
    other = replace(job, output_path=tmp_path / "amp (2).wav", seed=1)
    stop_at(job, is_epoch(2))
    for outputs in (other, replace(job, seed=2), other):
        list(train(outputs))
    started = next(e for e in train(replace(job, resume=True)) if isinstance(e, Started))
    assert started.epochs_done == 2
    with pytest.raises(CheckpointError, match="another seed"):
        list(train(replace(job, resume=True, seed=9)))


def test_resumed_warm_start_is_still_never_worse(job: TrainJob) -> None:
    list(train(job))
    wild = replace(RECIPE, learning_rate=5.0)
    start = job.outdir / "amp" / "amp.nam"
    warm = replace(job, recipe=wild, start_path=start, outdir=job.outdir / "warm")
    events = train(warm)
    assert [type(next(events)) for _ in range(2)] == [Checked, Started]
    events.close()  # as if killed before the first step
    events_again = list(train(replace(warm, resume=True)))
    assert any(
        isinstance(e, Warned) and e.message.startswith("amp.nam is not used") for e in events_again
    )
    end = events_again[-1]
    assert isinstance(end, Finished)
    assert [s.epoch for s in end.result.submodels] == [0, 0]


def test_stop_before_the_first_step_leaves_what_was_there(job: TrainJob) -> None:
    control = RunControl()
    control.stop()
    begun = train(job)
    assert [type(next(begun)) for _ in range(2)] == [Checked, Started]
    begun.close()  # as if killed before the first step
    with pytest.raises(NothingTrainedError):
        list(train(replace(job, resume=True), control))
    folder = job.outdir / "amp"
    assert read_job(folder).ending is Ending.STOPPED
    assert read_checkpoint(folder / "last.ckpt").position.steps_done == 0
    (folder / "amp.txt").write_text("keep me")
    with pytest.raises(NothingTrainedError):
        list(train(job, control))
    assert visible(job.outdir) == {"amp"}
    assert (folder / "amp.txt").exists()


def test_model_to_start_from_must_play_numbers(job: TrainJob, tmp_path: Path) -> None:
    container = container_of(small_packed())
    wild = container.entries[1].model
    weights = np.full_like(wild.weights, 3e37)
    weights[-1] = 1e6  # a head_scale that can be read
    wild = replace(wild, weights=weights)
    entries = (container.entries[0], replace(container.entries[1], model=wild))
    write_nam(tmp_path / "wild.nam", replace(container, entries=entries))
    with pytest.raises(TrainingError, match="plays no finite numbers on amp"):
        list(train(replace(job, start_path=tmp_path / "wild.nam")))


def test_torn_checkpoint_falls_back_with_a_sentence(job: TrainJob) -> None:
    stop_at(job, is_epoch(3))
    last = job.outdir / "amp" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-100])
    events = list(train(replace(job, resume=True)))
    assert isinstance(events[-1], Finished)
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert warning.message.startswith("last.ckpt is damaged. Training goes on from")
    assert "last.ckpt is damaged" in (job.outdir / "amp" / "log.txt").read_text()
