"""Earlier trainings: offered after a crash, opened again from the menu."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from gui.fake_files import FakeFiles, stop
from gui.fake_run import FakeRun
from gui.past_folders import write_training
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_engine.audio import AudioError, Recording
from nam_engine.job_file import Ending, read_job
from nam_engine.job_folder import JobFolder
from nam_engine.metadata import UserMetadata
from nam_gui import tasks
from nam_gui.controller import Controller, RunState
from nam_gui.job import Job, JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

EPOCHS = 4


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    run = FakeRun()
    monkeypatch.setattr(tasks, "load_engine", lambda: run.train)
    return run


@dataclass
class Desk:
    """The program, started as often as a test likes."""

    bot: QtBot
    fake: FakeRun
    outdir: Path
    said: list[str] = field(default_factory=list)
    windows: list[MainWindow] = field(default_factory=list)

    def past(self, name: str, ending: Ending, done: int = 2) -> Path:
        return write_training(self.fake, self.outdir, name, ending, done=done, epochs=EPOCHS)

    def start(self) -> MainWindow:
        """A new window, which has looked for earlier trainings."""
        settings = Settings(output_folder=self.outdir, epochs=EPOCHS)
        window = MainWindow(Controller(settings))
        self.windows.append(window)
        window.show()
        window.controller.said.connect(self.said.append)
        with self.bot.waitSignal(window.controller.past.found):
            window.controller.look_back()
        return window

    def open(self, window: MainWindow, text: str) -> Job:
        (action,) = [a for a in window.recent.actions() if a.text() == text]
        with self.bot.waitSignal(window.controller.opened):
            action.trigger()
        return window.queue_view.selected_job()

    def wait_until_idle(self, window: MainWindow) -> None:
        self.bot.waitUntil(lambda: window.controller.state is RunState.IDLE, timeout=5_000)

    def wait_for_ending(self, folder: Path, ending: Ending) -> None:
        self.bot.waitUntil(lambda: read_job(folder).ending is ending, timeout=5_000)


@pytest.fixture
def desk(
    app: QApplication, qtbot: QtBot, fake: FakeRun, files: FakeFiles, tmp_path: Path
) -> Iterator[Desk]:
    desk = Desk(qtbot, fake, tmp_path)
    yield desk
    fake.release()
    for window in desk.windows:
        window.controller.stop()
        desk.wait_until_idle(window)
        window.close()
        qtbot.waitUntil(lambda window=window: not window.isVisible(), timeout=5_000)
        window.deleteLater()


# Offered at the start


def test_interrupted_training_is_offered_and_goes_on(desk: Desk) -> None:
    folder = desk.past("JCM lead", Ending.INTERRUPTED)
    desk.fake.free_epochs = 0
    window = desk.start()
    assert window.offer_bar.isVisible()
    assert window.offer_bar.sentence.text() == "JCM lead was interrupted in epoch 3 of 4."
    assert not window.controller.queue.jobs()
    with desk.bot.waitSignal(window.controller.opened):
        window.offer_bar.go_on.click()
    assert not window.offer_bar.isVisible()
    (job,) = window.controller.queue.jobs()
    assert (job.name, job.state, job.progress) == ("JCM lead", JobState.TRAINING, 0.5)
    assert job.esr == pytest.approx((0.1, 0.05))
    assert job.model_path == folder / "JCM lead.nam"
    assert window.controller.input_path == desk.outdir / "input.wav"
    desk.bot.waitUntil(lambda: bool(desk.fake.jobs), timeout=5_000)
    assert (desk.fake.jobs[0].folder, desk.fake.jobs[0].resume) == (folder, True)
    desk.fake.release()
    desk.wait_until_idle(window)
    run = window.controller.runs[job.id]
    assert [row.epoch for row in run.history] == [1, 2, 3, 4]
    assert window.controller.queue.job(job.id).state is JobState.DONE


def test_what_goes_on_is_looked_at_meanwhile(desk: Desk, files: FakeFiles) -> None:
    desk.past("JCM", Ending.INTERRUPTED)
    files.findings["JCM"] = stop()
    desk.fake.free_epochs = 0
    window = desk.start()
    window.offer_bar.go_on.click()
    queue = window.controller.queue
    desk.bot.waitUntil(lambda: any(job.report for job in queue.jobs()), timeout=5_000)
    (job,) = queue.jobs()
    assert (job.state, job.message) == (JobState.TRAINING, "")
    assert window.controller.input_info == ("input.wav", 1.0, "")
    assert files.checked[0][:2] == ("input", "JCM")


def test_several_are_offered_in_one_line_and_trained_in_order(desk: Desk) -> None:
    for name in ("Twin", "JCM"):
        desk.past(name, Ending.INTERRUPTED)
    window = desk.start()
    text = window.offer_bar.sentence.text()
    assert text.startswith("2 trainings were interrupted: ")
    assert text.endswith(" in epoch 3 of 4, and 1 more.")
    assert window.offer_bar.go_on.text().replace("&", "") == "Continue all"
    window.offer_bar.go_on.click()
    done = [JobState.DONE] * 2
    desk.bot.waitUntil(
        lambda: [job.state for job in window.controller.queue.jobs()] == done, timeout=5_000
    )
    names = [job.name for job in window.controller.queue.jobs()]
    assert [job.output_path.stem for job in desk.fake.jobs] == names
    assert sorted(names) == ["JCM", "Twin"]


def test_not_now_is_not_asked_again(desk: Desk) -> None:
    folder = desk.past("JCM", Ending.INTERRUPTED)
    first = desk.start()
    first.offer_bar.later.click()
    assert not first.offer_bar.isVisible()
    desk.wait_for_ending(folder, Ending.STOPPED)
    second = desk.start()
    assert not second.offer_bar.isVisible()
    assert [action.text() for action in second.recent.actions()] == ["JCM (stopped)"]


@pytest.mark.parametrize("is_at_once", [False, True])
def test_what_was_paused_is_offered_at_the_next_start(desk: Desk, *, is_at_once: bool) -> None:
    folder = desk.past("JCM", Ending.STOPPED)
    desk.fake.free_epochs = 0
    window = desk.start()
    controller = window.controller
    controller.train_more(desk.open(window, "JCM (stopped)").id)
    desk.bot.waitUntil(lambda: bool(desk.fake.jobs), timeout=5_000)
    controller.pause()
    if not is_at_once:
        desk.bot.waitUntil(lambda: controller.state is RunState.PAUSED, timeout=5_000)
    assert read_job(folder).ending is Ending.STOPPED
    with desk.bot.waitSignal(window.gone):
        window.close()
    assert not desk.said
    assert desk.start().offer_bar.isVisible()


@pytest.mark.parametrize("ending", [Ending.DONE, Ending.STOPPED, Ending.FAILED])
def test_what_has_ended_is_not_offered(desk: Desk, ending: Ending) -> None:
    desk.past("JCM", ending)
    window = desk.start()
    assert not window.offer_bar.isVisible()
    assert len(window.recent.actions()) == 1


def test_what_was_never_trained_is_not_listed(desk: Desk) -> None:
    (desk.past("JCM", Ending.FAILED) / "JCM.nam").unlink()
    assert not desk.start().recent.actions()


def test_what_another_program_trains_is_not_offered(desk: Desk) -> None:
    folder = desk.past("JCM", Ending.INTERRUPTED)
    with closing(JobFolder(folder)):
        assert not desk.start().offer_bar.isVisible()
    assert desk.start().offer_bar.isVisible()


def test_what_has_no_state_is_not_offered(desk: Desk) -> None:
    (desk.past("JCM", Ending.INTERRUPTED) / "last.ckpt").write_bytes(b"damaged")
    assert not desk.start().offer_bar.isVisible()


def test_only_the_start_offers(desk: Desk) -> None:
    window = desk.start()
    desk.past("JCM", Ending.INTERRUPTED)
    with desk.bot.waitSignal(window.controller.past.found):
        window.controller.look_back()
    assert not window.offer_bar.isVisible()


@pytest.mark.parametrize("gone", ["input.wav", "JCM.wav"])
def test_a_recording_that_is_gone_is_named(desk: Desk, gone: str) -> None:
    desk.past("JCM", Ending.INTERRUPTED)
    (desk.outdir / gone).unlink()
    window = desk.start()
    with desk.bot.waitSignal(window.controller.said):
        window.offer_bar.go_on.click()
    (sentence,) = desk.said
    assert sentence == f"JCM cannot be continued: {desk.outdir / gone} is not there any more."
    assert not window.controller.queue.jobs()
    assert desk.start().offer_bar.isVisible(), "the drive may be there next time"


# File > Recent captures


def test_no_folder_no_captures(desk: Desk) -> None:
    desk.outdir = desk.outdir / "gone"
    window = desk.start()
    assert not window.recent.isEnabled()
    assert not desk.said


def test_a_finished_capture_is_opened_and_trained_more(desk: Desk) -> None:
    folder = desk.past("Twin & amp", Ending.DONE, done=EPOCHS)
    window = desk.start()
    job = desk.open(window, "Twin && amp")
    assert (job.state, job.progress, job.model_path) == (
        JobState.DONE,
        1.0,
        folder / "Twin & amp.nam",
    )
    page, run = window.page, window.controller.runs[job.id]
    assert page.tabs.isTabVisible(page._result_tab)
    assert run.probes == ("It plays late. Train longer.",)
    assert [row.epoch for row in run.history] == [1, 2, 3, 4]
    assert not window.controller.can_train
    page.result.train_more_requested.emit()
    desk.bot.waitUntil(lambda: len(run.history) == 2 * EPOCHS, timeout=5_000)
    (more,) = desk.fake.jobs
    assert (more.folder, more.recipe.epochs) == (folder, 2 * EPOCHS)
    assert more.input_path == desk.outdir / "input.wav"


def test_captures_in_the_folder_before_are_found(desk: Desk, tmp_path: Path) -> None:
    folder = desk.past("Twin", Ending.DONE)
    window = desk.start()
    controller = window.controller
    new = replace(controller.settings, output_folder=tmp_path / "new")
    window.settings_dialog.changed.emit(new)
    assert controller.settings.output_folder == tmp_path / "new"
    with desk.bot.waitSignal(controller.past.found):
        controller.look_back()
    assert [action.data() for action in window.recent.actions()] == [folder]
    window.settings_dialog.changed.emit(replace(controller.settings, epochs=7))
    assert controller.settings.recent_folders == (desk.outdir,)


def test_a_training_that_ends_joins_the_menu(desk: Desk) -> None:
    window = desk.start()
    assert not window.recent.isEnabled()
    folder = desk.past("Twin", Ending.DONE)
    with desk.bot.waitSignal(window.controller.past.found):
        window.controller.job_ended.emit(1)
    assert [action.data() for action in window.recent.actions()] == [folder]


def test_an_opened_capture_is_looked_at_after_what_waits(desk: Desk, files: FakeFiles) -> None:
    for name in ("Twin", "JCM"):
        desk.past(name, Ending.DONE, done=EPOCHS)
    window = desk.start()
    files.unreadable.add("JCM")
    files.gate.clear()
    twin = desk.open(window, "Twin")
    jcm = desk.open(window, "JCM")
    window.controller.set_input(Path("other.wav"))
    window.controller.add_recordings([Path("amp.wav")])
    files.gate.set()
    queue = window.controller.queue
    with desk.bot.waitSignal(window.controller.said):
        pass
    assert [names[:2] for names in files.checked] == [("input", "Twin"), ("other", "amp")]
    assert desk.said == ["JCM.wav cannot be read. Export it again."]
    assert queue.job(twin.id).report is not None
    assert queue.job(jcm.id).report is None
    assert queue.job(jcm.id).message == desk.said[0]
    states = [job.state for job in queue.jobs()]
    assert states == [JobState.DONE, JobState.DONE, JobState.READY]
    assert window.controller.input_info == ("other.wav", 1.0, "")


def test_what_begins_anew_is_not_told_what_was_before(desk: Desk, files: FakeFiles) -> None:
    desk.past("Twin", Ending.DONE, done=EPOCHS)
    window = desk.start()
    files.gate.clear()
    job = desk.open(window, "Twin")
    window.controller.set_input(Path("other.wav"))
    window.controller.set_flip(job.id, True)
    files.gate.set()
    queue = window.controller.queue
    desk.bot.waitUntil(lambda: queue.job(job.id).state is JobState.READY, timeout=5_000)
    assert [names[0] for names in files.checked] == ["input", "other"]
    report = queue.job(job.id).report
    assert report is not None
    assert report.input_name == "other.wav"


def test_another_input_leaves_an_opened_capture_alone(desk: Desk) -> None:
    desk.past("Twin", Ending.STOPPED)
    window = desk.start()
    job = desk.open(window, "Twin (stopped)")
    window.controller.set_input(desk.outdir / "other.wav")
    assert window.controller.queue.job(job.id).state is JobState.STOPPED
    window.controller.train_more(job.id)
    desk.wait_until_idle(window)
    assert desk.fake.jobs[0].input_path == desk.outdir / "input.wav"


def test_a_recording_in_training_is_left_alone(desk: Desk) -> None:
    desk.past("JCM", Ending.INTERRUPTED)
    desk.past("Twin", Ending.DONE)
    desk.fake.free_epochs = 0
    window = desk.start()
    window.offer_bar.go_on.click()
    desk.bot.waitUntil(lambda: bool(desk.fake.jobs), timeout=5_000)
    with desk.bot.waitSignal(window.controller.said):
        window.controller.open_capture(desk.outdir / "JCM")
    assert desk.said == ["JCM is in training. Stop that first."]
    desk.open(window, "Twin")
    states = [job.state for job in window.controller.queue.jobs()]
    assert states == [JobState.TRAINING, JobState.DONE]


def test_a_capture_takes_the_row_of_its_recording(
    desk: Desk, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path) -> Recording:
        if path.name == "other.wav":
            raise AudioError("It cannot be read.")
        return files.read(path)

    monkeypatch.setattr(tasks, "read_recording", unreadable)
    desk.past("Twin", Ending.DONE)
    window = desk.start()
    window.controller.set_input(desk.outdir / "other.wav")
    window.controller.add_recordings([desk.outdir / "Twin.wav"])
    desk.open(window, "Twin")
    desk.bot.wait(20)  # the check, which comes too late
    (job,) = window.controller.queue.jobs()
    assert job.state is JobState.DONE
    assert not job.message


def test_a_capture_that_is_gone_is_a_sentence(desk: Desk) -> None:
    folder = desk.past("Twin", Ending.DONE)
    window = desk.start()
    (folder / "job.json").unlink()
    with desk.bot.waitSignal(window.controller.said):
        window.recent.actions()[0].trigger()
    assert desk.said[0].startswith(f"{folder / 'job.json'} cannot be read")


def test_training_an_opened_one_again_needs_no_other_input(desk: Desk) -> None:
    desk.past("Twin", Ending.DONE, done=EPOCHS)
    window = desk.start()
    job = desk.open(window, "Twin")
    window.page.tabs.setCurrentWidget(window.page.waveform)
    window.controller.retry(job.id)
    desk.bot.waitUntil(
        lambda: window.controller.queue.job(job.id).state is JobState.READY, timeout=5_000
    )
    assert window.controller.input_path == desk.outdir / "input.wav"


def test_what_is_said_of_a_training_later_is_kept(desk: Desk, files: FakeFiles) -> None:
    twin, jcm = (desk.past(name, Ending.DONE, done=EPOCHS) for name in ("Twin", "JCM"))
    before = (jcm / "job.json").stat().st_mtime_ns
    window = desk.start()
    desk.open(window, "JCM")
    job = desk.open(window, "Twin")
    said = UserMetadata(name="Clean Twin", gear_make="Fender")
    window.controller.queue.update(job.id, metadata=said)
    with desk.bot.waitSignal(window.gone):
        window.close()
    assert read_job(twin).ending is Ending.DONE
    assert (jcm / "job.json").stat().st_mtime_ns == before
    again = desk.open(desk.start(), "Twin")
    assert (again.name, again.metadata) == ("Clean Twin", said)


def test_what_is_said_of_a_training_while_it_runs_is_kept(desk: Desk) -> None:
    folder = desk.past("Twin", Ending.INTERRUPTED)
    desk.fake.free_epochs = 0
    window = desk.start()
    window.offer_bar.go_on.click()
    desk.bot.waitUntil(lambda: bool(desk.fake.jobs), timeout=5_000)
    (job,) = window.controller.queue.jobs()
    said = UserMetadata(name="Twin", gear_make="Fender")
    window.controller.queue.update(job.id, metadata=said)
    with desk.bot.waitSignal(window.controller.closed):
        window.controller.shut_down()
    assert read_job(folder).job.user == said


def test_a_note_that_cannot_be_written_leaves_the_others(desk: Desk) -> None:
    twin, jcm = (desk.past(name, Ending.INTERRUPTED) for name in ("Twin", "JCM"))
    window = desk.start()
    (jcm / "job.json").unlink()
    window.offer_bar.later.click()
    desk.wait_for_ending(twin, Ending.STOPPED)
    desk.bot.waitUntil(lambda: bool(desk.said))
    assert desk.said[0].startswith(f"{jcm / 'job.json'} cannot be read")
