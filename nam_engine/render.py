"""What a model of a .nam file plays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from nam_engine.kernels.choose import choose_kernels
from nam_engine.nam_file import NamModel
from nam_engine.wavenet.config import PackedConfig, Submodel
from nam_engine.wavenet.ordinary import WaveNet
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.predict import predict

__all__ = ["Player", "play", "render"]


class Player:
    """A model ready to play: audio (batch, time) to (batch, time - receptive_field + 1)."""

    def __init__(self, model: NamModel) -> None:
        wavenet = WaveNet(model.config)
        wavenet.import_weights(model.weights)
        self.receptive_field = wavenet.receptive_field
        # A packed network of one, for the sake of the fast kernels.
        network = PackedWaveNet(PackedConfig((Submodel("model", model.config),), (1.0,)))
        network.insert(0, wavenet)
        self._predict = choose_kernels(network, torch.device("cpu")).predict

    @torch.no_grad()
    def __call__(self, audio: Tensor) -> Tensor:
        return self._predict(audio).squeeze(1)


def render(model: NamModel, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Play mono audio (time,) through a model that starts from silence; same length."""
    player = Player(model)
    audio = F.pad(torch.from_numpy(samples), (player.receptive_field - 1, 0))
    played: NDArray[np.float32] = predict(player, audio, player.receptive_field).numpy()
    return played


def play(
    model: NamModel, samples: NDArray[np.float32], start: int, stop: int
) -> NDArray[np.float32]:
    """What a model plays from ``start`` to ``stop`` of ``samples`` (time,).

    It plays what comes before ``start`` too, as far back as it can hear.
    """
    context_start = max(0, start - (model.config.receptive_field - 1))
    return render(model, samples[context_start:stop])[start - context_start :]
