"""What is looked at when a full training has ended and its model is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from nam_engine.events import Reported, TrainEvent, TrainResult
from nam_engine.full.comparison_plots import draw_submodel, plot_name
from nam_engine.full.description import Description
from nam_engine.full.size_quality import (
    Timing,
    draw_sizes,
    report_lines,
    sizes_of,
    to_document,
)
from nam_engine.json_text import to_json
from nam_engine.keeper import Keeper
from nam_engine.nam_file import NamModel
from nam_engine.records import Files
from nam_engine.render import Player
from nam_engine.stepping import Stepper
from nam_engine.trainer import Trainer
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.predict import predict

__all__ = ["review"]

TIMED_STEPS = 3


def review(
    trainer: Trainer,
    keeper: Keeper,
    description: Description,
    result: TrainResult,
    *,
    plots: bool,
) -> Iterator[TrainEvent]:
    """Save what each submodel costs and gives and, with ``plots``, what it plays; and tell it."""
    if plots:
        yield from keeper.save(_comparisons(trainer, description, result))
    rate = trainer.material.sample_rate_hz
    sizes = sizes_of(description.network, result)
    try:
        timing = _timing(trainer, description.network)
    except (MemoryError, RuntimeError):  # a device that is full: the rest is worth having
        timing = None
    lines = report_lines(sizes, rate, timing)
    files: dict[str, bytes | None] = {
        "report.md": "\n".join([*lines, ""]).encode(),
        "report.json": to_json(to_document(sizes, rate, timing), indent=2).encode(),
    }
    if description.is_packed:
        files["size_quality.png"] = draw_sizes(trainer.material.name, sizes)
    yield from keeper.save(files)
    yield Reported(tuple(lines))


def _comparisons(trainer: Trainer, description: Description, result: TrainResult) -> Files:
    """A picture of each submodel's prediction of the first item of each validation pair."""
    files: dict[str, bytes | None] = {}
    firsts = {item.pair: item for item in reversed(trainer.material.validation)}
    has_several = len(description.data.validation) > 1
    rate = trainer.material.sample_rate_hz
    submodels = zip(result.submodels, description.network.submodels, strict=True)
    for i, (best, submodel) in enumerate(submodels):
        player = Player(NamModel(submodel.config, best.weights, rate))
        for k, item in firsts.items():
            audio = torch.from_numpy(item.input)
            played: np.ndarray = predict(player, audio, player.receptive_field).numpy()
            name = plot_name(
                submodel=i if description.is_packed else None, pair=k if has_several else None
            )
            files[name] = draw_submodel(best.name, played, item.target, rate)
    return files


def _timing(trainer: Trainer, network: PackedConfig) -> Timing | None:
    """How long the training took, with what a step takes packed and apart.

    None where there is nothing to compare: one submodel, or no epoch that came to its end.
    """
    seconds = sum(row.seconds for row in trainer.history if row.is_complete)
    if len(network.submodels) == 1 or not seconds:
        return None
    indices = trainer.windows.epoch(torch.Generator().manual_seed(0))[0]
    batch = trainer.windows.batch(indices)
    apart = [PackedConfig((submodel,), (1.0,)) for submodel in network.submodels]
    return Timing(
        seconds=seconds,
        packed_step_seconds=_step_seconds(trainer, network, batch),
        separate_step_seconds=tuple(_step_seconds(trainer, one, batch) for one in apart),
    )


def _step_seconds(trainer: Trainer, network: PackedConfig, batch: tuple[Tensor, Tensor]) -> float:
    """The median of a few steps of a network that starts anew."""
    stepper = Stepper(PackedWaveNet(network).to(trainer.device), trainer.method, trainer.device)
    stepper.parts = trainer.stepper.parts
    seconds = []
    for _ in range(TIMED_STEPS + 1):
        started = time.perf_counter()
        stepper.backward(*batch)
        stepper.update()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:]))  # the first one warms up
