"""Trainings by the official trainer and by ours: the same three files and the same start."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from full_files import Documents, changed, write
from nam.train import full as official_full
from nam.train.lightning_module import PackedLightningModule
from official_networks import copy_weights, prepare_official_mrstft
from support import RATE_HZ, playing, rig

from nam_engine.dataset import Windows
from nam_engine.events import EpochDone
from nam_engine.full.job import FullJob
from nam_engine.full.session import train_full
from nam_engine.optimizer import TorchOptimizer
from nam_engine.position import StepFigures
from nam_engine.stepping import Stepper
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["EPOCHS", "prepared", "train_officially", "train_ours"]

EPOCHS, BATCH, WINDOW = 5, 4, 4096
SECONDS = 5.5


def prepared(documents: Documents, folder: Path) -> Documents:
    """On a short recording, in a fixed order: two programs draw different random numbers."""
    audio = playing(SECONDS)
    for name, samples in (("input", audio), ("output", rig(audio))):
        soundfile.write(folder / f"{name}.wav", samples, RATE_HZ, subtype="PCM_24")
    documents = copy.deepcopy(documents)
    data, learning = documents["data"], documents["learning"]
    data["common"] |= {
        "x_path": str(folder / "input.wav"),
        "y_path": str(folder / "output.wav"),
        "require_input_pre_silence": None,
    }
    data["train"] |= {"stop_seconds": -3.0, "ny": WINDOW}
    data["validation"] |= {"start_seconds": -3.0}
    learning["train_dataloader"] |= {"batch_size": BATCH, "shuffle": False, "pin_memory": False}
    learning["trainer"] |= {"max_epochs": EPOCHS, "accelerator": "cpu"}
    return documents


class DoubleWindows(Windows):
    """In double precision."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.validation = [(a.double(), t.double()) for a, t in self.validation]

    def batch(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        audio, target = super().batch(indices)
        return audio.double(), target.double()


@dataclass
class Seen:
    """What a training was seen to do."""

    losses: list[float] = field(default_factory=list)
    esrs: list[list[float]] = field(default_factory=list)  # per epoch and submodel
    start: PackedLightningModule | None = None
    rates: list[tuple[float, float]] = field(default_factory=list)  # per step, with Adam's beta 1

    def take_rate(self, optimizer: torch.optim.Optimizer) -> None:
        (group,) = optimizer.param_groups
        self.rates.append((group["lr"], group["betas"][0]))


def train_officially(
    documents: Documents, folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_double: bool
) -> Seen:
    if is_double:
        documents = changed(documents, "learning.trainer.precision", "64-true")
    seen = Seen()
    training_step = PackedLightningModule.training_step
    validation_step = PackedLightningModule.validation_step
    optimizer_step = PackedLightningModule.optimizer_step

    def watch_training(self: Any, batch: Any, index: int) -> torch.Tensor:
        if seen.start is None:
            seen.start = copy.deepcopy(self).cpu()
            if is_double:
                prepare_official_mrstft(self, torch.float64)
        loss = training_step(self, batch, index)
        seen.losses.append(loss.item())
        return loss

    def watch_validation(self: Any, batch: Any, index: int) -> torch.Tensor:
        loss = validation_step(self, batch, index)
        if not self.trainer.sanity_checking:
            prediction, target, _ = self._shared_step(batch)
            error = (prediction - target[:, None]).square().sum(dim=2) / target.square().sum()
            seen.esrs.append(error[0].tolist())
        return loss

    def watch_optimizer(self: Any, epoch: int, batch: int, optimizer: Any, *rest: Any) -> None:
        seen.take_rate(optimizer)
        optimizer_step(self, epoch, batch, optimizer, *rest)

    monkeypatch.setattr(PackedLightningModule, "optimizer_step", watch_optimizer)
    monkeypatch.setattr(PackedLightningModule, "training_step", watch_training)
    monkeypatch.setattr(PackedLightningModule, "validation_step", watch_validation)
    folder.mkdir()
    torch.manual_seed(0)
    with warnings.catch_warnings():  # of Lightning's own
        warnings.simplefilter("ignore")
        official_full.main(**_configs(documents), outdir=folder, make_plots=False)
    return seen


def _configs(documents: Documents) -> dict[str, Any]:
    return {f"{name}_config": copy.deepcopy(value) for name, value in documents.items()}


def train_ours(
    documents: Documents,
    folder: Path,
    start: PackedLightningModule,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_double: bool,
) -> Seen:
    seen = Seen()
    backward, step = Stepper.backward, TorchOptimizer.step

    def start_alike(*arguments: Any) -> PackedWaveNet:
        network = PackedWaveNet(*arguments)
        copy_weights(start, network)
        return network.double() if is_double else network

    def watch(self: Stepper, audio: torch.Tensor, target: torch.Tensor) -> StepFigures:
        figures = backward(self, audio, target)
        seen.losses.append(figures.loss)
        return figures

    def watch_optimizer(self: TorchOptimizer, taken: torch.Tensor | None = None) -> None:
        seen.take_rate(self._optimizer)
        step(self, taken)

    monkeypatch.setattr(TorchOptimizer, "step", watch_optimizer)
    monkeypatch.setattr("nam_engine.trainer.PackedWaveNet", start_alike)
    monkeypatch.setattr(Stepper, "backward", watch)
    if is_double:
        monkeypatch.setattr("nam_engine.trainer.Windows", DoubleWindows)
    folder.mkdir()
    job = FullJob(*write(folder, documents), outdir=folder / "runs", plots=False)
    for event in train_full(job):
        if isinstance(event, EpochDone):
            seen.esrs.append([m.esr for m in event.metrics])
    return seen
