"""What less exact numbers would do to a model: whole trainings with numbers rounded on purpose.

    python benchmarks/precision.py [--captures IN OUT ...] [--epochs 40] [--seeds 0 1]
        [--ways "float32" "TF32 products" ...]

The standard recipe through PyTorch's own operations, rounded as hardware for such numbers would
do it: before the products (TF32, bfloat16; sums stay float32), or in what is kept for the
backward pass. "bfloat16" is PyTorch's autocast itself, with float32 weights and losses. The ESR is
always that of the best weights in float32. Without captures the demo's rig is trained. Says
nothing about speed but for the autocast's on this machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from gpu_ways import Make, half, pytorch, recordings
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from nam_engine.audio import Recording, read_recording
from nam_engine.capture import Capture, make_capture
from nam_engine.dataset import material_of
from nam_engine.demo import SAMPLE_RATE_HZ
from nam_engine.events import EpochDone
from nam_engine.intake import take_in
from nam_engine.kernels.choose import choose_kernels
from nam_engine.nam_file import NamModel
from nam_engine.presets import A2, STANDARD_RECIPE
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.parse import parse_packed

CPU = torch.device("cpu")
FLOAT32_FRACTION_BITS = 23
PRODUCTS = (torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default)
# Activations; weights and what is as small stays exact.
KEPT_NUMBERS = 10_000


def rounded(numbers: Tensor, fraction_bits: int) -> Tensor:
    """To the nearest float32 with so many bits of fraction."""
    unused = FLOAT32_FRACTION_BITS - fraction_bits
    bits = numbers.view(torch.int32) + (1 << (unused - 1))
    return (bits & -(1 << unused)).view(torch.float32)


class RoundedProducts(TorchDispatchMode):
    """Everything that a convolution multiplies, forward and backward, is rounded before."""

    def __init__(self, fraction_bits: int) -> None:
        super().__init__()
        self._fraction_bits = fraction_bits

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in PRODUCTS:
            args = tree_map(self._round, args)
        return func(*args, **(kwargs or {}))

    def _round(self, value: Any) -> Any:
        return rounded(value, self._fraction_bits) if isinstance(value, Tensor) else value


def kept_in(dtype: torch.dtype) -> saved_tensors_hooks:
    """What the forward pass keeps for the backward pass is kept in these numbers."""

    def pack(kept: Tensor) -> Tensor:
        is_activation = kept.dtype == torch.float32 and kept.numel() >= KEPT_NUMBERS
        return kept.to(dtype) if is_activation else kept

    def unpack(kept: Tensor) -> Tensor:
        return kept.float() if kept.dtype == dtype else kept

    return saved_tensors_hooks(pack, unpack)


@dataclass(frozen=True)
class Way:
    """``context`` surrounds a whole training."""

    make: Make = pytorch
    context: Callable[[], AbstractContextManager[Any]] = nullcontext


WAYS = {
    "float32": Way(),
    "TF32 products": Way(context=lambda: RoundedProducts(10)),
    "bfloat16 products": Way(context=lambda: RoundedProducts(7)),
    "kept in float16": Way(context=lambda: kept_in(torch.float16)),
    "kept in bfloat16": Way(context=lambda: kept_in(torch.bfloat16)),
    "bfloat16": Way(make=half),
    "float32, our kernels": Way(make=choose_kernels),
}


def train(way: Way, capture: Capture, epochs: int, seed: int) -> tuple[list[float], float]:
    """ESRs of the best weights in float32, and seconds per epoch."""
    recipe = replace(STANDARD_RECIPE, epochs=epochs)
    config = parse_packed(A2)
    material = material_of(capture, config.receptive_field, recipe)
    trainer = Trainer(material, config, recipe.method, device=CPU, seed=seed)
    kernels = way.make(trainer.network, CPU)
    trainer.stepper = Stepper(trainer.network, recipe.method, CPU, kernels)
    started = time.perf_counter()
    with way.context():
        done = sum(isinstance(event, EpochDone) for event in trainer.run())
    seconds = (time.perf_counter() - started) / done

    exact = Trainer(material, config, recipe.method, device=CPU, seed=seed)
    result = trainer.result()
    exact.start_from(
        [
            NamModel(submodel.config, best.weights, result.sample_rate_hz)
            for submodel, best in zip(config.submodels, result.submodels, strict=True)
        ]
    )
    return [result.metrics.esr for result in exact.result().submodels], seconds


def demo_capture() -> Capture:
    source, output = (Recording(s, SAMPLE_RATE_HZ, Path("demo.wav")) for s in recordings(24.0))
    return make_capture(source, output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captures", type=Path, nargs="+", default=[])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    options = parser.parse_args()
    pairs = zip(options.captures[::2], options.captures[1::2], strict=True)
    captures = [
        take_in(read_recording(source), read_recording(output)).require_capture()
        for source, output in pairs
    ]
    print("| capture | numbers | seed | Lite | Full | an epoch |")
    print("|---|---|---|---|---|---|")
    for capture in captures or [demo_capture()]:
        for seed in options.seeds:
            for name in options.ways:
                (lite, full), seconds = train(WAYS[name], capture, options.epochs, seed)
                cells = f"{lite:.3g} | {full:.3g} | {seconds:.2f} s"
                print(f"| {capture.name} | {name} | {seed} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
