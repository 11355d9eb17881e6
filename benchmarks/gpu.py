"""All that is to be known about training on a GPU, in one command of less than 8 minutes.

python benchmarks/gpu.py [--device cuda] [--only PART] [--no-triton] [--small]

Prints Markdown for docs/experiments.md. What fails or would take too long is left out, with a
sentence among the errors. ``--small`` shows that everything runs, on any machine; its figures
say nothing. ``--no-triton`` leaves our kernels out, should they bring a GPU down.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from gpu_ways import (
    VARIANTS,
    Make,
    half,
    milliseconds,
    official_of,
    pytorch,
    recorded,
    recordings,
    trainer_of,
    triton,
)

from nam_engine.audio import write_wav
from nam_engine.demo import SAMPLE_RATE_HZ
from nam_engine.devices import describe_device
from nam_engine.errors import reason_of
from nam_engine.events import EpochDone
from nam_engine.graphs import UNPROVEN
from nam_engine.intake import Choices
from nam_engine.kernels import choose
from nam_engine.kernels.choose import choose_kernels
from nam_engine.kernels.interface import Kernels
from nam_engine.presets import A2, OFFICIAL_RECIPE, STANDARD_RECIPE, Recipe
from nam_engine.session import train
from nam_engine.train_job import TrainJob
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

MINUTES = 7.5
RECIPES = {"official": OFFICIAL_RECIPE, "standard": STANDARD_RECIPE}


@dataclass(frozen=True)
class Options:
    device: torch.device
    small: bool

    def sized(self, recipe: Recipe, epochs: int) -> Recipe:
        if self.small:
            return replace(recipe, epochs=2, window_samples=2048)
        return replace(recipe, epochs=epochs)


def steps(options: Options) -> Iterator[str]:
    """One step, all variants and the official trainer's alternating on one batch."""
    rounds, count = (2, 1) if options.small else (8, 10)
    device = options.device
    yield "| batch | loss | " + " | ".join(["official", *VARIANTS]) + " | official / chosen |"
    yield "|---" * (len(VARIANTS) + 4) + "|"
    sizes = (2, 1) if options.small else (16, 1)
    for size, weight in ((size, weight) for size in sizes for weight in (0.0005, 0.0)):
        recipe = replace(options.sized(OFFICIAL_RECIPE, 1), batch_size=size, mrstft_weight=weight)
        indices = torch.arange(size, device=device)
        ways: dict[str, Callable[[], object]] = {}
        for name, make in VARIANTS.items():
            with told(name):
                trainer = trainer_of(recipe, device, make)
                stepper, gather = trainer.stepper, trainer.windows.batch
                ways[name] = partial(stepper.step, gather, indices)
                ways[name]()
        with told("official"):
            ways["official"] = official_of(weight, gather(indices))
            ways["official"]()
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                taken[name].append(milliseconds(way, device, count))
        cells = [
            f"{np.median(taken[name]):.2f} ms" if name in taken else "-"
            for name in ("official", *VARIANTS)
        ]
        ratio = "-"
        if "official" in taken and "chosen" in taken:
            ratios = np.array(taken["official"]) / np.array(taken["chosen"])
            ratio = f"{np.median(ratios):.1f} ({ratios.min():.1f} to {ratios.max():.1f})"
        loss = "MSE + MRSTFT" if weight else "MSE"
        yield f"| {size} | {loss} | {' | '.join(cells)} | {ratio} |"


def parts(options: Options) -> Iterator[str]:
    """Where a chosen step's time goes; SOAP's new bases are every tenth update."""
    device, count = options.device, 2 if options.small else 20
    yield "| recipe | first step | step | gradient, waited for | update | prediction | MRSTFT |"
    yield "|---|---|---|---|---|---|---|"
    for name, recipe in RECIPES.items():
        trainer = trainer_of(options.sized(recipe, 1), device, choose_kernels)
        stepper, gather = trainer.stepper, trainer.windows.batch
        indices = torch.arange(recipe.batch_size, device=device)
        take = partial(stepper.step, gather, indices)
        first = milliseconds(take, device, 1)
        step = milliseconds(take, device, count)
        own, stepper.update = stepper.update, lambda _taken=None: None
        gradient = milliseconds(take, device, count)
        stepper.update = own
        audio, target = gather(indices)
        with torch.no_grad():
            predict = milliseconds(partial(stepper.kernels.predict, audio), device, count)
            prediction = stepper.kernels.predict(audio)
        compare = partial(spectra, stepper.kernels, prediction.requires_grad_(), target)
        mrstft = milliseconds(compare, device, count)
        cells = (first, step, gradient, step - gradient, predict, mrstft)
        yield f"| {name} | " + " | ".join(f"{cell:.2f} ms" for cell in cells) + " |"


def spectra(kernels: Kernels, prediction: torch.Tensor, target: torch.Tensor) -> None:
    kernels.mrstft(prediction, target).sum().backward()


def exact(options: Options) -> Iterator[str]:
    """Ten steps here and in main memory from the same weights, with the same batches."""
    yield "| recipe | step 1: loss | step 1: gradient | step 10: loss | step 10: weights |"
    yield "|---|---|---|---|---|"
    for name, recipe in RECIPES.items():
        recipe = replace(options.sized(recipe, 1), batch_size=4 if options.small else 16)
        ours, theirs = (
            trainer_of(recipe, device, choose_kernels)
            for device in (options.device, torch.device("cpu"))
        )
        generator = torch.Generator().manual_seed(0)
        losses, gradients = [], []
        for step in range(10):
            indices = torch.randperm(ours.windows.count, generator=generator)[: recipe.batch_size]
            figures = [
                t.stepper.step(t.windows.batch, indices.to(t.device)) for t in (ours, theirs)
            ]
            losses.append(abs(figures[0].loss / figures[1].loss - 1))
            if not step:
                gradients = [flat([p.grad for p in t.network.parameters()]) for t in (ours, theirs)]
        weights = [flat(list(t.network.parameters())) for t in (ours, theirs)]
        cells = (losses[0], off(*gradients), losses[-1], off(*weights))
        yield f"| {name} | " + " | ".join(f"{cell:.1e}" for cell in cells) + " |"


def flat(tensors: list[torch.Tensor | None]) -> torch.Tensor:
    return torch.cat([t.detach().flatten().double().cpu() for t in tensors if t is not None])


def off(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs))


def whole(options: Options) -> Iterator[str]:
    """Trainings from WAV to .nam, everything included: 100 epochs of 183 s."""
    seconds = 20.0 if options.small else 183.0
    yield "| recipe | training | of it before the first epoch's end | epoch | ESR |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "di.wav"), Path(folder, "amp.wav")
        for path, samples in zip(paths, recordings(seconds), strict=True):
            write_wav(path, samples, SAMPLE_RATE_HZ)
        for name, recipe in RECIPES.items():
            job = TrainJob(
                *paths,
                Path(folder, name),
                options.sized(recipe, 100),
                device=options.device.type,
                choices=Choices(ignore_checks=True),
            )
            times, rows = [time.perf_counter()], []
            for event in train(job):
                if isinstance(event, EpochDone):
                    times.append(time.perf_counter())
                    rows.append(event)
            total = time.perf_counter() - times[0]
            esr = ", ".join(f"{m.esr:.5f}" for m in rows[-1].metrics)
            epoch = np.median(np.diff(times[1:]))
            first = times[1] - times[0]
            yield f"| {name} | {total:.1f} s | {first:.1f} s | {epoch:.3f} s | {esr} |"


def precision(options: Options) -> Iterator[str]:
    """What less exact numbers gain, and what they cost at the end of a run; 25 epochs of 60 s."""
    recipe, device = options.sized(STANDARD_RECIPE, 25), options.device
    ways: dict[str, Make] = {"chosen": choose_kernels}
    for name in ("tf32", "ieee"):
        ways[f"Triton, {name}"] = recorded(lambda n, d, name=name: triton(n, d, name))
    ways["PyTorch, TF32"] = recorded(pytorch)
    ways["PyTorch, bfloat16"] = recorded(half)
    yield "| numbers | step | run | ESR |"
    yield "|---|---|---|---|"
    for name, make in ways.items():
        with told(name):
            trainer = trainer_of(recipe, device, make, 20.0 if options.small else 60.0)
            indices = torch.arange(recipe.batch_size, device=device)
            before = trainer.state()
            if name == "PyTorch, TF32":
                torch.backends.cudnn.allow_tf32 = True
            take = partial(trainer.stepper.step, trainer.windows.batch, indices)
            take()
            step = milliseconds(take, device, 10)
            trainer.restore(before)
            started = time.perf_counter()
            rows = [e for e in trainer.run() if isinstance(e, EpochDone)]
            run = time.perf_counter() - started
            esr = ", ".join(f"{m.esr:.5f}" for m in rows[-1].metrics)
            yield f"| {name} | {step:.2f} ms | {run:.1f} s | {esr} |"
        torch.backends.cudnn.allow_tf32 = False


PARTS: dict[str, Callable[[Options], Iterator[str]]] = {
    "exact": exact,
    "steps": steps,
    "whole": whole,
    "parts": parts,
    "precision": precision,
}


@contextmanager
def told(what: str) -> Iterator[None]:
    """Whatever fails is told among the errors, and the rest goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        print(f"{what} is left out: {reason_of(error)}", file=sys.stderr, flush=True)


def machine(device: torch.device) -> str:
    parts = [describe_device(device), f"torch {torch.__version__}", f"CUDA {torch.version.cuda}"]
    with told("Triton's version"):
        parts.append(f"Triton {importlib.metadata.version('triton')}")
    if device.type == "cuda":
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        with told("the driver's version"):
            done = subprocess.run(query, check=True, capture_output=True, text=True)
            parts.append(f"driver {done.stdout.strip()}")
    kernels = choose_kernels(PackedWaveNet(parse_packed(A2)).to(device), device)
    parts.append(f"chosen: {type(kernels.predict).__name__}, graphs: {kernels.in_graphs}")
    return ", ".join([*parts, kernels.problem or "no problem"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", choices=tuple(PARTS), help="this part, in this process")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--no-triton", action="store_true")
    arguments = parser.parse_args()
    os.environ[UNPROVEN] = "1"
    if arguments.only is None:
        run_all(sys.argv[1:])
        return
    if arguments.no_triton:
        choose._cuda_kernels = lambda *_: None
    options = Options(torch.device(arguments.device), arguments.small)
    part = PARTS[arguments.only]
    print(f"\n{part.__doc__}")
    with told("the machine"):
        print(machine(options.device), flush=True)
    with told(arguments.only):
        print()
        for line in part(options):
            print(line, flush=True)


def run_all(arguments: list[str]) -> None:
    """Each part in a process of its own: a fault on a GPU spoils all that follows in it."""
    end = time.perf_counter() + 60 * MINUTES
    for name in PARTS:
        command = [sys.executable, __file__, *arguments, "--only", name]
        started = time.perf_counter()
        with told(name):
            done = subprocess.run(command, check=False, timeout=max(1, end - started))
            print(
                f"\n({time.perf_counter() - started:.0f} s, status {done.returncode})", flush=True
            )


if __name__ == "__main__":
    main()
