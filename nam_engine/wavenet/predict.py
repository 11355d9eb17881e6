"""Long audio through a network, in pieces, so that any length fits in memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["PIECES_AT_ONCE", "predict"]

# With the A2 context this stays below the 65,536 samples that Apple's MPS allows.
MAX_PIECE_SAMPLES = 57_344
PIECES_AT_ONCE = 4


def predict(
    network: Callable[[Tensor], Tensor],
    audio: Tensor,
    receptive_field: int,
    *,
    pieces_at_once: int = PIECES_AT_ONCE,
) -> Tensor:
    """Run a packed or ordinary network over long audio, without gradients.

    ``audio`` (time,) begins with ``receptive_field - 1`` samples of context;
    the result is (time - receptive_field + 1,) for an ordinary network and
    (submodel, time - receptive_field + 1) for a packed one. Fewer ``pieces_at_once`` need less
    memory.
    """
    context = receptive_field - 1
    out_samples = len(audio) - context
    pieces = -(-out_samples // MAX_PIECE_SAMPLES)
    piece_samples = -(-out_samples // pieces)
    padded = F.pad(audio, (0, pieces * piece_samples - out_samples))
    windows = padded.unfold(0, context + piece_samples, piece_samples)
    with torch.no_grad():
        rows = torch.cat([network(batch) for batch in torch.split(windows, pieces_at_once)])
    return rows.movedim(0, -2).flatten(-2)[..., :out_samples]
