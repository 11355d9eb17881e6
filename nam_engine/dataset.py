"""A capture as training windows that live on the training device."""

from __future__ import annotations

import torch
from torch import Tensor

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
        self.context = receptive_field - 1
        self.window_samples = recipe.window_samples
        train = capture.train
        self.count = (len(train) - self.context) // self.window_samples
        if self.count < 1:
            needed_seconds = (self.context + self.window_samples) / capture.sample_rate_hz
            raise CaptureError(
                f"{capture.name} leaves {capture.seconds(train):.2f} s to train on;"
                f" at least {needed_seconds:.2f} s are needed.",
                "Record a few minutes of playing.",
            )
        self.batch_size = min(recipe.batch_size, self.count)
        self.steps_per_epoch = -(-self.count // self.batch_size)

        full_input = torch.from_numpy(capture.input)
        full_target = torch.from_numpy(capture.target)
        train_target = full_target[train.start : train.stop]
        rms = train_target.double().square().mean().sqrt().item()
        self.target_gain = 10 ** (recipe.target_rms_dbfs / 20) / rms
        self._input = full_input[train.start : train.stop].to(device)
        self._target = (train_target * self.target_gain).to(device)
        # Row i of these views is window i; indexing them gathers a batch.
        self._input_windows = self._input.unfold(
            0, self.context + self.window_samples, self.window_samples
        )
        self._target_windows = self._target[self.context :].unfold(
            0, self.window_samples, self.window_samples
        )

        validation = capture.validation
        missing = max(0, self.context - validation.start)
        context_start = max(0, validation.start - self.context)
        before = torch.zeros(missing)
        self.validation_input = torch.cat([before, full_input[context_start : validation.stop]]).to(
            device
        )
        self.validation_target = (
            full_target[validation.start : validation.stop] * self.target_gain
        ).to(device)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Windows by index: (batch, context + window) and (batch, window)."""
        return self._input_windows[indices], self._target_windows[indices]

    def epoch(self, generator: torch.Generator) -> Tensor:
        """A shuffled epoch as indices (steps, batch): every window at least once.

        The last batch is filled up with windows drawn again. The official trainer
        drops it instead, which leaves a sixth of a short recording unused.
        """
        order = torch.randperm(self.count, generator=generator)
        missing = self.steps_per_epoch * self.batch_size - self.count
        again = torch.randperm(self.count, generator=generator)[:missing]
        steps = torch.cat([order, again]).view(self.steps_per_epoch, self.batch_size)
        return steps.to(self._input.device)
