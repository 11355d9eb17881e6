"""Every state of the queue and its recordings, with a fake of the engine."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from gui.fake_files import FakeFiles, stop
from gui.fake_run import SECONDS_PER_EPOCH, FakeRun
from pytestqt.qtbot import QtBot
from support import RATE_HZ, container_of, playing, small_packed
from support import rig as amp

from nam_engine.audio import write_wav
from nam_engine.demo import write_demo_pair
from nam_engine.errors import NamFileError, OtherTrainingError, TrainingError
from nam_engine.events import Finished, Started
from nam_engine.intake import Choices
from nam_engine.metadata import UserMetadata
from nam_engine.nam_file import write_nam
from nam_engine.train_job import TrainJob
from nam_gui import tasks
from nam_gui.compare_task import CompareTask, ModelSource
from nam_gui.controller import Controller, RunState
from nam_gui.job import Job, JobState
from nam_gui.pairing import Sorted
from nam_gui.settings import Settings
from nam_gui.tasks import Pair

EPOCHS = 4


@dataclass
class Rig:
    """A controller and what it has said."""

    controller: Controller
    bot: QtBot
    said: list[str] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    """Each time whether a training was still running."""

    def add(self, *names: str) -> list[int]:
        """Recordings of input.wav, checked."""
        if self.controller.input_path is None:
            self.controller.set_input(Path("input.wav"))
        known = {job.id for job in self.controller.queue.jobs()}
        self.controller.add_recordings([Path(f"{name}.wav") for name in names])
        self.settle()
        return [job.id for job in self.controller.queue.jobs() if job.id not in known]

    def job(self, job_id: int) -> Job:
        return self.controller.queue.job(job_id)

    def state(self, job_id: int) -> JobState:
        return self.job(job_id).state

    def states(self) -> list[JobState]:
        return [job.state for job in self.controller.queue.jobs()]

    def wait(self, condition: Callable[[], bool]) -> None:
        self.bot.waitUntil(condition, timeout=5_000)

    def settle(self) -> None:
        """Until nothing is or waits to be checked."""
        under_way = {JobState.WAITING_FOR_CHECK, JobState.CHECKING}
        self.wait(lambda: not under_way & set(self.states()))

    def wait_for(self, state: RunState) -> None:
        self.wait(lambda: self.controller.state is state)

    def train_until(self, job_id: int, epochs: int) -> None:
        """Let it train, with a fake that waits after so many epochs."""
        self.controller.train()
        self.wait(lambda: len(self.controller.runs[job_id].history) == epochs)


@pytest.fixture
def rig(
    qtbot: QtBot, files: FakeFiles, fake: FakeRun, tmp_path: Path, qt_messages: None
) -> Iterator[Rig]:
    controller = Controller(Settings(epochs=EPOCHS, output_folder=tmp_path))
    rig = Rig(controller, qtbot)
    controller.said.connect(rig.said.append)
    controller.job_ended.connect(rig.ended.append)
    controller.closed.connect(lambda: rig.closed.append(controller.is_training))
    yield rig
    files.gate.set()
    controller.shut_down()
    rig.wait(lambda: bool(rig.closed))


# Files


def test_sorted_files_become_input_and_recordings(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, take = Path("input.wav"), Path("Twin.wav")

    def sort(paths: Sequence[Path], known: Path | None, _stop: object) -> Sorted:
        assert (list(paths), known) == ([source, take, Path("a.txt")], None)
        return Sorted(source, (take,), ignored=((Path("a.txt"), "It is no sound."),))

    monkeypatch.setattr(tasks, "sort_files", sort)
    with rig.bot.waitSignal(rig.controller.input_changed):
        rig.controller.add_files([source, take, Path("a.txt")])
    rig.settle()
    assert rig.controller.input_path == source
    assert [job.name for job in rig.controller.queue.jobs()] == ["Twin"]
    assert rig.states() == [JobState.READY]
    assert rig.said == ["It is no sound."]
    assert rig.controller.input_info == ("input.wav", 1.0, "")


def test_a_question_about_files_is_passed_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = (Path("a.wav"), Path("b.wav"))
    monkeypatch.setattr(tasks, "sort_files", lambda *_: Sorted(None, paths, question="Which?"))
    with rig.bot.waitSignal(rig.controller.asked) as asked:
        rig.controller.add_files(paths)
    assert asked.args == ["Which?", list(paths)]
    assert not rig.controller.queue.jobs()


def test_sorting_does_not_bring_back_an_input_that_was_replaced(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "sort_files", lambda _p, known, _s: Sorted(known, ()))
    rig.controller.set_input(Path("old.wav"))
    rig.controller.add_files([Path("a.wav")])
    rig.controller.set_input(Path("new.wav"))
    rig.bot.wait(50)
    assert rig.controller.input_path == Path("new.wav")


def test_the_input_is_no_recording(rig: Rig) -> None:
    rig.add("Twin", "other")
    rig.controller.add_recordings([Path("input.wav")])
    assert len(rig.controller.queue.jobs()) == 2
    rig.controller.set_input(Path("other.wav"))
    rig.settle()
    assert [job.name for job in rig.controller.queue.jobs()] == ["Twin"]


def test_real_files_are_sorted_and_checked(qtbot: QtBot, tmp_path: Path) -> None:
    paths = write_demo_pair(tmp_path, 4.0)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    controller = Controller(Settings(output_folder=tmp_path))
    controller.add_files([*paths, tmp_path / "broken.wav"])
    qtbot.waitUntil(lambda: [j.report for j in controller.queue.jobs() if j.report] != [])
    assert controller.input_path == paths[0]
    with qtbot.waitSignal(controller.closed):
        controller.shut_down()


def test_recordings_begin_with_what_is_remembered_but_the_name(rig: Rig) -> None:
    remembered = UserMetadata(name="Old", gear_make="Fender")
    rig.controller.settings = replace(rig.controller.settings, metadata=remembered)
    (job_id,) = rig.add("Twin")
    assert rig.job(job_id).metadata == UserMetadata(gear_make="Fender")


def test_the_demo_is_made_and_checked(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        tasks, "write_demo_pair", lambda folder, _s: (folder / "in.wav", folder / "amp.wav")
    )
    rig.controller.load_demo()
    rig.wait(lambda: rig.states() == [JobState.READY])
    assert rig.controller.input_path is not None
    assert rig.controller.input_path.is_relative_to(tmp_path / "Demo")


def test_saving_the_signal_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tasks, "write_capture_signal", lambda path, *_: write_wav(path, np.zeros(9), 48_000)
    )
    rig.controller.save_signal(rig.controller.settings.output_folder / "signal.wav")
    rig.wait(lambda: bool(rig.said))
    assert "signal.wav. Play it into the amp" in rig.said[0]


# Checks


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


# Training


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
    assert rig.controller.runs[first].result
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


# Pairs to be looked at


def test_only_the_pair_that_is_looked_at_arrives(rig: Rig, files: FakeFiles) -> None:
    first, second = rig.add("a", "b")
    pairs: list[tuple[int, Pair]] = []
    rig.controller.pair_loaded.connect(lambda *pair: pairs.append(pair))
    files.gate.clear()
    rig.controller.load_pair(first)
    rig.controller.load_pair(second)
    files.gate.set()
    rig.wait(lambda: bool(pairs))
    ((job_id, (source, output)),) = pairs
    assert job_id == second
    assert (source.path, output.path) == (Path("input.wav"), Path("b.wav"))


def test_a_pair_that_cannot_be_read_is_told(rig: Rig, files: FakeFiles) -> None:
    (job_id,) = rig.add("a")
    files.unreadable.add("a")
    rig.controller.load_pair(job_id)
    rig.wait(lambda: bool(rig.said))
    assert rig.said == ["a.wav cannot be read. Export it again."]
    files.unreadable.clear()
    with rig.bot.waitSignal(rig.controller.pair_loaded):
        rig.controller.load_pair(job_id)


# Models to be looked at and listened to


@dataclass
class FakeModels:
    """In place of ``compare``: plays when ``gate`` is open."""

    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    most_running: int = 0

    def compare(self, model_path: Path, job: TrainJob) -> str:
        self.asked.append(model_path.stem)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        assert self.gate.wait(5)
        self.running -= 1
        if model_path.stem == "torn":
            raise NamFileError("torn.nam is torn.", "Get it again.")
        return f"{model_path.stem} of {job.output_path.stem}"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> FakeModels:
    fake = FakeModels()
    fake.gate.set()
    monkeypatch.setattr("nam_engine.comparison.compare", fake.compare)
    return fake


def _played(rig: Rig) -> list[tuple[int, str]]:
    played: list[tuple[int, str]] = []
    rig.controller.comparison_loaded.connect(lambda *each: played.append(each))
    return played


def test_only_the_models_that_are_looked_at_arrive(
    rig: Rig, fake: FakeRun, models: FakeModels
) -> None:
    ids = first, second, third = rig.add("a", "b", "c")
    rig.controller.train()
    rig.wait(lambda: rig.ended == ids)
    played = _played(rig)
    models.gate.clear()
    for job_id in (first, second, third):
        rig.controller.load_comparison(job_id)
    rig.wait(lambda: models.asked == ["a"])
    models.gate.set()
    rig.wait(lambda: bool(played))
    assert played == [(third, "c of c")]
    assert models.asked == ["a", "c"]
    assert models.most_running == 1


def test_models_that_are_out_of_date_arrive_before_the_newest(
    rig: Rig, fake: FakeRun, models: FakeModels
) -> None:
    """A training that is faster than the playing would never be heard."""
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait(lambda: rig.ended == [job_id])
    played = _played(rig)
    models.gate.clear()
    rig.controller.load_comparison(job_id)
    rig.controller.queue.update(job_id, model_path=Path("newer.nam"))
    rig.controller.load_comparison(job_id)
    models.gate.set()
    rig.wait(lambda: len(played) == 2)
    assert played == [(job_id, "a of a"), (job_id, "newer of a")]


def test_models_that_cannot_be_played_are_told(rig: Rig, fake: FakeRun, models: FakeModels) -> None:
    (job_id,) = rig.add("a")
    rig.controller.load_comparison(job_id)
    assert not models.asked  # there are none
    rig.controller.train()
    rig.wait(lambda: rig.ended == [job_id])
    rig.controller.queue.update(job_id, model_path=Path("torn.nam"))
    with rig.bot.waitSignal(rig.controller.comparison_failed) as failed:
        rig.controller.load_comparison(job_id)
    assert failed.args == [job_id, "torn.nam is torn. Get it again."]
    rig.controller.queue.update(job_id, model_path=Path("a.nam"))
    with rig.bot.waitSignal(rig.controller.comparison_loaded):
        rig.controller.load_comparison(job_id)


def test_models_of_a_training_that_begins_anew_are_dropped(
    rig: Rig, fake: FakeRun, models: FakeModels
) -> None:
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait(lambda: rig.ended == [job_id])
    models.gate.clear()
    rig.controller.load_comparison(job_id)
    rig.wait(lambda: bool(models.asked))
    rig.controller.set_latency(job_id, 7)
    with rig.bot.assertNotEmitted(rig.controller.comparison_loaded, wait=50):
        models.gate.set()


def test_real_models_are_played(rig: Rig, tmp_path: Path) -> None:
    x = playing(2)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", amp(x), RATE_HZ)
    write_nam(tmp_path / "model.nam", container_of(small_packed()))
    choices = Choices(latency_samples=0, validation_seconds=(1.5, 2.0))
    job = TrainJob(tmp_path / "di.wav", tmp_path / "amp.wav", tmp_path, choices=choices)
    task = CompareTask(ModelSource(1, tmp_path / "model.nam", 1, job), rig.controller)
    with rig.bot.waitSignal(task.succeeded, timeout=10_000) as played:
        task.start()
    assert task.wait(5000)
    (comparison,) = played.args
    np.testing.assert_array_equal(comparison.target, amp(x)[round(1.5 * RATE_HZ) :])
    assert len(comparison.predictions) == 2


# The end


def _closes_once(rig: Rig) -> None:
    rig.controller.shut_down()
    rig.controller.shut_down()
    assert not rig.closed  # not before the event loop
    rig.wait(lambda: bool(rig.closed))
    rig.bot.wait(20)
    assert rig.closed == [False]


def test_closing_while_nothing_runs(rig: Rig) -> None:
    _closes_once(rig)


def test_closing_while_checking(rig: Rig, files: FakeFiles) -> None:
    files.gate.clear()
    rig.controller.set_input(Path("input.wav"))
    rig.controller.add_recordings([Path("a.wav"), Path("b.wav")])
    threading.Timer(0.05, files.gate.set).start()
    _closes_once(rig)
    assert len(files.checked) == 1


def test_closing_while_training_keeps_the_best(rig: Rig, fake: FakeRun) -> None:
    fake.free_epochs = 1
    first, _ = rig.add("a", "b")
    rig.train_until(first, 1)
    _closes_once(rig)
    assert rig.job(first).model_path is not None
    assert fake.left == ["a"]
    assert len(fake.jobs) == 1


def test_nothing_begins_while_closing(rig: Rig, fake: FakeRun) -> None:
    rig.add("a")
    _closes_once(rig)
    rig.controller.add_files([Path("b.wav")])
    rig.controller.train()
    assert not rig.controller.is_training
    assert not fake.jobs


def _rename(rig: Rig, job_id: int, name: str) -> None:
    queue = rig.controller.queue
    assert queue.setData(queue.index(queue.row(job_id), 0), name)
