"""SIGKILL at random moments, while training and while saving: the run that goes on is the same."""

from __future__ import annotations

import csv
import multiprocessing
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import killable
import pytest
from support import RATE_HZ, playing, rig

from nam_engine.audio import write_wav
from nam_engine.job_file import Ending
from nam_engine.job_folder import JobFolder
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.past import read_training
from nam_engine.presets import Recipe
from nam_engine.session import TrainJob

KILLS = 20
LONGEST_SECONDS = 0.3

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")


@pytest.fixture(scope="module")
def context() -> multiprocessing.context.ForkServerContext:
    """Processes that start at once: PyTorch is imported only in the one that they fork from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killable", "torch._dynamo", "matplotlib.figure"])
    return context


@pytest.fixture
def job(tmp_path: Path) -> TrainJob:
    x = playing(3)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "amp.wav", rig(x), RATE_HZ)
    recipe = Recipe(epochs=90, window_samples=2048, batch_size=4, mrstft_weight=0.0)
    return TrainJob(tmp_path / "di.wav", tmp_path / "amp.wav", tmp_path / "whole", recipe, "cpu")


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    clocks = {"steps_per_second", "memory_mb", "seconds", "seconds_left"}
    return [{key: value for key, value in row.items() if key not in clocks} for row in rows]


def test_killed_run_reads_as_interrupted_and_goes_on_from_its_folder(
    context: multiprocessing.context.ForkServerContext, job: TrainJob
) -> None:
    training = context.Event()
    process = context.Process(target=killable.run, args=(job, training))
    process.start()
    assert training.wait(timeout=15)
    folder = job.outdir / "amp"
    assert JobFolder.is_in_use(folder)
    process.kill()
    process.join()
    past = read_training(folder)
    assert past.file.ending is Ending.INTERRUPTED
    assert not JobFolder.is_in_use(folder)
    assert len(past.history) < job.recipe.epochs
    process = context.Process(target=killable.run, args=(past.file.job, training))
    process.start()
    process.join()
    past = read_training(folder)
    assert past.file.ending is Ending.DONE
    assert len(past.history) == job.recipe.epochs


def test_run_killed_at_20_random_moments_is_the_one_that_was_not(
    context: multiprocessing.context.ForkServerContext, job: TrainJob
) -> None:
    def start(job: TrainJob, saving_calls: int | None = None):  # type: ignore[no-untyped-def]
        training = context.Event()
        process = context.Process(target=killable.run, args=(job, training, saving_calls))
        process.start()
        return process, training

    whole, _ = start(job)
    whole.join()
    assert whole.exitcode == 0

    rng = random.Random(0)
    killed = replace(job, outdir=job.outdir.with_name("killed"), resume=True)
    for kill in range(KILLS):
        in_saving = kill % 2 == 1
        process, training = start(killed, rng.randrange(30) if in_saving else None)
        assert training.wait(timeout=15), kill
        if not in_saving:
            time.sleep(rng.uniform(0, LONGEST_SECONDS))
            process.kill()
        process.join()
        assert process.exitcode == -9, "the training was over before it was killed"
    last, _ = start(killed)
    last.join()
    assert last.exitcode == 0

    ours, expected = killed.outdir / "amp", job.outdir / "amp"
    assert [path.name for path in killed.outdir.iterdir()] == ["amp"]
    rows = history(ours)
    assert len(rows) == job.recipe.epochs
    assert rows == history(expected)
    models = [read_nam(folder / "amp.nam") for folder in (ours, expected)]
    for model in models:
        assert isinstance(model, NamContainer)
    for a, b in zip(*(m.entries for m in models), strict=True):  # type: ignore[union-attr]
        assert a.model.weights.tobytes() == b.model.weights.tobytes()
    assert (ours / "packed_best.json").read_text() == (expected / "packed_best.json").read_text()
    assert not list(ours.glob("*.part"))
