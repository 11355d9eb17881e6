"""One training step, the official trainer and ours alternating on the same batch.

Ours with PyTorch alone and with the kernels that were chosen.

python benchmarks/step.py [--batch 16 1] [--rounds 10] [--threads 2] [--device cpu]
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
from nam_engine.dataset import material_of
from nam_engine.demo import SAMPLE_RATE_HZ, amplify, play
from nam_engine.devices import describe_device
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft
from nam_engine.presets import A2, Recipe
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.parse import parse_packed

CPU = torch.device("cpu")


def our_trainer(
    batch_size: int, mrstft_weight: float = 0.0005, device: torch.device = CPU
) -> Trainer:
    audio = play(30.0)
    source = Recording(audio.astype(np.float32), SAMPLE_RATE_HZ, Path("di.wav"))
    output = Recording(amplify(audio).astype(np.float32), SAMPLE_RATE_HZ, Path("amp.wav"))
    recipe = Recipe(batch_size=batch_size, mrstft_weight=mrstft_weight)
    config = parse_packed(A2)
    material = material_of(make_capture(source, output), config.receptive_field, recipe)
    return Trainer(material, config, recipe.method, device=device)


def official_step(
    mrstft_weight: float = 0.0005, device: torch.device = CPU
) -> Callable[[torch.Tensor, torch.Tensor], object]:
    torch.manual_seed(0)
    config = core._get_packed_model_config()
    config["loss"]["mrstft_weight"] = mrstft_weight or None
    module = PackedLightningModule.init_from_config(config).to(device)
    optimizer = module.configure_optimizers()["optimizer"]

    def step(audio: torch.Tensor, target: torch.Tensor) -> None:
        optimizer.zero_grad()
        module.training_step((audio, target), 0).backward()
        optimizer.step()
        module.net.apply_mask()

    return step


def measure(batch_size: int, mrstft_weight: float, rounds: int, device: torch.device) -> str:
    trainers = [our_trainer(batch_size, mrstft_weight, device) for _ in range(2)]
    for_pytorch, for_kernels = trainers
    by_pytorch = Kernels(for_pytorch.network, MultiResolutionStft().to(device))
    plain = Stepper(for_pytorch.network, for_pytorch.method, device, by_pytorch)
    windows, indices = for_kernels.windows, torch.arange(batch_size, device=device)
    audio, target = windows.batch(indices)
    official = official_step(mrstft_weight, device)
    steps: dict[str, Callable[[], object]] = {
        "official": lambda: official(audio, target),
        "PyTorch": lambda: plain.step(windows.batch, indices),
        "kernels": lambda: for_kernels.stepper.step(windows.batch, indices),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if round_number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    ratios = np.array(seconds["official"]) / np.array(seconds["kernels"])
    loss = "MSE + MRSTFT" if mrstft_weight else "MSE"
    cells = " | ".join(f"{1000 * median:.0f} ms" for median in medians.values())
    return (
        f"| {batch_size} | {loss} | {cells}"
        f" | {np.median(ratios):.1f} ({ratios.min():.1f} to {ratios.max():.1f}) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[16, 1])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    print(f"{describe_device(device)}, torch {torch.__version__}\n")
    print("| batch | loss | official | ours, PyTorch | ours, kernels | ratio, median (range) |")
    print("|---|---|---|---|---|---|")
    for batch_size in options.batch:
        for mrstft_weight in (0.0005, 0.0):
            print(measure(batch_size, mrstft_weight, options.rounds, device), flush=True)


if __name__ == "__main__":
    main()
