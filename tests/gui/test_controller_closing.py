"""Closing waits for what runs and keeps what was won."""

from __future__ import annotations

import threading
from pathlib import Path

from gui.controller_rig import Rig
from gui.fake_files import FakeFiles
from gui.fake_run import FakeRun


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
