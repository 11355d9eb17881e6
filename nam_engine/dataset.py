"""A capture as training windows that live on the training device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from nam_engine.audio import rms_dbfs
from nam_engine.capture import Capture
from nam_engine.errors import CaptureError
from nam_engine.presets import Recipe

__all__ = ["Windows"]


class Windows:
    """Windows of ``window_samples`` outputs, each with its context before it.

    Input and target are copied to the device once; a batch is gathered there.
    The target is multiplied by ``target_gain`` so that the training part has
    ``target_rms_dbfs``. Raises CaptureError where not even one window fits.
    """

    def __init__(
        self, capture: Capture, receptive_field: int, recipe: Recipe, device: torch.device
    ) -> None:
        self.device = device
        context, window_samples = receptive_field - 1, recipe.window_samples
        train, validation = capture.train, capture.validation
        self.count = (len(train) - context) // window_samples
        if self.count < 1:
            needed_seconds = (context + window_samples) / capture.sample_rate_hz
            raise CaptureError(
                f"{capture.name} leaves {capture.seconds(train):.2f} s to train on;"
                f" at least {needed_seconds:.2f} s are needed.",
                "Record a few minutes of playing.",
            )
        self.batch_size = min(recipe.batch_size, self.count)
        self.steps_per_epoch = -(-self.count // self.batch_size)

        level_dbfs = rms_dbfs(train.of(capture.target))
        self.target_gain = 10 ** ((recipe.target_rms_dbfs - level_dbfs) / 20)
        audio = torch.from_numpy(capture.input).to(device)
        target = torch.from_numpy(capture.target).to(device) * self.target_gain
        # Row i of these views is window i; indexing them gathers a batch.
        self._input_windows = audio[train.start : train.stop].unfold(
            0, context + window_samples, window_samples
        )
        self._target_windows = target[train.start + context : train.stop].unfold(
            0, window_samples, window_samples
        )
        missing = max(0, context - validation.start)
        heard = audio[max(0, validation.start - context) : validation.stop]
        self.validation_input = F.pad(heard, (missing, 0))
        self.validation_target = target[validation.start : validation.stop]

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Windows by index: (batch, context + window) and (batch, window)."""
        return self._input_windows[indices], self._target_windows[indices]

    def epoch(self, generator: torch.Generator) -> Tensor:
        """A shuffled epoch as indices (steps, batch): every window at least once.

        The last batch is filled up with windows drawn again. The official trainer
        drops it instead, which is 15% of a recording of 16 s.
        """
        order = torch.randperm(self.count, generator=generator)
        missing = self.steps_per_epoch * self.batch_size - self.count
        again = torch.randperm(self.count, generator=generator)[:missing]
        steps = torch.cat([order, again]).view(self.steps_per_epoch, self.batch_size)
        return steps.to(self.device)
