"""The processor's kernels against PyTorch in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kernel_trials import CPU, Trial, distance, gradients, slow, trials
from support import submodel
from torch import Tensor

from nam_engine.kernels import choose
from nam_engine.kernels.choose import choose_kernels
from nam_engine.kernels.cpu import CpuKernel
from nam_engine.kernels.cpu_stft import CpuStft
from nam_engine.losses import MultiResolutionStft
from nam_engine.presets import A2
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

RELATIVE = 1e-5


@slow
@given(trial=trials())
def test_kernel_equals_reference(trial: Trial) -> None:
    with ThreadPoolExecutor(2) as pool:
        prediction_off, gradient_off = trial.off(lambda network: CpuKernel(network, pool))
    assert prediction_off < RELATIVE
    assert gradient_off < RELATIVE


def test_off_block_gradients_are_exactly_zero() -> None:
    network = PackedWaveNet(parse_packed(A2))
    with ThreadPoolExecutor(2) as pool:
        kernel = CpuKernel(network, pool)
        kernel(torch.randn(1, network.receptive_field + 99)).square().sum().backward()
    for conv in network.network.convolutions():
        if conv.mask is not None and conv.weight.grad is not None:
            assert not conv.weight.grad[conv.mask == 0].any()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_change_a_bit(threads: int) -> None:
    network = PackedWaveNet(parse_packed(A2))
    audio = torch.randn(5, network.receptive_field + 499)
    weight = torch.randn(5, 2, 500)
    with ThreadPoolExecutor(2) as two, ThreadPoolExecutor(threads) as other:
        expected = gradients(network, CpuKernel(network, two), audio, weight)
        again = gradients(network, CpuKernel(network, other), audio, weight)
    assert torch.equal(expected[0], again[0])
    for one, same in zip(expected[1], again[1], strict=True):
        assert one is None if same is None else one is not None and torch.equal(one, same)


def test_a_kernel_follows_its_weights_and_lengths() -> None:
    network = PackedWaveNet(parse_packed(A2))
    with ThreadPoolExecutor(1) as pool, torch.no_grad():
        kernel = CpuKernel(network, pool)
        for samples in (10, 1000, 10):
            for parameter in network.parameters():
                parameter.mul_(1.01)
            audio = torch.randn(1, network.receptive_field - 1 + samples)
            torch.testing.assert_close(kernel(audio), network(audio), rtol=1e-4, atol=1e-6)


@slow
@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 3),
    submodels=st.integers(1, 3),
    samples=st.integers(1025, 5000),
    volume=st.sampled_from([0.03, 0.3, 30.0]),
)
def test_spectral_loss_equals_reference(
    seed: int, batch: int, submodels: int, samples: int, volume: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(batch, samples, generator=generator)
    noise = torch.randn(batch, submodels, samples, generator=generator)
    prediction = target[:, None] + volume * noise
    value_off, gradient_off = off_beside_pytorch(prediction, target, submodels)
    assert value_off < 1
    # Where a magnitude equals its target but for rounding, its gradient may have either sign:
    # a few such bins among some ten thousand.
    assert gradient_off < 1 or gradient_off * RELATIVE < 2e-3


@pytest.mark.parametrize("samples", [1025, 4096, 8192])
def test_spectral_gradient_where_no_magnitude_equals_its_target(samples: int) -> None:
    generator = torch.Generator().manual_seed(samples)
    target = torch.randn(2, samples, generator=generator)
    louder = 3 * target[:, None] * torch.tensor([1.0, 2.0])[:, None]
    assert max(off_beside_pytorch(louder, target, 2)) < 1


def off_beside_pytorch(prediction: Tensor, target: Tensor, submodels: int) -> tuple[float, float]:
    """How far value and gradient are off the exact ones, in parts of what is allowed.

    That is 1e-5, or ten times what PyTorch in single precision is off: where a magnitude is next
    to nothing, its gradient is as large as it is inexact.
    """
    weight = torch.linspace(0.5, 2, submodels)
    reference = MultiResolutionStft()
    with ThreadPoolExecutor(2) as pool:
        ours = weighted(CpuStft(reference, pool), prediction, target, weight)
    theirs = weighted(reference, prediction, target, weight)
    exact = weighted(reference.double(), prediction.double(), target.double(), weight.double())
    of_value, of_gradient = (
        distance(a, e) / max(RELATIVE, 10 * distance(b, e))
        for a, b, e in zip(ours, theirs, exact, strict=True)
    )
    return of_value, of_gradient


def weighted(
    loss: Callable[[Tensor, Tensor], Tensor], prediction: Tensor, target: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """A loss per submodel, and the gradient of their weighted sum."""
    prediction = prediction.detach().clone().requires_grad_()
    value = loss(prediction, target)
    (gradient,) = torch.autograd.grad(value @ weight, prediction)
    return value.detach(), gradient


@pytest.mark.parametrize("samples", [1025, 8192, 200_001])
def test_spectral_loss_without_a_gradient_is_the_same(samples: int) -> None:
    generator = torch.Generator().manual_seed(samples)
    target = torch.randn(2, samples, generator=generator)
    prediction = target[:, None] + 0.1 * torch.randn(2, 3, samples, generator=generator)
    with ThreadPoolExecutor(2) as pool:
        value = CpuStft(MultiResolutionStft(), pool)(prediction, target)
    exact = MultiResolutionStft().double()(prediction.double(), target.double())
    assert distance(value, exact) < RELATIVE


@pytest.mark.parametrize("needs_gradient", [True, False])
def test_audio_too_short_for_the_spectra_is_refused(*, needs_gradient: bool) -> None:
    prediction = torch.zeros(2, 1, 1024, requires_grad=needs_gradient)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="1024 samples"):
        CpuStft(MultiResolutionStft(), pool)(prediction, torch.zeros(2, 1024))


SOUND = torch.randn(2, 4096, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (SOUND, SOUND),
        (torch.zeros_like(SOUND), SOUND),
        (SOUND, torch.zeros_like(SOUND)),
    ],
    ids=["equal", "silent prediction", "silent target"],
)
def test_spectral_loss_of_equal_and_of_silent_audio(prediction: Tensor, target: Tensor) -> None:
    """Where the logarithm magnifies rounding, PyTorch's own says how much may be expected."""
    reference, exact = MultiResolutionStft(), MultiResolutionStft().double()
    pair, one = (prediction[:, None], target), torch.ones(1)
    with ThreadPoolExecutor(1) as pool:
        ours = weighted(CpuStft(reference, pool), *pair, one)
    theirs = weighted(reference, *pair, one)
    right = weighted(exact, *(audio.double() for audio in pair), one.double())
    for our, their, truth in zip(ours, theirs, right, strict=True):
        size = torch.linalg.vector_norm(truth)
        our_error, their_error = (torch.linalg.vector_norm(x - truth) for x in (our, their))
        assert our_error <= 2 * their_error + RELATIVE * size


def small(activation: str = "ReLU", arrays: int = 1) -> PackedConfig:
    array = {
        "input_size": 1,
        "condition_size": 1,
        "channels": 1,
        "bottleneck": 1,
        "kernel_sizes": [3],
        "dilations": [2],
        "activation": activation,
        "head": {"out_channels": 1, "kernel_size": 2, "bias": True},
    }
    return parse_packed({"submodels": [submodel("one", *[array] * arrays, head_scale=0.5)]})


def test_what_the_kernels_are_not_made_for_runs_on_pytorch_without_a_word() -> None:
    for config in (small("Tanh"), small(arrays=2)):
        network = PackedWaveNet(config)
        kernels = choose_kernels(network, CPU)
        assert (kernels.predict, kernels.problem) == (network, "")
    network = PackedWaveNet(small()).double()
    assert choose_kernels(network, CPU).predict is network


@pytest.fixture
def tried_anew() -> Iterator[None]:
    """What was found out about this machine is forgotten, before and after."""
    choose._cpu_problem.cache_clear()
    yield
    choose._cpu_problem.cache_clear()


@pytest.mark.usefixtures("tried_anew")
def test_kernels_that_fail_are_replaced_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("cannot allocate executable memory")

    monkeypatch.setattr(choose, "_cpu_kernels", fail)
    network = PackedWaveNet(small())
    kernels = choose_kernels(network, CPU)
    assert kernels.predict is network
    assert "cannot allocate executable memory" in kernels.problem


@pytest.mark.usefixtures("tried_anew")
def test_kernels_with_a_wrong_gradient_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = CpuKernel.backward

    def wrong(*arguments: Any) -> Any:
        return 1.1 * backward(*arguments)

    monkeypatch.setattr(CpuKernel, "backward", wrong)
    network = PackedWaveNet(small())
    kernels = choose_kernels(network, CPU)
    assert kernels.predict is network
    assert "gradient is off by 0.1" in kernels.problem
