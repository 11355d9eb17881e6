"""Packed equals separate for random networks: any sizes, arrays, kernels, options."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_networks import packed_configs

from nam_engine.losses import mse
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=packed_configs(), seed=st.integers(0, 2**31), batch=st.integers(1, 2))
def test_packed_equals_separate(raw: dict[str, Any], seed: int, batch: int) -> None:
    config = parse_packed(raw)
    generator = torch.Generator().manual_seed(seed)
    packed = PackedWaveNet(config, generator).double()
    separate = [packed.extract(i) for i in range(len(config.submodels))]
    samples = config.receptive_field + 16
    audio = torch.randn(batch, samples, generator=generator, dtype=torch.float64)
    target = torch.randn(batch, 17, generator=generator, dtype=torch.float64)

    prediction = packed(audio)
    apart = torch.stack([w(audio) for w in separate], dim=1)
    torch.testing.assert_close(prediction, apart, rtol=1e-10, atol=1e-12)

    mse(prediction, target).sum().backward()
    mse(apart, target).sum().backward()
    for i, (wavenet, part) in enumerate(zip(separate, config.submodels, strict=True)):
        assert sum(t.numel() for t in wavenet.tensors()) == part.config.weight_count - 1
        for ours, theirs in zip(
            packed.network.convolutions(), wavenet.network.convolutions(), strict=True
        ):
            if theirs.weight.grad is None:
                assert ours.weight.grad is None
                continue
            assert ours.weight.grad is not None
            block = ours.weight.grad[ours.blocks[i]]
            torch.testing.assert_close(block, theirs.weight.grad, rtol=1e-8, atol=1e-11)
            if ours.mask is not None:
                assert not ours.weight.grad[ours.mask == 0].any()
