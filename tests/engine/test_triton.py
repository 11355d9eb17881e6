"""Triton's kernels against PyTorch in double precision.

On a GPU; without one in Triton's interpreter (TRITON_INTERPRET=1), and compiled for several.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from kernel_trials import Trial, gradients, slow, trials
from support import submodel

from nam_engine.kernels.trial import TRIAL_NETWORK
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

HAS_TRITON = importlib.util.find_spec("triton") is not None
IS_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = torch.device("cuda" if torch.cuda.is_available() and not IS_INTERPRETED else "cpu")
RELATIVE = 1e-5

runs = pytest.mark.skipif(
    not HAS_TRITON or (DEVICE.type == "cpu" and not IS_INTERPRETED),
    reason="needs Triton and a CUDA device or TRITON_INTERPRET=1",
)
compiles = pytest.mark.skipif(
    not HAS_TRITON or IS_INTERPRETED, reason="needs Triton without its interpreter"
)


@runs
@settings(slow, max_examples=4 if IS_INTERPRETED else 40)
@given(trial=trials())
def test_kernel_equals_reference(trial: Trial) -> None:
    from nam_engine.kernels.cuda import CudaKernel

    prediction_off, gradient_off = trial.off(CudaKernel, DEVICE)
    assert prediction_off < RELATIVE
    assert gradient_off < RELATIVE


@runs
def test_more_channels_than_rows_of_a_product_and_more_time_than_a_span(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nam_engine.kernels import cuda

    monkeypatch.setattr(cuda, "SPAN", 2 * cuda.TIME)
    array = {
        "input_size": 1,
        "condition_size": 1,
        "kernel_sizes": [3, 2],
        "dilations": [2, 1],
        "activation": "ReLU",
        "head": {"out_channels": 1, "kernel_size": 2, "bias": True},
    }
    widths = ((20, 5), (3, 17))
    arrays: list[dict[str, Any]] = [
        {**array, "channels": channels, "bottleneck": inner} for channels, inner in widths
    ]
    raw = {"submodels": [submodel(f"s{i}", a, head_scale=0.5) for i, a in enumerate(arrays)]}
    trial = Trial(raw, seed=1, batch=1, out_samples=5 * cuda.TIME + 5)
    assert max(trial.off(cuda.CudaKernel, DEVICE)) < RELATIVE


@runs
def test_off_block_gradients_are_exactly_zero() -> None:
    from nam_engine.kernels.cuda import CudaKernel

    network = PackedWaveNet(parse_packed(TRIAL_NETWORK)).to(DEVICE)
    audio = torch.randn(1, network.receptive_field + 9, device=DEVICE)
    CudaKernel(network)(audio).square().sum().backward()
    for conv in network.network.convolutions():
        if conv.mask is not None and conv.weight.grad is not None:
            assert not conv.weight.grad[conv.mask == 0].any()


@runs
def test_prediction_without_a_gradient_is_the_same() -> None:
    from nam_engine.kernels.cuda import CudaKernel

    network = PackedWaveNet(parse_packed(TRIAL_NETWORK)).to(DEVICE)
    kernel = CudaKernel(network)
    audio = torch.randn(1, network.receptive_field + 9, device=DEVICE)
    expected, _ = gradients(network, kernel, audio, torch.ones((), device=DEVICE))
    kept = audio.clone()
    with torch.no_grad():
        assert torch.equal(kernel(audio), expected)
    assert torch.equal(audio, kept)


@compiles
@pytest.mark.parametrize("capability", [75, 80, 89, 90, 120])
@pytest.mark.parametrize("precision", ["tf32x3", "tf32", "ieee"])
def test_kernels_compile_for_gpus_that_are_not_here(capability: int, precision: str) -> None:
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from nam_engine.kernels import cuda, triton_layers

    for name in triton_layers.__all__:
        kernel = getattr(triton_layers, name)
        constants = {
            "KERNEL": 6,
            "ROWS": cuda.ROWS,
            "WIDE": 16,
            "TIME": cuda.TIME,
            "PRECISION": precision,
            "IS_FIRST": False,
            "HAS_NEXT": True,
            "CHUNKS": 2,
            "SPAN": cuda.SPAN,
        }
        used = {n: v for n, v in constants.items() if n in kernel.arg_names}
        numbers = {"samples", "first", "first_out", "head_first", "channels", "inner", "dilation"}
        types = dict.fromkeys(kernel.arg_names, "*fp32")
        types |= dict.fromkeys(numbers & types.keys(), "i32")
        types |= dict.fromkeys({"slope"} & types.keys(), "fp32")
        types |= dict.fromkeys(used, "constexpr")
        types["widths"] = "*i32"
        places = {(kernel.arg_names.index(n),): v for n, v in used.items()}
        compiled = triton.compile(
            ASTSource(fn=kernel, signature=types, constexprs=places),
            target=GPUTarget("cuda", capability, 32),
            options={
                "num_warps": cuda.WARPS,
                "num_stages": cuda.STAGES,
                "enable_fp_fusion": True,
            },
        )
        assert compiled.metadata.shared <= 48 * 1024
