"""The ordinary WaveNet: one submodel, as a .nam file holds it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nam_engine.errors import ConfigError
from nam_engine.wavenet.config import WaveNetConfig
from nam_engine.wavenet.layers import Network

__all__ = ["WaveNet"]


class WaveNet(nn.Module):
    """Mono audio (batch, time) to (batch, time - receptive_field + 1).

    Initialised like PyTorch's Conv1d from ``generator`` (default: seed 0).
    """

    def __init__(self, config: WaveNetConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.network = Network([config], generator or torch.Generator().manual_seed(0))

    @property
    def receptive_field(self) -> int:
        return self.config.receptive_field

    def forward(self, audio: Tensor) -> Tensor:
        prediction: Tensor = self.network(audio)
        return prediction.squeeze(1)

    def tensors(self) -> Iterator[Tensor]:
        """Views of the weights in the order of a .nam file, without head_scale."""
        return self.network.submodel_tensors(0)

    def export_weights(self) -> NDArray[np.float32]:
        """Flat weights in the order of a .nam file, ``head_scale`` last."""
        parts = [t.cpu().float().numpy().ravel() for t in self.tensors()]
        parts.append(np.array([self.network.head_scale]))
        return np.concatenate(parts, dtype=np.float32)

    def import_weights(self, weights: NDArray[np.float32]) -> None:
        """The reverse of :meth:`export_weights`; raises ConfigError on another count."""
        if weights.shape != (self.config.weight_count,):
            raise ConfigError(
                f"The network has {self.config.weight_count} weights but {weights.size} were given."
            )
        start = 0
        for tensor in self.tensors():
            flat = torch.from_numpy(weights[start : start + tensor.numel()].copy())
            tensor.copy_(flat.view(tensor.shape))
            start += tensor.numel()
        self.network.head_scale = float(weights[-1])
