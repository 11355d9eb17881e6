"""Recordings are checked in the background, one after the other."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from gui.controller_rig import Rig
from gui.fake_files import FakeFiles, stop
from gui.fake_run import FakeRun

from nam_engine.intake import Choices
from nam_gui import tasks
from nam_gui.controller import RunState
from nam_gui.job import JobState


def test_recordings_wait_for_an_input_and_are_checked_one_after_the_other(
    rig: Rig, files: FakeFiles
) -> None:
    files.gate.clear()
    rig.controller.add_recordings([Path("a.wav"), Path("b.wav")])
    assert rig.states() == [JobState.WAITING_FOR_CHECK] * 2
    rig.controller.set_input(Path("input.wav"))
    assert rig.states() == [JobState.CHECKING, JobState.WAITING_FOR_CHECK]
    files.gate.set()
    rig.settle()
    assert rig.states() == [JobState.READY] * 2
    assert [names[:2] for names in files.checked] == [("input", "a"), ("input", "b")]


def test_another_input_while_checking_counts_alone(rig: Rig, files: FakeFiles) -> None:
    files.gate.clear()
    rig.controller.set_input(Path("old.wav"))
    rig.controller.add_recordings([Path("a.wav")])
    rig.controller.set_input(Path("new.wav"))
    names = []
    rig.controller.input_changed.connect(lambda: names.append(rig.controller.input_info[0]))
    files.gate.set()
    rig.settle()
    assert [names[0] for names in files.checked] == ["old", "new"]
    assert set(names) == {"new.wav"}
    assert rig.controller.queue.jobs()[0].report.input_name == "new.wav"


def test_findings_can_be_overruled(rig: Rig, files: FakeFiles, fake: FakeRun) -> None:
    files.findings["Twin"] = stop()
    (job_id,) = rig.add("Twin")
    assert rig.state(job_id) is JobState.HAS_FINDINGS
    assert rig.job(job_id).message == "It clips."
    assert not rig.controller.can_train
    rig.controller.proceed(job_id)
    assert rig.state(job_id) is JobState.READY
    assert rig.controller.can_train
    rig.controller.train()
    rig.wait(lambda: rig.state(job_id) is JobState.DONE)
    assert fake.jobs[0].choices.ignore_checks


def test_another_input_has_to_be_overruled_again(rig: Rig, files: FakeFiles) -> None:
    files.findings["Twin"] = stop()
    (job_id,) = rig.add("Twin")
    rig.controller.proceed(job_id)
    rig.controller.set_input(Path("other.wav"))
    rig.settle()
    assert rig.state(job_id) is JobState.HAS_FINDINGS


def test_what_leaves_nothing_to_train_on_is_blocked(rig: Rig, files: FakeFiles) -> None:
    files.findings["Twin"] = stop(overridable=False)
    (job_id,) = rig.add("Twin")
    assert rig.state(job_id) is JobState.BLOCKED
    rig.controller.proceed(job_id)
    assert rig.state(job_id) is JobState.BLOCKED


def test_a_check_that_fails_blocks_and_the_next_goes_on(rig: Rig, files: FakeFiles) -> None:
    files.unreadable.add("a")
    first, second = rig.add("a", "b")
    assert rig.state(first) is JobState.BLOCKED
    assert rig.job(first).message == "a.wav cannot be read. Export it again."
    assert rig.said == [rig.job(first).message]
    assert rig.state(second) is JobState.READY
    files.unreadable.clear()
    rig.controller.retry(first)
    rig.settle()
    assert rig.state(first) is JobState.READY


def test_a_choice_is_checked_and_trained(rig: Rig, files: FakeFiles, fake: FakeRun) -> None:
    (job_id,) = rig.add("Twin")
    rig.controller.set_latency(job_id, 12)
    rig.controller.set_flip(job_id, True)
    rig.settle()
    assert files.checked[-1][2] == Choices(latency_samples=12, flip_polarity=True)
    rig.controller.train()
    rig.wait_for(RunState.IDLE)
    assert fake.jobs[0].choices == Choices(latency_samples=12, flip_polarity=True)


def test_a_recording_can_go_while_it_is_checked(rig: Rig, files: FakeFiles) -> None:
    files.gate.clear()
    rig.controller.set_input(Path("input.wav"))
    rig.controller.add_recordings([Path("a.wav"), Path("b.wav")])
    first, second = (job.id for job in rig.controller.queue.jobs())
    rig.controller.remove(first)
    files.gate.set()
    rig.settle()
    assert rig.state(second) is JobState.READY


def test_nothing_that_is_asked_of_a_removed_recording_raises(rig: Rig) -> None:
    controller = rig.controller
    (job_id,) = rig.add("Twin")
    controller.remove(job_id)
    controller.remove(job_id)
    controller.set_latency(job_id, 1)
    controller.set_flip(job_id, True)
    for act in (controller.proceed, controller.retry, controller.train_more, controller.skip):
        act(job_id)
    controller.load_pair(job_id)
    assert not rig.states()


def test_a_fault_in_a_thread_is_a_sentence(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(tasks, "take_in", fail)
    with caplog.at_level(logging.ERROR):
        (job_id,) = rig.add("Twin")
    sentence = "A fault of this program: ZeroDivisionError: by nothing."
    assert rig.said == [sentence]
    assert rig.job(job_id).message == sentence
    assert rig.state(job_id) is JobState.BLOCKED
    assert "Traceback" in caplog.text
