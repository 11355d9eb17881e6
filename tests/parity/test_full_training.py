"""The same three files and the same start: the official trainer's losses and figures.

The documented example is compared as both programs run. A2 is compared in double precision: its 23
layers and Adam's first steps magnify rounding so much that the official trainer does not
agree with itself when it runs on two threads instead of one (docs/experiments.md).
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from full_files import DELETED, Documents, changed, example, write
from nam.train import core as official_core
from nam.train import full as official_full
from nam.train.lightning_module import PackedLightningModule
from official_networks import copy_weights, prepare_official_mrstft
from support import RATE_HZ, playing, rig

from nam_engine.dataset import Windows
from nam_engine.events import EpochDone
from nam_engine.full.job import FullJob
from nam_engine.full.session import train_full
from nam_engine.position import StepFigures
from nam_engine.stepping import Stepper
from nam_engine.wavenet.packed import PackedWaveNet

EPOCHS, LOSSES, BATCH, WINDOW = 5, 20, 4, 4096
SECONDS = 5.5


def a2_documents() -> Documents:
    """A2's own model file; at the recording's level, whose factor is rounded to 32 bits."""
    documents = {**example(), "model": official_core._get_packed_model_config()}
    return changed(documents, "data.joint", DELETED)


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


def train_officially(
    documents: Documents, folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_double: bool
) -> Seen:
    if is_double:
        documents = changed(documents, "learning.trainer.precision", "64-true")
    seen = Seen()
    training_step = PackedLightningModule.training_step
    validation_step = PackedLightningModule.validation_step

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
    backward = Stepper.backward

    def start_alike(*arguments: Any) -> PackedWaveNet:
        network = PackedWaveNet(*arguments)
        copy_weights(start, network)
        return network.double() if is_double else network

    def watch(self: Stepper, audio: torch.Tensor, target: torch.Tensor) -> StepFigures:
        figures = backward(self, audio, target)
        seen.losses.append(figures.loss)
        return figures

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


@pytest.mark.parametrize(
    ("documents", "is_double"),
    [(example(), False), (a2_documents(), True)],
    ids=["example", "A2"],
)
def test_losses_and_figures_are_the_official_ones(
    *, documents: Documents, is_double: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = prepared(documents, tmp_path)
    theirs = train_officially(documents, tmp_path / "official", monkeypatch, is_double=is_double)
    assert theirs.start is not None
    folder = tmp_path / "ours"
    ours = train_ours(documents, folder, theirs.start, monkeypatch, is_double=is_double)
    steps = len(theirs.losses)
    pairs = zip(ours.losses[:steps], theirs.losses, strict=True)
    off = [abs(a / b - 1) for a, b in pairs]
    print(f"{steps} steps; losses off by {max(off[:LOSSES]):.1e} in the first {LOSSES}")
    assert max(off[:LOSSES]) < 1e-4
    assert len(ours.esrs) == len(theirs.esrs) == EPOCHS
    print(f"ESR after {EPOCHS} epochs: {ours.esrs[-1]}, officially {theirs.esrs[-1]}")
    assert ours.esrs[-1] == pytest.approx(theirs.esrs[-1], rel=0.02)
