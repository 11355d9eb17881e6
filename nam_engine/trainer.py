"""The training loop: a generator of typed events that keeps the best weights.

Nothing is printed and nothing is called back. Synchronisation with the device
happens when the accumulated loss is read, about ten times a second, and at the
validation after each epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.capture import Capture
from nam_engine.dataset import Windows
from nam_engine.errors import TrainingError
from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Started,
    StepsDone,
    SubmodelMetrics,
    SubmodelResult,
    TrainEvent,
    TrainResult,
)
from nam_engine.losses import MRSTFT_PASSAGE_SECONDS, MultiResolutionStft, esr, mse
from nam_engine.presets import Recipe
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.predict import predict

__all__ = ["Trainer"]

REPORT_SECONDS = 0.1


class Trainer:
    """Trains a packed WaveNet on one capture.

    Everything random comes from ``seed``: on a processor, the same seed on the
    same machine gives the same result bit for bit. Raises CaptureError where the
    capture is too short and TrainingError where the device fails.
    """

    def __init__(
        self,
        capture: Capture,
        config: PackedConfig,
        recipe: Recipe,
        *,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        self.capture = capture
        self.config = config
        self.recipe = recipe
        self.device = device
        self.generator = torch.Generator().manual_seed(seed)
        with _device_failures(capture, device):
            self.network = PackedWaveNet(config, self.generator).to(device)
            self.windows = Windows(capture, config.receptive_field, recipe, device)
            self.mrstft = MultiResolutionStft().to(device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(
            self.optimizer, gamma=recipe.lr_decay_per_epoch
        )
        self.epochs_done = 0
        self._best: list[SubmodelResult | None] = [None] * len(config.submodels)

    def run(
        self, should_stop: Callable[[], bool] = lambda: False
    ) -> Generator[TrainEvent, None, None]:
        """Train until the last epoch or until ``should_stop`` (asked every step).

        A stop ends with the best weights so far; before the first validation,
        the current weights are validated first. Raises TrainingError where a
        submodel never reached a finite ESR, where the run was stopped before its
        first step, and where the device fails.
        """
        with _device_failures(self.capture, self.device):
            yield from self._run(should_stop)

    def _run(self, should_stop: Callable[[], bool]) -> Iterator[TrainEvent]:
        yield Started(
            capture=self.capture.name,
            submodels=self.config.names,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.windows.steps_per_epoch,
            device=str(self.device),
            sample_rate_hz=self.capture.sample_rate_hz,
            train_seconds=self.capture.seconds(self.capture.train),
            validation_seconds=self.capture.seconds(self.capture.validation),
        )
        started = time.monotonic()
        meter = _StepMeter(self.device)
        reason = FinishReason.COMPLETED
        while self.epochs_done < self.recipe.epochs and reason is FinishReason.COMPLETED:
            epoch_started = time.monotonic()
            for indices in self.windows.epoch(self.generator):
                if should_stop():
                    reason = FinishReason.STOPPED
                    break
                meter.add(*self.step(*self.windows.batch(indices)))
                if meter.is_due():
                    yield meter.report(self.optimizer.param_groups[0]["lr"])
            else:
                self.scheduler.step()
                self.epochs_done += 1
                metrics = self.validate()
                now = time.monotonic()
                epochs_left = self.recipe.epochs - self.epochs_done
                yield EpochDone(
                    epoch=self.epochs_done,
                    metrics=metrics,
                    seconds=now - epoch_started,
                    seconds_left=(now - started) / self.epochs_done * epochs_left,
                )
                yield from self._keep_best(metrics)
                if not any(math.isfinite(m.esr) for m in metrics):
                    raise self._unusable()
        if not self.has_best:
            if not meter.steps:
                raise TrainingError(
                    f"Training on {self.capture.name} was stopped before its first step;"
                    " there is nothing to keep."
                )
            yield from self._keep_best(self.validate())
        yield Finished(reason, self.result())

    def step(self, audio: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """One optimizer step; returns loss and gradient norm, still on the device."""
        prediction = self.network(audio)
        loss = mse(prediction, target).sum()
        if self.recipe.mrstft_weight:
            loss = loss + self.recipe.mrstft_weight * self.mrstft(prediction, target).sum()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        self.optimizer.step()
        return loss.detach(), norm

    def validate(self) -> tuple[SubmodelMetrics, ...]:
        """The figures of all submodels over the whole validation passage."""
        windows = self.windows
        prediction = predict(self.network, windows.validation_input, self.config.receptive_field)
        prediction, target = prediction.unsqueeze(0), windows.validation_target.unsqueeze(0)
        with torch.no_grad():
            figures = torch.stack(
                [
                    esr(prediction, target),
                    mse(prediction, target),
                    self.mrstft.over_passages(
                        prediction, target, MRSTFT_PASSAGE_SECONDS * self.capture.sample_rate_hz
                    ),
                ]
            )
        return tuple(SubmodelMetrics(*column) for column in figures.T.tolist())

    @property
    def has_best(self) -> bool:
        """Whether every submodel has been validated with a finite ESR."""
        return all(best is not None for best in self._best)

    def result(self) -> TrainResult:
        """The best of each submodel so far. Raises TrainingError where one has none."""
        best = [b for b in self._best if b is not None]
        if len(best) < len(self._best):
            raise self._unusable()
        return TrainResult(
            submodels=tuple(best),
            sample_rate_hz=self.capture.sample_rate_hz,
            epochs_done=self.epochs_done,
        )

    def _unusable(self) -> TrainingError:
        return TrainingError(
            f"Training on {self.capture.name} went wrong: the error is not a finite number.",
            "Check the recording for damage and try again, or try another seed.",
        )

    def _keep_best(self, metrics: tuple[SubmodelMetrics, ...]) -> Iterator[BestImproved]:
        for i, submodel in enumerate(metrics):
            best = self._best[i]
            # Written so that NaN is never better.
            if not math.isfinite(submodel.esr) or (best and not submodel.esr < best.metrics.esr):
                continue
            name = self.config.names[i]
            self._best[i] = SubmodelResult(
                name, self._export_weights(i), self.epochs_done, submodel
            )
            yield BestImproved(submodel=i, epoch=self.epochs_done, esr=submodel.esr)

    def _export_weights(self, submodel: int) -> NDArray[np.float32]:
        weights = self.network.extract(submodel).export_weights()
        weights[-1] = self.network.network.head_scale / self.windows.target_gain
        return weights


@contextmanager
def _device_failures(capture: Capture, device: torch.device) -> Iterator[None]:
    """A RuntimeError, which is how PyTorch reports a device's failure, as TrainingError."""
    try:
        yield
    except RuntimeError as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TrainingError(
            f"Training on {capture.name} failed on {device} ({reason}).",
            "Close other programs that use it, or choose another device.",
        ) from error


class _StepMeter:
    """Sums losses on the device and says when it is time to read them."""

    def __init__(self, device: torch.device) -> None:
        self._loss_sum = torch.zeros((), device=device)
        self._norm = torch.zeros((), device=device)
        self.steps = 0
        self._steps_since = 0
        self._since = time.monotonic()

    def add(self, loss: Tensor, gradient_norm: Tensor) -> None:
        self._loss_sum += loss
        self._norm = gradient_norm
        self.steps += 1
        self._steps_since += 1

    def is_due(self) -> bool:
        return time.monotonic() - self._since >= REPORT_SECONDS

    def report(self, learning_rate: float) -> StepsDone:
        loss_sum = self._loss_sum.item()
        now = time.monotonic()
        event = StepsDone(
            step=self.steps,
            mean_loss=loss_sum / self._steps_since,
            steps_per_second=self._steps_since / (now - self._since),
            gradient_norm=self._norm.item(),
            learning_rate=learning_rate,
        )
        self._loss_sum.zero_()
        self._steps_since = 0
        self._since = now
        return event
