"""Files, questions and the built-in recordings, with a fake of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gui.controller_rig import Rig
from gui.fake_files import FakeFiles, stop
from pytestqt.qtbot import QtBot

from nam_engine.audio import write_wav
from nam_engine.demo import write_demo_pair
from nam_engine.metadata import UserMetadata
from nam_gui import tasks
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.pairing import Sorted
from nam_gui.settings import Settings


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


def test_what_was_recorded_again_is_checked_again(rig: Rig, files: FakeFiles) -> None:
    (job_id,) = rig.add("a")
    rig.controller.set_flip(job_id, flip=True)
    rig.settle()
    files.findings["a"] = stop()
    rig.add("a")
    assert rig.state(job_id) is JobState.HAS_FINDINGS
    rig.controller.proceed(job_id)
    rig.add("a")
    assert rig.state(job_id) is JobState.HAS_FINDINGS  # another recording may be worse
    assert rig.job(job_id).flip


def test_what_was_trained_is_left_as_it_is(rig: Rig) -> None:
    (job_id,) = rig.add("a")
    rig.controller.train()
    rig.wait(lambda: rig.state(job_id) is JobState.DONE)
    rig.add("a", "b")
    assert rig.states() == [JobState.DONE, JobState.READY]
    assert rig.said == ["a: left alone, as its training has begun. See Edit > Train again."]


def test_a_demo_that_cannot_be_written_is_told(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    rig.controller.settings = replace(rig.controller.settings, output_folder=tmp_path / "file")
    rig.controller.load_demo()
    rig.wait(lambda: bool(rig.said))
    assert rig.said == [
        f"{tmp_path / 'file' / 'Demo'} cannot be made (Not a directory)."
        " Choose another folder for the captures in File > Settings."
    ]
