"""Every state of the queue and its recordings, with a fake of the engine."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path

import pytest
from gui.controller_rig import EPOCHS, Rig
from gui.fake_run import SECONDS_PER_EPOCH, FakeRun

from nam_engine.errors import DeviceError, OtherTrainingError, TrainingError
from nam_engine.events import Finished, Started
from nam_engine.metadata import UserMetadata
from nam_gui.controller import RunState
from nam_gui.job import JobState


def test_recordings_are_trained_one_after_the_other(rig: Rig, fake: FakeRun) -> None:
    first, second = rig.add("a", "b")
    events: list[tuple[int, object]] = []
    rig.controller.happened.connect(lambda *event: events.append(event))
    fake.free_epochs = 1
    rig.controller.train()
    assert rig.states() == [JobState.TRAINING, JobState.QUEUED]
    assert [rig.job(job_id).is_preparing for job_id in (first, second)] == [True, False]
    assert rig.controller.state is RunState.TRAINING
    assert rig.controller.is_training
    assert rig.controller.training_job == first
    assert not rig.controller.can_train
    rig.wait(lambda: not rig.job(first).is_preparing)
    fake.release()
    rig.wait_for(RunState.IDLE)
    assert not any(job.is_preparing for job in rig.controller.queue.jobs())
    assert rig.states() == [JobState.DONE] * 2
    assert rig.ended == [first, second]
    assert [job.output_path.stem for job in fake.jobs] == ["a", "b"]
    assert [job_id for job_id, e in events if isinstance(e, Started | Finished)] == [
        first,
        first,
        second,
        second,
    ]
    job = rig.job(first)
    assert job.progress == 1.0
    assert job.esr == (0.05, 0.025)
    assert job.model_path == rig.controller.settings.output_folder / "a" / "a.nam"
    assert not rig.controller.is_training
    assert rig.controller.training_job is None


def test_the_job_is_what_the_settings_say(rig: Rig, fake: FakeRun, tmp_path: Path) -> None:
    settings = replace(rig.controller.settings, device="cpu", target_esr=0.01)
    rig.controller.settings = settings
    rig.add("Twin")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    (job,) = fake.jobs
    assert (job.input_path, job.output_path) == (Path("input.wav"), Path("Twin.wav"))
    assert (job.outdir, job.device, job.resume) == (tmp_path, "cpu", False)
    assert (job.recipe.epochs, job.stop_rules.target_esr) == (EPOCHS, 0.01)
    assert job.user.name == "Twin"


def test_one_failure_does_not_keep_the_next_from_training(rig: Rig, fake: FakeRun) -> None:
    fake.failures["a"] = TrainingError("The disk is full.", "Make room.")
    first, second = rig.add("a", "b")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert rig.states() == [JobState.FAILED, JobState.DONE]
    assert rig.job(first).message == "The disk is full. Make room."
    assert rig.said == ["The disk is full. Make room."]
    assert rig.ended == [first, second]


def test_what_to_do_is_said_in_the_words_of_the_window(rig: Rig, fake: FakeRun) -> None:
    fake.failures["a"] = DeviceError("'cuda' cannot be used.", "Choose --device auto.")
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    said = "'cuda' cannot be used. Choose another device in File > Settings."
    assert [rig.job(job_id).message, *rig.said] == [said, said]


def test_a_crash_of_the_engine_is_a_failed_training(
    rig: Rig, fake: FakeRun, caplog: pytest.LogCaptureFixture
) -> None:
    fake.failures["a"] = RuntimeError("out of luck")
    (job_id,) = rig.add("a")
    with caplog.at_level(logging.ERROR):
        rig.controller.train()
        rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.FAILED
    assert rig.job(job_id).message == "A fault of this program: RuntimeError: out of luck."


def test_pausing_and_going_on_with_the_same_training(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 2
    first, second = rig.add("a", "b")
    rig.train_until(first, 2)
    rig.controller.pause()
    assert rig.controller.state is RunState.PAUSING
    rig.wait_for(RunState.PAUSED)
    assert rig.states() == [JobState.PAUSED, JobState.QUEUED]
    assert rig.controller.can_train
    assert not rig.controller.is_training
    fake.release()
    rig.controller.train()
    assert rig.controller.state is RunState.TRAINING
    rig.wait_for(RunState.IDLE)
    assert rig.states() == [JobState.DONE] * 2
    assert [(j.output_path.stem, j.resume) for j in fake.jobs] == [
        ("a", False),
        ("a", True),
        ("b", False),
    ]
    assert [row.epoch for row in rig.controller.runs[first].history] == [1, 2, 3, 4]
    assert second in rig.controller.runs


def test_what_goes_on_is_what_was_begun(rig: Rig, fake: FakeRun, tmp_path: Path) -> None:
    fake.free_epochs = 1
    (job_id,) = rig.add("a")
    rig.train_until(job_id, 1)
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    rig.controller.set_input(Path("other.wav"))
    rig.controller.settings = replace(rig.controller.settings, output_folder=tmp_path / "new")
    _rename(rig, job_id, "Another name")
    assert rig.state(job_id) is JobState.PAUSED
    fake.release()
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    before, after = fake.jobs
    assert after.resume
    for name in ("input_path", "output_path", "outdir", "choices", "user"):
        assert getattr(after, name) == getattr(before, name)


def test_pausing_before_the_first_step_begins_later(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 0
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    assert rig.state(job_id) is JobState.PAUSED
    assert not rig.said
    fake.release()
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.DONE
    assert [job.resume for job in fake.jobs] == [False, False]


def test_stopping_before_the_first_step_is_no_failure(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 0
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.controller.stop()
    assert rig.controller.state is RunState.STOPPING
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.READY
    assert rig.said == ["Training on a was stopped before its first step."]


def test_stopping_keeps_the_best_and_leaves_the_queue(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, _ = rig.add("a", "b")
    rig.train_until(first, 1)
    rig.controller.stop()
    assert rig.controller.state is RunState.STOPPING
    rig.wait_for(RunState.IDLE)
    assert rig.states() == [JobState.STOPPED, JobState.READY]
    assert rig.job(first).model_path is not None
    assert rig.job(first).esr == (0.2, 0.1)
    assert rig.controller.runs[first].best
    assert len(fake.jobs) == 1


def test_stopping_what_is_pausing_or_paused(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, _ = rig.add("a", "b")
    rig.train_until(first, 1)
    rig.controller.pause()
    rig.controller.stop()
    assert rig.controller.state is RunState.STOPPING
    rig.wait_for(RunState.IDLE)
    assert rig.states() == [JobState.STOPPED, JobState.READY]
    rig.controller.remove(first)
    rig.controller.train()
    rig.wait(lambda: len(rig.controller.runs[rig.controller.training_job].history) == 1)
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    rig.controller.stop()
    assert rig.controller.state is RunState.IDLE
    assert rig.states() == [JobState.STOPPED]


def test_training_more_adds_epochs_and_goes_on(rig: Rig, fake: FakeRun) -> None:
    rig.controller.settings = replace(rig.controller.settings, target_esr=0.03)
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    rig.controller.train_more(job_id)
    assert rig.controller.state is RunState.TRAINING
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.DONE
    again = fake.jobs[1]
    assert (again.resume, again.recipe.epochs) == (True, 2 * EPOCHS)
    assert again.stop_rules.target_esr is None  # it was good enough before
    assert len(rig.controller.runs[job_id].history) == 2 * EPOCHS


def test_training_more_waits_for_its_turn(rig: Rig, fake: FakeRun) -> None:
    (first,) = rig.add("a")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    (second,) = rig.add("b")
    fake.free_epochs = 1
    rig.train_until(second, 1)
    rig.controller.train_more(first)
    assert rig.state(first) is JobState.QUEUED
    fake.release()
    rig.wait_for(RunState.IDLE)
    assert [(j.output_path.stem, j.resume) for j in fake.jobs[1:]] == [("b", False), ("a", True)]


def test_a_failed_training_goes_on_from_where_it_was(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    (job_id,) = rig.add("a")
    rig.train_until(job_id, 1)
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    fake.failures["a"] = TrainingError("The disk is full.")
    fake.release()
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.FAILED
    rig.controller.retry(job_id)
    assert rig.state(job_id) is JobState.READY
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.DONE
    assert [job.resume for job in fake.jobs] == [False, True, True]


def test_a_training_that_cannot_go_on_begins_anew(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    (job_id,) = rig.add("a")
    rig.train_until(job_id, 1)
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    fake.failures["a"], fake.fails_at_once = OtherTrainingError("It is another one."), True
    fake.release()
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert rig.state(job_id) is JobState.FAILED
    rig.controller.retry(job_id)
    rig.settle()
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert [job.resume for job in fake.jobs] == [False, True, False]


def test_another_delay_trains_a_finished_recording_anew(rig: Rig, fake: FakeRun) -> None:
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    rig.controller.set_latency(job_id, 7)
    rig.settle()
    job = rig.job(job_id)
    assert (job.state, job.progress, job.esr) == (JobState.READY, 0.0, ())
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert not fake.jobs[1].resume
    assert fake.jobs[1].choices.latency_samples == 7


def test_what_is_in_training_stays_as_it_is(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    (job_id,) = rig.add("a")
    rig.train_until(job_id, 1)
    rig.controller.remove(job_id)
    rig.controller.set_latency(job_id, 3)
    rig.controller.retry(job_id)
    assert rig.said == ["a is in training. Stop that first."] * 3
    rig.controller.set_input(Path("other.wav"))
    assert rig.state(job_id) is JobState.TRAINING
    assert rig.job(job_id).latency_samples is None


def test_skipping_goes_on_with_the_next(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, second, third = rig.add("a", "b", "c")
    rig.train_until(first, 1)
    rig.controller.skip(second)
    rig.controller.skip(first)
    rig.wait(lambda: rig.state(third) is JobState.TRAINING)
    assert rig.states() == [JobState.STOPPED, JobState.STOPPED, JobState.TRAINING]
    fake.release()
    rig.wait_for(RunState.IDLE)
    assert rig.state(third) is JobState.DONE


def test_what_comes_while_training_is_in_line(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    (first,) = rig.add("a")
    rig.train_until(first, 1)
    (second,) = rig.add("b")
    assert rig.state(second) is JobState.QUEUED
    fake.release()
    rig.wait_for(RunState.IDLE)
    assert rig.state(second) is JobState.DONE


def test_a_pause_ends_where_the_paused_recording_goes(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, _ = rig.add("a", "b")
    rig.train_until(first, 1)
    rig.controller.pause()
    rig.wait_for(RunState.PAUSED)
    rig.controller.remove(first)
    assert rig.controller.state is RunState.IDLE
    assert rig.states() == [JobState.READY]


def test_those_in_line_take_as_long_as_the_latest_epochs(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, second = rig.add("a", "b")
    rig.controller.train()
    assert math.isnan(rig.job(second).seconds_left)
    rig.wait(lambda: len(rig.controller.runs[first].history) == 1)
    assert rig.job(second).seconds_left == EPOCHS * SECONDS_PER_EPOCH
    summary = rig.controller.queue.summary()
    assert "about 14 s left" in summary
    assert "finished at" in summary


def test_the_latest_name_counts(rig: Rig, fake: FakeRun) -> None:
    first, second = rig.add("a", "b")
    rig.controller.queue.update(second, metadata=UserMetadata(name="Typed before"))
    _rename(rig, first, "Clean")
    _rename(rig, second, "Crunch")
    assert rig.job(first).metadata.name is None
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert [job.user.name for job in fake.jobs] == ["Clean", "Crunch"]


def test_training_nothing_stays_idle(rig: Rig) -> None:
    rig.controller.train()
    rig.controller.pause()
    rig.controller.stop()
    assert rig.controller.state is RunState.IDLE


def _rename(rig: Rig, job_id: int, name: str) -> None:
    queue = rig.controller.queue
    assert queue.setData(queue.index(queue.row(job_id), 0), name)
