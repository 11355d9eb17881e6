"""Whole epochs of a long recording, validation and saving included, beside the official trainer.

python benchmarks/epoch.py INPUT OUTPUT [--epochs 2] [-o OUTDIR]

Each trainer runs in a process of its own, one after the other, epoch by epoch: the official
one as its own entry points run it (``official.py``), ours as ``nam-engine train`` does. The
first epoch of each is left out: it warms up and, in ours, compiles.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

VALIDATION_SECONDS = 9.0


def official(input_path: Path, output_path: Path, outdir: Path, epochs: int) -> list[float]:
    """Seconds of each epoch."""
    import pytorch_lightning
    import soundfile
    from official import train_official

    class Clock(pytorch_lightning.Callback):
        def __init__(self) -> None:
            self.ends = [time.perf_counter()]

        def on_train_epoch_end(self, *_: object) -> None:
            self.ends.append(time.perf_counter())

    clock = Clock()
    rate = soundfile.info(str(output_path)).samplerate
    train_official(
        input_path,
        output_path,
        outdir,
        seed=0,
        epochs=epochs,
        validation_samples=round(VALIDATION_SECONDS * rate),
        callbacks=[clock],
    )
    return list(np.diff(clock.ends))


def ours(input_path: Path, output_path: Path, outdir: Path, epochs: int) -> list[float]:
    """Seconds of each epoch, with all that is saved in it."""
    from nam_engine.events import EpochDone
    from nam_engine.intake import Choices
    from nam_engine.presets import Recipe
    from nam_engine.session import train
    from nam_engine.train_job import TrainJob

    job = TrainJob(
        input_path,
        output_path,
        outdir,
        Recipe(epochs=epochs),
        device="cpu",
        choices=Choices(ignore_checks=True),
    )
    ends = [time.perf_counter()]
    ends += [time.perf_counter() for event in train(job) if isinstance(event, EpochDone)]
    return list(np.diff(ends))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("-o", "--outdir", type=Path)
    parser.add_argument("--only", choices=("official", "ours"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        run = official if options.only == "official" else ours
        seconds = run(options.input, options.output, options.outdir, options.epochs)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for name, epochs in (("ours", options.epochs + 1), ("official", options.epochs)):
            command = [sys.executable, __file__, str(options.input), str(options.output)]
            command += ["--only", name, "--epochs", str(epochs), "-o", f"{folder}/{name}"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(done.stdout.splitlines()[-1])
            seconds = ", ".join(f"{s:.1f}" for s in found[name]["seconds"])
            print(f"{name}: epochs of {seconds} s, peak memory {found[name]['peak_mb']:.0f} MB")
    medians = {name: float(np.median(each["seconds"][1:])) for name, each in found.items()}
    print(f"ratio {medians['official'] / medians['ours']:.1f}")


if __name__ == "__main__":
    main()
