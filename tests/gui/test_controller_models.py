"""Pairs and models that are looked at arrive, and no others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from gui.controller_rig import Rig
from gui.fake_files import FakeFiles
from gui.fake_run import FakeRun
from support import RATE_HZ, container_of, playing, small_packed
from support import rig as amp

from nam_engine.audio import write_wav
from nam_engine.errors import NamFileError
from nam_engine.intake import Choices
from nam_engine.nam_file import write_nam
from nam_engine.train_job import TrainJob
from nam_gui.compare_task import CompareTask, ModelSource
from nam_gui.tasks import Pair


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
