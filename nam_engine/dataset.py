"""Material as windows that live on the training device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.audio import rms_dbfs
from nam_engine.capture import Capture
from nam_engine.errors import CaptureError
from nam_engine.material import Material, Passage, digest_of
from nam_engine.method import MIN_SPECTRAL_SAMPLES, Batches, LastBatch, Method, Objective
from nam_engine.presets import Recipe

__all__ = ["Windows", "material_of"]


def material_of(capture: Capture, receptive_field: int, recipe: Recipe) -> Material:
    """A capture for networks of one receptive field, its training part at the recipe's level.

    Validation covers its whole passage: its context comes from the recording, or is silence
    before its start.
    """
    context = receptive_field - 1
    train, validation = capture.train, capture.validation
    missing = max(0, context - validation.start)
    heard = capture.input[max(0, validation.start - context) : validation.stop]
    level_dbfs = rms_dbfs(train.of(capture.target))
    return Material(
        name=capture.name,
        sample_rate_hz=capture.sample_rate_hz,
        window_samples=recipe.window_samples,
        train=(Passage(train.of(capture.input), train.of(capture.target)[context:]),),
        validation=(Passage(np.pad(heard, (missing, 0)), validation.of(capture.target)),),
        target_gain=10 ** ((recipe.target_rms_dbfs - level_dbfs) / 20),
        identity={
            "recording or latency": digest_of(capture.input, capture.target),
            "validation passage": f"{train} {validation} {capture.sample_rate_hz}",
            "window or level": f"{recipe.window_samples} {recipe.target_rms_dbfs}",
        },
    )


class Windows:
    """Material on a device: windows with their context to learn from, passages to be judged on.

    Audio is copied to the device once; a batch is gathered there. Targets are multiplied by
    the material's ``target_gain``. Raises CaptureError where not even one batch can be made, or
    where a window is too short for the loss or a passage to be judged on.
    """

    def __init__(
        self, material: Material, receptive_field: int, method: Method, device: torch.device
    ) -> None:
        batches = method.batches
        context, window = receptive_field - 1, material.window_samples
        counts = [len(passage.target) // window for passage in material.train]
        self.count = sum(counts)
        _require_long_passages(material, method.objective)
        _require_a_batch(material, self.count, context, batches)
        self.batch_size = batches.size
        if batches.last is LastBatch.FILLED:
            self.batch_size = min(batches.size, self.count)
        self._batches = batches
        self.steps_per_epoch = self._steps_per_epoch()
        self.target_gain = material.target_gain
        self._device = device

        audio = _joined([p.input for p in material.train], device)
        target = _joined([p.target for p in material.train], device) * material.target_gain
        # Row t of these views begins at sample t; indexing them gathers a batch.
        self._inputs = audio.unfold(0, context + window, 1)
        self._targets = target.unfold(0, window, 1)
        self._input_starts = _starts(material.train, counts, window, lambda p: len(p.input))
        self._target_starts = _starts(material.train, counts, window, lambda p: len(p.target))
        self._input_starts = self._input_starts.to(device)
        self._target_starts = self._target_starts.to(device)
        self.validation = [
            (_joined([p.input], device), _joined([p.target], device) * material.target_gain)
            for p in material.validation
        ]

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Windows by index: (batch, context + window) and (batch, window)."""
        inputs = self._inputs[self._input_starts[indices]]
        return inputs, self._targets[self._target_starts[indices]]

    def epoch(self, generator: torch.Generator) -> Sequence[Tensor]:
        """An epoch's batches as indices of windows.

        Where the last batch is filled, each window comes at least once; the official
        trainer's dropping it costs 15% of a recording of 16 s.
        """
        order = torch.arange(self.count)
        if self._batches.shuffle:
            order = torch.randperm(self.count, generator=generator)
        if self._batches.last is LastBatch.FILLED:
            missing = -self.count % self.batch_size
            again = torch.randperm(self.count, generator=generator)[:missing]
            order = torch.cat([order, again])
        steps = torch.split(order.to(self._device), self.batch_size)
        return steps[: self.steps_per_epoch]

    def _steps_per_epoch(self) -> int:
        whole, rest = divmod(self.count, self.batch_size)
        steps = whole + (rest > 0 and self._batches.last is not LastBatch.DROPPED)
        limit = self._batches.limit
        if isinstance(limit, float):
            return max(1, int(limit * steps))
        return steps if limit is None else min(limit, steps)


def _require_a_batch(material: Material, count: int, context: int, batches: Batches) -> None:
    if count < 1:
        rate = material.sample_rate_hz
        seconds = sum(len(p.input) for p in material.train) / rate
        needed_seconds = (context + material.window_samples) / rate
        raise CaptureError(
            f"{material.name} leaves {seconds:.2f} s to train on;"
            f" at least {needed_seconds:.2f} s are needed.",
            "Record a few minutes of playing.",
        )
    if batches.last is LastBatch.DROPPED and count < batches.size:
        raise CaptureError(
            f"{material.name} has {count} windows of {material.window_samples} samples; they do"
            f" not fill one batch of {batches.size}, and the last batch is to be dropped.",
            "Make the batch or the windows smaller, or do not drop the last batch.",
        )


def _require_long_passages(material: Material, objective: Objective) -> None:
    judged = min(len(passage.target) for passage in material.validation)
    for purpose, samples, needed in (
        ("to train on", material.window_samples, objective.min_window_samples),
        ("to validate on", judged, MIN_SPECTRAL_SAMPLES),
    ):
        if samples < needed:
            raise CaptureError(
                f"{material.name} has a passage of {samples:,} samples {purpose}, but the loss and"
                f" its figures need {needed:,}.",
                "Use more of the recording for that.",
            )


def _joined(parts: Sequence[NDArray[np.float32]], device: torch.device) -> Tensor:
    """One after the other; a single one is not copied in main memory."""
    return torch.from_numpy(parts[0] if len(parts) == 1 else np.concatenate(parts)).to(device)


def _starts(
    passages: Sequence[Passage],
    counts: Sequence[int],
    window: int,
    samples_of: Callable[[Passage], int],
) -> Tensor:
    """Where each window begins in the passages laid end to end."""
    first, starts = 0, []
    for passage, count in zip(passages, counts, strict=True):
        starts.append(first + window * torch.arange(count))
        first += samples_of(passage)
    return torch.cat(starts)
