"""The packed WaveNet: several submodels trained together as one network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nam_engine.errors import ConfigError
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.layers import Network
from nam_engine.wavenet.ordinary import WaveNet

__all__ = ["PackedWaveNet"]


class PackedWaveNet(nn.Module):
    """Mono audio (batch, time) to (batch, submodel, time - receptive_field + 1).

    Each block is initialised as the ordinary submodel would be, from
    ``generator`` (default: seed 0).
    """

    def __init__(self, config: PackedConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.network = Network(
            [s.config for s in config.submodels], generator or torch.Generator().manual_seed(0)
        )

    @property
    def receptive_field(self) -> int:
        return self.config.receptive_field

    def forward(self, audio: Tensor) -> Tensor:
        prediction: Tensor = self.network(audio)
        return prediction

    def extract(self, submodel: int) -> WaveNet:
        """A copy of one submodel as an ordinary WaveNet, in main memory."""
        wavenet = WaveNet(self.config.submodels[submodel].config)
        wavenet.to(next(self.parameters()).dtype)
        for ours, theirs in zip(
            self.network.submodel_tensors(submodel), wavenet.tensors(), strict=True
        ):
            theirs.copy_(ours)
        return wavenet

    def insert(self, submodel: int, wavenet: WaveNet) -> None:
        """Copy an ordinary WaveNet into a submodel: the reverse of :meth:`extract`.

        Raises ConfigError where the structures differ. ``head_scale`` is one
        number for all submodels, so a wavenet with another is folded into its
        last head: the sound is the same.
        """
        expected = self.config.submodels[submodel]
        if wavenet.config.layer_arrays != expected.config.layer_arrays:
            raise ConfigError(
                f"The WaveNet to insert does not have the structure of submodel '{expected.name}'."
            )
        ours = list(self.network.submodel_tensors(submodel))
        theirs = list(wavenet.tensors())
        for target, source in zip(ours, theirs, strict=True):
            target.copy_(source)
        if wavenet.network.head_scale != self.network.head_scale:
            head_tensors = 2 if expected.config.layer_arrays[-1].head_bias else 1
            for target in ours[-head_tensors:]:
                target.mul_(wavenet.network.head_scale / self.network.head_scale)
