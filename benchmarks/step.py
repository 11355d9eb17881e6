"""One training step, the official trainer and ours alternating on the same batch.

python benchmarks/step.py [--batch 16] [--rounds 10] [--threads 2]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from nam.train import core
from nam.train.lightning_module import PackedLightningModule

from nam_engine.audio import Recording
from nam_engine.capture import make_capture
from nam_engine.demo import SAMPLE_RATE_HZ, amplify, play
from nam_engine.presets import A2, Recipe
from nam_engine.trainer import Trainer
from nam_engine.wavenet.parse import parse_packed


def our_trainer(batch_size: int) -> Trainer:
    audio = play(30.0)
    source = Recording(audio.astype(np.float32), SAMPLE_RATE_HZ, Path("di.wav"))
    output = Recording(amplify(audio).astype(np.float32), SAMPLE_RATE_HZ, Path("amp.wav"))
    recipe = Recipe(batch_size=batch_size)
    capture = make_capture(source, output)
    return Trainer(capture, parse_packed(A2), recipe, device=torch.device("cpu"))


def official_step() -> Callable[[torch.Tensor, torch.Tensor], object]:
    torch.manual_seed(0)
    module = PackedLightningModule.init_from_config(core._get_packed_model_config())
    optimizer = module.configure_optimizers()["optimizer"]

    def step(audio: torch.Tensor, target: torch.Tensor) -> None:
        optimizer.zero_grad()
        module.training_step((audio, target), 0).backward()
        optimizer.step()
        module.net.apply_mask()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    trainer = our_trainer(options.batch)
    audio, target = trainer.windows.batch(torch.arange(options.batch))

    def our_step(audio: torch.Tensor, target: torch.Tensor) -> None:
        trainer.stepper.backward(audio, target)
        trainer.stepper.update()

    steps = {"official": official_step(), "ours": our_step}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(options.rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step(audio, target)
            if round_number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    ratios = np.array(seconds["official"]) / np.array(seconds["ours"])
    print(
        f"batch {options.batch}, {options.threads} threads, torch {torch.__version__}:"
        f" official {medians['official']:.3f} s, ours {medians['ours']:.3f} s,"
        f" ratio {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
    )


if __name__ == "__main__":
    main()
