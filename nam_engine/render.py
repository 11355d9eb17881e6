"""What a model of a .nam file plays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from nam_engine.nam_file import NamModel
from nam_engine.wavenet.ordinary import WaveNet
from nam_engine.wavenet.predict import predict

__all__ = ["play", "render"]


def render(model: NamModel, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Play mono audio (time,) through a model that starts from silence; same length."""
    wavenet = WaveNet(model.config)
    wavenet.import_weights(model.weights)
    audio = F.pad(torch.from_numpy(samples), (wavenet.receptive_field - 1, 0))
    played: NDArray[np.float32] = predict(wavenet, audio, wavenet.receptive_field).numpy()
    return played


def play(
    model: NamModel, samples: NDArray[np.float32], start: int, stop: int
) -> NDArray[np.float32]:
    """What a model plays from ``start`` to ``stop`` of ``samples`` (time,).

    It plays what comes before ``start`` too, as far back as it can hear.
    """
    context_start = max(0, start - (model.config.receptive_field - 1))
    return render(model, samples[context_start:stop])[start - context_start :]
