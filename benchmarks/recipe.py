"""Recipes side by side: the same captures and seeds, one process per core, resumable.

    python benchmarks/recipe.py RUNS --captures in1.wav out1.wav in2.wav out2.wav ...
        [--recipes official draft standard standard:batch_size=4,learning_rate=0.02]
        [--seeds 0 1] [--processes 2]

A recipe is a name of ``nam_engine.presets.RECIPES`` and what is to be changed of it. Each
training is an ordinary one in RUNS/<recipe>/<seed>/<output>; it goes on where it was if this
command is interrupted and given again, and a finished one is only read. The tables are printed
at the end.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nam_engine.job_file import read_job
from nam_engine.presets import A2_CHANNELS, A2_TITLES, RECIPES, Recipe
from nam_engine.train_job import TrainJob

MOMENTS = (0.25, 0.5, 0.75, 1.0)
FRAME_SAMPLES = 2048
QUIET_SHARE = 0.2
LOWEST_BAND_HZ = 62.5


@dataclass(frozen=True)
class Run:
    """One training to be done."""

    runs: Path
    recipe_name: str
    input_path: Path
    output_path: Path
    seed: int

    @property
    def outdir(self) -> Path:
        return self.runs / self.recipe_name.replace(":", "_") / str(self.seed)

    @property
    def folder(self) -> Path:
        return self.outdir / self.output_path.stem

    @property
    def recipe(self) -> Recipe:
        name, _, changes = self.recipe_name.partition(":")
        kinds = {f.name: type(getattr(RECIPES[name], f.name)) for f in fields(Recipe)}
        values = (change.split("=") for change in filter(None, changes.split(",")))
        changed = {key: _read(kinds[key], text) for key, text in values}
        return replace(RECIPES[name], **changed)

    @property
    def job(self) -> TrainJob:
        return TrainJob(
            self.input_path,
            self.output_path,
            self.outdir,
            self.recipe,
            "cpu",
            self.seed,
            resume=True,
        )


def _read(kind: type, text: str) -> object:
    return {"True": True, "False": False}[text] if kind is bool else kind(text)


@dataclass(frozen=True)
class Quiet:
    """What a model does in the softest fifth of the validation passage, in dB.

    ``error`` is the error's power there against the recording's in the whole passage. ``excess``
    is the octave in which the model is furthest above the recording there.
    """

    error: float
    excess: float


def train_one(run: Run) -> None:
    """Train to the end, or go on to it; imports PyTorch, in a process with one thread."""
    from nam_engine.session import train

    for _ in train(run.job):
        pass


def is_done(run: Run) -> bool:
    """Raises ValueError where the folder holds another recipe's training."""
    if not run.folder.exists():
        return False
    recipe = read_job(run.folder).job.recipe
    if recipe != run.recipe:
        raise ValueError(f"{run.folder} was trained by another recipe: {recipe}")
    path = run.folder / "history.csv"
    return path.exists() and len(_history(path)) == recipe.epochs


@cache
def _history(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def best_esrs(run: Run) -> NDArray[np.float64]:
    """The best validation ESR up to each epoch, (submodel, epoch)."""
    rows = _history(run.folder / "history.csv")
    esrs = [[float(row[f"esr_{name}"]) for row in rows] for name in A2_CHANNELS]
    return np.minimum.accumulate(esrs, axis=1)


def seconds_per_epoch(run: Run) -> float:
    return float(np.median([float(r["seconds"]) for r in _history(run.folder / "history.csv")]))


@cache
def quiet(run: Run) -> tuple[Quiet, ...]:
    """For each submodel of the saved file."""
    from nam_engine.comparison import play_passage
    from nam_engine.nam_file import NamContainer, read_nam

    capture = run.job.take_in().require_capture()
    file = read_nam(next(run.folder.glob("*.nam")))
    assert isinstance(file, NamContainer)
    models = {str(i): entry.model for i, entry in enumerate(file.entries)}
    heard = play_passage(
        models, capture.input, capture.target, capture.validation, capture.sample_rate_hz
    )
    return tuple(
        _quiet(heard.target, played, capture.sample_rate_hz)
        for played in heard.predictions.values()
    )


def _quiet(target: NDArray[np.float32], played: NDArray[np.float32], rate_hz: int) -> Quiet:
    def frames(samples: NDArray[np.float32]) -> NDArray[np.float64]:
        count = len(samples) // FRAME_SAMPLES
        return samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES).astype(np.float64)

    recorded, answer = frames(target), frames(played)
    energy = np.square(recorded).sum(axis=1)
    softest = np.argsort(energy)[: max(1, round(QUIET_SHARE * len(energy)))]
    error = np.square(answer - recorded).sum(axis=1)[softest].mean() / energy.mean()
    # As soft as 16 bits of the loudest: less cannot be heard, or is the file's own rounding.
    floor = 1e-9 * _octaves(recorded[[energy.argmax()]], rate_hz).sum()
    theirs, ours = (_octaves(of[softest], rate_hz) + floor for of in (recorded, answer))
    excess = float(10 * np.log10((ours / theirs).max()))
    return Quiet(10 * np.log10(error), excess)


def _octaves(frames: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """The mean power of frames in each octave from ``LOWEST_BAND_HZ`` on."""
    spectrum = np.fft.rfft(frames * np.hanning(FRAME_SAMPLES))
    hz = np.fft.rfftfreq(FRAME_SAMPLES, 1 / rate_hz)
    octaves = np.digitize(hz, LOWEST_BAND_HZ * 2.0 ** np.arange(9))
    power = np.square(np.abs(spectrum)).mean(axis=0)
    return np.bincount(octaves, power)[1:]


def tables(runs: Sequence[Run]) -> str:
    """All trainings in one table, and each recipe against the official one in another."""
    done = [run for run in runs if is_done(run)]
    official = {_place(run): run for run in done if run.recipe_name == "official"}
    heads = [f"{A2_TITLES[n]} {m:.0%}" for n in A2_CHANNELS for m in MOMENTS]
    lines = [
        f"| capture | recipe | seed | {' | '.join(heads)} | noise Lite | noise Full | s/epoch |",
        "|---" * (len(heads) + 6) + "|",
    ]
    for run in sorted(done, key=lambda r: (r.output_path.stem, r.recipe_name, r.seed)):
        esrs = best_esrs(run)[:, [round(m * run.recipe.epochs) - 1 for m in MOMENTS]].ravel()
        figures = " | ".join(f"{esr:.2g}" for esr in esrs)
        noise = " | ".join(f"{q.error:.1f} ({q.excess:+.1f})" for q in quiet(run))
        lines.append(
            f"| {run.output_path.stem} | {run.recipe_name} | {run.seed} | {figures} | {noise}"
            f" | {seconds_per_epoch(run):.2f} |"
        )
    lines += [
        "",
        "| recipe | submodel | trainings | ratio to official: mean | worst | noise to official's,"
        " dB: mean | worst | official's end reached after epochs: median | latest"
        " | spread over seeds |",
        "|---" * 10 + "|",
    ]
    for name in dict.fromkeys(run.recipe_name for run in done):
        ours = [run for run in done if run.recipe_name == name]
        for i, submodel in enumerate(A2_CHANNELS):
            lines.append(f"| {name} | {A2_TITLES[submodel]} | {_against(ours, official, i)} |")
    return "\n".join(lines)


def _place(run: Run) -> tuple[str, int]:
    return run.output_path.stem, run.seed


def _against(ours: Sequence[Run], official: dict[tuple[str, int], Run], submodel: int) -> str:
    ratios, louder, reached = [], [], []
    for run in ours:
        if _place(run) not in official:
            continue
        theirs = official[_place(run)]
        bar = best_esrs(theirs)[submodel, -1]
        esrs = best_esrs(run)[submodel]
        ratios.append(esrs[-1] / bar)
        louder.append(quiet(run)[submodel].error - quiet(theirs)[submodel].error)
        reached.append(np.argmax(esrs <= bar) + 1 if esrs[-1] <= bar else np.inf)
    if not ratios:
        return "0 | | | | | | | "
    mean = np.exp(np.mean(np.log(ratios)))
    return (
        f"{len(ratios)} | {mean:.3f} | {max(ratios):.3f} | {np.mean(louder):+.1f}"
        f" | {max(louder):+.1f} | {np.median(reached):.0f} | {max(reached):.0f}"
        f" | {_spread(ours, submodel):.2f}"
    )


def _spread(runs: Sequence[Run], submodel: int) -> float:
    """The standard deviation of ln ESR over the seeds, pooled over the captures."""
    by_capture: dict[str, list[float]] = {}
    for run in runs:
        esr = best_esrs(run)[submodel, -1]
        by_capture.setdefault(run.output_path.stem, []).append(np.log(esr))
    deviations = [np.array(logs) - np.mean(logs) for logs in by_capture.values()]
    freedom = sum(len(each) - 1 for each in deviations)
    return float(np.sqrt(np.square(np.concatenate(deviations)).sum() / freedom)) if freedom else 0.0


def all_runs(options: argparse.Namespace) -> Iterator[Run]:
    pairs = list(zip(options.captures[::2], options.captures[1::2], strict=True))
    for seed, name, pair in itertools.product(options.seeds, options.recipes, pairs):
        yield Run(options.runs, name, *pair, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--captures", type=Path, nargs="+", required=True)
    parser.add_argument("--recipes", nargs="+", default=["official", "standard"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()

    outputs = [path.stem for path in options.captures[1::2]]
    if len(set(outputs)) < len(outputs):
        parser.error("two outputs have the same name")
    os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that are started below
    runs = list(all_runs(options))
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        left = {pool.submit(train_one, run): run for run in runs if not is_done(run)}
        for number, ended in enumerate(as_completed(left), start=1):
            problem = ended.exception() or ""
            print(f"{number}/{len(left)} {left[ended].folder} {problem}", file=sys.stderr)
    _history.cache_clear()
    print(tables(runs))


if __name__ == "__main__":
    main()
