"""What a step costs against length, batch, submodels and threads; packed against separate.

python benchmarks/scaling.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import copy
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nam_engine.presets import A2, A2_CHANNELS, OFFICIAL_RECIPE, STANDARD_RECIPE, Recipe
from nam_engine.soap import STEPS_PER_REFRESH
from nam_engine.stepping import Stepper
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

CPU = torch.device("cpu")
WINDOW_SAMPLES, BATCH = 8192, 16


def packed_of(channels: list[int]) -> dict[str, Any]:
    """A2's network with submodels of these widths."""
    submodels = []
    for width in channels:
        config = copy.deepcopy(A2["submodels"][0]["config"])
        config["layers_configs"][0]["channels"] = width
        submodels.append({"name": f"channels_{width}", "config": config})
    return {"submodels": submodels, "export": {"container_max_values": "uniform"}}


def stepper_of(channels: list[int]) -> Stepper:
    network = PackedWaveNet(parse_packed(packed_of(channels)))
    return Stepper(network, OFFICIAL_RECIPE.method, CPU)


def step_of(
    stepper: Stepper, batch: int = BATCH, samples: int = WINDOW_SAMPLES
) -> Callable[[], None]:
    audio = 0.1 * torch.randn(batch, stepper.network.receptive_field - 1 + samples)
    target = 0.1 * torch.randn(batch, samples)

    def step() -> None:
        stepper.backward(audio, target)
        stepper.update()

    return step


def updates_of(recipe: Recipe) -> Callable[[], None]:
    """As many as SOAP makes with one pair of bases."""
    stepper = Stepper(PackedWaveNet(parse_packed(A2)), recipe.method, CPU)
    step_of(stepper, batch=1)()

    def update() -> None:
        for _ in range(STEPS_PER_REFRESH):
            stepper.update()

    return update


def medians_ms(steps: list[Callable[[], None]], rounds: int) -> list[float]:
    """Alternating, so that all see the same machine."""
    times = [[] for _ in steps]
    for round_number in range(rounds + 1):
        for step, of_step in zip(steps, times, strict=True):
            started = time.perf_counter()
            step()
            if round_number:
                of_step.append(1000 * (time.perf_counter() - started))
    return [float(np.median(of_step)) for of_step in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only-a2", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds, a2 = options.rounds, list(A2_CHANNELS.values())
    if options.only_a2:
        (found,) = medians_ms([step_of(stepper_of(a2))], rounds)
        print(f"A2 {found:.0f} ms")
        return
    print(f"{os.cpu_count()} cores, torch {torch.__version__}\n")

    def table(title: str, names: list[str], steps: list[Callable[[], None]]) -> list[float]:
        found = medians_ms(steps, rounds)
        print(
            f"{title}: " + ", ".join(f"{n} {ms:.0f} ms" for n, ms in zip(names, found, strict=True))
        )
        return found

    lengths = [2048, 4096, 8192, 16384, 32768]
    table("window", list(map(str, lengths)), [step_of(stepper_of(a2), samples=n) for n in lengths])
    batches = [1, 2, 4, 8, 16, 32]
    table("batch", list(map(str, batches)), [step_of(stepper_of(a2), n) for n in batches])
    widths = [[3], [8], [3, 8], [2, 3, 5, 8, 12]]
    table(
        "submodels",
        [" + ".join(map(str, w)) for w in widths],
        [step_of(stepper_of(w)) for w in widths],
    )
    recipes = {"Adam": OFFICIAL_RECIPE, "SOAP": STANDARD_RECIPE}
    updates = [updates_of(recipe) for recipe in recipes.values()]
    table(f"{STEPS_PER_REFRESH} updates", list(recipes), updates)
    for threads in range(1, (os.cpu_count() or 1) + 1):
        command = [sys.executable, __file__, "--only-a2", "--rounds", str(rounds)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        print(f"{threads} threads: {done.stdout.strip()}")
    apart = [step_of(stepper_of([width])) for width in a2]
    found = table("packed or apart", ["packed", *map(str, a2)], [step_of(stepper_of(a2)), *apart])
    print(f"packed takes {found[0] / sum(found[1:]):.2f} of the time of separate trainings")


if __name__ == "__main__":
    main()
