"""What it costs to lose nothing: saving the state and the model, and waiting for each step.

python benchmarks/saving.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
from step import our_trainer

from nam_engine.checkpoint import encode
from nam_engine.export import build_container
from nam_engine.job_folder import LAST, MODEL, JobFolder
from nam_engine.keeper import CHECKPOINT_SECONDS, MODEL_SECONDS
from nam_engine.metadata import LatencyCalibration, TrainingMetadata, UserMetadata
from nam_engine.nam_file import encode_nam


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times[1:]))  # the first round warms up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    trainer = our_trainer(16)
    trainer.stepper.backward(*trainer.windows.batch(torch.arange(16)))
    trainer.stepper.update()
    result = trainer._result_of(trainer._current(trainer.validate(), 1))
    esrs = {s.name: s.metrics.esr for s in result.submodels}
    training = TrainingMetadata(esrs, None, LatencyCalibration())

    def export() -> bytes:
        container = build_container(
            trainer.config,
            result,
            user=UserMetadata(),
            training=training.to_json(),
            moment=datetime.now(),
        )
        return encode_nam(container)

    with tempfile.TemporaryDirectory() as outdir:
        folder = JobFolder.create(Path(outdir), "amp")

        def save(file: str, content: bytes) -> None:
            folder.put(file, content)
            folder.flush()

        state = encode(trainer.state())
        model = export()
        seconds = {
            "state": median_seconds(lambda: encode(trainer.state()), options.rounds),
            "state to disk": median_seconds(lambda: save(LAST, state), options.rounds),
            "model": median_seconds(export, options.rounds),
            "model to disk": median_seconds(lambda: save(MODEL, model), options.rounds),
        }
        folder.close()
    for what, took in seconds.items():
        print(f"{what}: {1000 * took:.1f} ms")
    state_share = (seconds["state"] + seconds["state to disk"]) / CHECKPOINT_SECONDS
    model_share = (seconds["model"] + seconds["model to disk"]) / MODEL_SECONDS
    print(f"of the training time at most {100 * (state_share + model_share):.1f}%")
    print(f"{len(state) / 1e3:.0f} kB a state, {len(model) / 1e3:.0f} kB a model")


if __name__ == "__main__":
    main()
