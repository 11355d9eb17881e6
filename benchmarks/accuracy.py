"""ESR after training, the official trainer beside ours, on the same split.

    python benchmarks/accuracy.py INPUT OUTPUT -o RUNS [--seeds 0 1 2] [--epochs 100]
        [--validation-seconds 3] [--trainers official ours]

Each trainer trains each seed into RUNS/<trainer>_<seed> (skipped where a model
is there already); all exported files are then scored by ``nam-engine evaluate``'s
function over the same last seconds.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from official import train_official

from nam_engine.audio import read_recording
from nam_engine.events import Saved
from nam_engine.intake import Choices
from nam_engine.model_files import evaluate_files
from nam_engine.presets import OFFICIAL_RECIPE
from nam_engine.session import TrainJob, train


def train_ours(options: argparse.Namespace, outdir: Path, seed: int) -> Path:
    stop = read_recording(options.input).seconds
    job = TrainJob(
        options.input,
        options.output,
        outdir,
        recipe=replace(OFFICIAL_RECIPE, epochs=options.epochs),
        device="cpu",
        seed=seed,
        choices=Choices(
            latency_samples=0,  # as the official trainer gets it
            validation_seconds=(stop - options.validation_seconds, stop),
        ),
    )
    saved = [e.path for e in train(job) if isinstance(e, Saved)]
    return saved[-1]


def model_of(options: argparse.Namespace, trainer: str, seed: int) -> Path:
    """The trained model's path; trains it where it is missing."""
    outdir = options.runs / f"{trainer}_{seed}"
    for path in outdir.rglob("*.nam"):
        return path
    started = time.monotonic()
    if trainer == "ours":
        path = train_ours(options, outdir, seed)
    else:
        rate = read_recording(options.input).sample_rate_hz
        path = train_official(
            options.input,
            options.output,
            outdir,
            seed=seed,
            epochs=options.epochs,
            validation_samples=round(options.validation_seconds * rate),
        )
    print(f"{trainer} seed {seed}: {time.monotonic() - started:.0f} s", flush=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("-o", dest="runs", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--validation-seconds", type=float, default=3.0)
    parser.add_argument("--trainers", nargs="+", default=["official", "ours"])
    options = parser.parse_args()

    start = read_recording(options.input).seconds - options.validation_seconds
    print("| trainer | seed | Lite | Full |\n|---|---|---|---|")
    for trainer in options.trainers:
        rows = []
        for seed in options.seeds:
            model = model_of(options, trainer, seed)
            scores = evaluate_files(
                model, options.input, options.output, latency_samples=0, start_seconds=start
            )
            rows.append([s.esr for s in scores])
            print(f"| {trainer} | {seed} | {rows[-1][0]:.4f} | {rows[-1][1]:.4f} |", flush=True)
        lite, full = np.mean(rows, axis=0)
        print(f"| {trainer} | mean | {lite:.4f} | {full:.4f} |", flush=True)


if __name__ == "__main__":
    main()
