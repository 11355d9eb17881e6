"""Folders of earlier trainings, as the engine leaves them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from gui.fake_run import STEPS_PER_EPOCH, FakeRun

from nam_engine.checkpoint import StepperState, TrainState, encode
from nam_engine.events import EpochDone, Finished
from nam_engine.job_file import JOB, Ending, encode_job
from nam_engine.position import Position
from nam_engine.presets import Recipe
from nam_engine.train_job import TrainJob


def write_training(
    fake: FakeRun, outdir: Path, name: str, ending: Ending, *, done: int, epochs: int
) -> Path:
    """The folder of a training that ``fake`` has trained, ``done`` epochs of it."""
    folder = outdir / name
    folder.mkdir(parents=True)
    job = TrainJob(outdir / "input.wav", outdir / f"{name}.wav", outdir, Recipe(epochs=epochs))
    for recording in (job.input_path, job.output_path):
        recording.write_bytes(b"not read")
    events = list(fake.train(replace(job, recipe=Recipe(epochs=done))))
    fake.jobs.clear()
    finished = events[-1]
    assert isinstance(finished, Finished)
    nothing = StepperState({}, {})
    state = TrainState(
        identity={},
        stepper=nothing,
        epoch_start=None,
        shuffle=np.zeros(1, np.uint8),
        position=Position(epochs_done=done, steps_done=done * STEPS_PER_EPOCH),
        best=finished.result.submodels,
        history=tuple(event for event in events if isinstance(event, EpochDone)),
    )
    (folder / "last.ckpt").write_bytes(encode(state))
    (folder / f"{name}.nam").write_bytes(b"a model")
    finding = {"message": "It plays late.", "remedy": "Train longer."}
    (folder / "report.json").write_text(json.dumps({"models": [{"findings": [finding]}]}))
    (folder / JOB).write_bytes(encode_job(job, ending))
    return folder
