"""Packed equals separate for random networks: any sizes, arrays, kernels, options."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import submodel

from nam_engine.losses import mse
from nam_engine.wavenet.config import ACTIVATIONS
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

WIDTHS = st.integers(1, 5)


@st.composite
def packed_configs(draw: st.DrawFn) -> dict[str, Any]:
    """One to four submodels of one to three layer arrays that fit together."""
    names = [f"s{i}" for i in range(draw(st.integers(1, 4)))]
    arrays: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    inputs, head_inputs = dict.fromkeys(names, 1), {name: draw(WIDTHS) for name in names}
    count = draw(st.integers(1, 3))
    for index in range(count):
        layers = draw(st.integers(1, 3))
        has_head1x1, has_layer1x1 = draw(st.booleans()), draw(st.booleans())
        shared = {
            "condition_size": 1,
            "kernel_sizes": draw(st.lists(st.integers(1, 4), min_size=layers, max_size=layers)),
            "dilations": draw(st.lists(st.integers(1, 5), min_size=layers, max_size=layers)),
            "activation": draw(
                st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=layers, max_size=layers)
            ),
            "layer_1x1_config": {"active": has_layer1x1},
        }
        head = {"kernel_size": draw(st.integers(1, 3)), "bias": draw(st.booleans())}
        for name in names:
            bottleneck = draw(WIDTHS) if has_head1x1 else head_inputs[name]
            channels = draw(WIDTHS) if has_layer1x1 else bottleneck
            head1x1 = {"active": has_head1x1, "out_channels": head_inputs[name]}
            head_inputs[name] = 1 if index == count - 1 else draw(WIDTHS)
            array = {
                **shared,
                "input_size": inputs[name],
                "channels": channels,
                "bottleneck": bottleneck,
                "head_1x1_config": head1x1,
                "head": {**head, "out_channels": head_inputs[name]},
            }
            arrays[name].append(array)
            inputs[name] = channels
    return {"submodels": [submodel(name, *arrays[name], head_scale=0.5) for name in names]}


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
