"""How far rounding alone drives trainings of A2 apart that begin alike.

python benchmarks/rounding.py [--steps 20]

The official trainer in one thread is what itself in two threads and ours are compared with.
All start from the same weights and see the same batches, in 32 bits.
"""

from __future__ import annotations

import argparse
import copy

import numpy as np
import torch
from nam.train import core
from nam.train.lightning_module import PackedLightningModule

from nam_engine.demo import play
from nam_engine.presets import A2, OFFICIAL_RECIPE
from nam_engine.stepping import Stepper
from nam_engine.wavenet.ordinary import WaveNet
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

BATCH, WINDOW = 4, 4096


def batches(steps: int, context: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    audio = torch.from_numpy(play(30.0).astype(np.float32))
    starts = torch.randint(len(audio) - context - WINDOW, (steps, BATCH))
    rows = audio.unfold(0, context + WINDOW, 1)
    return [(rows[s], 0.2 * torch.tanh(4 * rows[s][:, context:])) for s in starts]


def official_losses(
    start: PackedLightningModule, data: list[tuple[torch.Tensor, torch.Tensor]], threads: int
) -> list[float]:
    torch.set_num_threads(threads)
    module = copy.deepcopy(start)
    optimizer = module.configure_optimizers()["optimizer"]
    losses = []
    for batch in data:
        optimizer.zero_grad()
        loss = module.training_step(batch, 0)
        loss.backward()
        optimizer.step()
        module.net.apply_mask()
        losses.append(loss.item())
    return losses


def our_losses(
    start: PackedLightningModule, data: list[tuple[torch.Tensor, torch.Tensor]]
) -> list[float]:
    network = PackedWaveNet(parse_packed(A2))
    for i, submodel in enumerate(network.config.submodels):
        wavenet = WaveNet(submodel.config)
        wavenet.import_weights(start.net.extract_submodel(i)._net.export_weights())
        network.insert(i, wavenet)
    stepper = Stepper(network, OFFICIAL_RECIPE.method, torch.device("cpu"))
    losses = []
    for batch in data:
        losses.append(stepper.backward(*batch).loss)
        stepper.update()
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.manual_seed(0)
    start = PackedLightningModule.init_from_config(core._get_packed_model_config())
    data = batches(options.steps, start.net.receptive_field - 1)
    losses = {
        "official, one thread": official_losses(start, data, 1),
        "official, two threads": official_losses(start, data, 2),
        "ours": our_losses(start, data),
    }
    first = np.array(losses.pop("official, one thread"))
    for name, values in losses.items():
        off = np.abs(np.array(values) / first - 1)
        print(f"{name}: loss off by {off[0]:.0e} in the first step, at most {off.max():.0e}")


if __name__ == "__main__":
    main()
