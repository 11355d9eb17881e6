"""Training as on a GPU where there is none: recordings that run on the processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from nam_engine import graphs, stepping
from nam_engine.graphs import Recording
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft
from nam_engine.wavenet.packed import PackedWaveNet


def rehearse(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on; the list grows by a word for each recording and replay."""
    done: list[str] = []

    def record(work: Callable[[], object]) -> Recording:
        done.append("recorded")
        for _ in range(graphs.WARM_UPS):
            work()
        result = work()

        def replay() -> None:
            done.append("replayed")
            for old, new in zip(_tensors(result), _tensors(work()), strict=True):
                old.copy_(new)

        return Recording(replay, result)

    def in_graphs(network: PackedWaveNet, _device: torch.device) -> Kernels:
        return Kernels(network, MultiResolutionStft(), in_graphs=True)

    monkeypatch.setattr(graphs, "record", record)
    monkeypatch.setattr(stepping, "runs_ahead", lambda _device: True)
    monkeypatch.setattr(stepping, "choose_kernels", in_graphs)
    return done


def _tensors(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result.detach()]
    return [] if result is None else [t for part in result for t in _tensors(part)]
