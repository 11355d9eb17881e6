"""SOAP against a plain reference, against Adam, and on what a packed network asks of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support import two_array_packed
from torch import Tensor

from nam_engine import soap
from nam_engine.optimizer import Optimizer, make_optimizer
from nam_engine.presets import OFFICIAL_RECIPE
from nam_engine.soap import DAMPING, DECAY, EPSILON, STEPS_PER_REFRESH, Soap
from nam_engine.wavenet.layers import BlockConv
from nam_engine.wavenet.packed import PackedWaveNet

RATE = 0.01
STEPS = 25  # with three new bases


def network() -> PackedWaveNet:
    return PackedWaveNet(two_array_packed())


def put_gradients(packed: PackedWaveNet, seed: int) -> None:
    """Random ones on the blocks, of very different sizes; none for the last bias."""
    generator = torch.Generator().manual_seed(seed)
    for conv in packed.network.convolutions():
        noise = torch.randn(conv.weight.shape, generator=generator).to(conv.weight)
        conv.weight.grad = noise * torch.logspace(-4, 0, conv.weight.shape[0]).view(-1, 1, 1)
        if conv.mask is not None:
            conv.weight.grad *= conv.mask
        if conv.bias is not None:
            conv.bias.grad = torch.randn(conv.bias.shape, generator=generator).to(conv.bias)
    assert conv.bias is not None
    conv.bias.grad = None


def matrix(conv: BlockConv, submodel: int, of: Callable[[Tensor], Tensor]) -> NDArray[np.float64]:
    """A submodel's weights (out, in x taps) with its bias as the last column, or gradients."""
    out_slice, in_slice = conv.blocks[submodel]
    whole = of(conv.weight)[out_slice, in_slice].flatten(1)
    if conv.bias is not None:
        whole = torch.cat([whole, of(conv.bias)[out_slice, None]], dim=1)
    return whole.double().numpy()


def values(parameter: Tensor) -> Tensor:
    return parameter.detach().clone()


def gradients(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


class PlainSoap:
    """One matrix in double precision, as the paper has it, but for what the module says."""

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self.weights = weights
        rows, columns = weights.shape
        self.m = self.v = np.zeros((rows, columns))
        self.left, self.right = np.zeros((rows, rows)), np.zeros((columns, columns))
        self.q_left, self.q_right = np.eye(rows), np.eye(columns)
        self.steps = 0

    def step(self, g: NDArray[np.float64]) -> None:
        self.m = DECAY * self.m + (1 - DECAY) * g
        self.left = DECAY * self.left + (1 - DECAY) * g @ g.T
        self.right = DECAY * self.right + (1 - DECAY) * g.T @ g
        if self.steps % STEPS_PER_REFRESH == 0:
            self.q_left = refreshed(self.q_left, self.left)
            self.q_right = refreshed(self.q_right, self.right)
        self.steps += 1
        self.v = DECAY * self.v + (1 - DECAY) * (self.q_left.T @ g @ self.q_right) ** 2
        turned = self.q_left.T @ self.m @ self.q_right / (np.sqrt(self.v) + EPSILON)
        self.weights = self.weights - RATE * self.q_left @ turned @ self.q_right.T


def refreshed(basis: NDArray[np.float64], products: NDArray[np.float64]) -> NDArray[np.float64]:
    damped = products + DAMPING * np.diag(products).mean() * np.eye(len(products))
    return np.linalg.qr(damped @ basis).Q


@pytest.mark.parametrize("refreshed", [soap._refreshed, soap._refreshed_on_gpu])
def test_steps_are_those_of_the_plain_reference(
    refreshed: Callable[[Tensor, Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soap, "_refreshed", refreshed)
    packed = network().double()
    convs = list(packed.network.convolutions())
    blocks = [(conv, i) for conv in convs for i in range(len(conv.blocks))]
    optimizer = Soap(packed.network, RATE)
    plain = [PlainSoap(matrix(conv, i, values)) for conv, i in blocks]
    for seed in range(STEPS):
        put_gradients(packed, seed)
        optimizer.step()
        for reference, (conv, i) in zip(plain, blocks, strict=True):
            reference.step(matrix(conv, i, gradients))
    for reference, (conv, i) in zip(plain, blocks, strict=True):
        np.testing.assert_allclose(matrix(conv, i, values), reference.weights, atol=1e-6)


def quadratic(optimizer_of: Callable[[PackedWaveNet], Optimizer]) -> float:
    """What is left of a badly scaled quadratic in a network's weights after 300 steps."""
    packed = network()
    optimizer = optimizer_of(packed)
    generator = torch.Generator().manual_seed(0)
    turns = [
        torch.linalg.qr(torch.randn(n, n, generator=generator)).Q
        * torch.logspace(-2, 0, n).unsqueeze(0)
        for n in (p.flatten(1).shape[1] for p in packed.parameters() if p.dim() == 3)
    ]
    for step in range(300):
        packed.zero_grad()
        weights = [p.flatten(1) for p in packed.parameters() if p.dim() == 3]
        pairs = zip(weights, turns, strict=True)
        loss = torch.stack([(w @ turn).square().sum() for w, turn in pairs]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        for conv in packed.network.convolutions():
            if conv.mask is not None and conv.weight.grad is not None:
                conv.weight.grad *= conv.mask
        optimizer.configure({"lr": RATE * (1 - step / 300)})
        optimizer.step()
    return loss.item()


def test_a_badly_scaled_bowl_is_descended_further_than_by_adam() -> None:
    by_soap = quadratic(lambda packed: Soap(packed.network, RATE))
    by_adam = quadratic(lambda packed: make_optimizer(packed, OFFICIAL_RECIPE.method.optimizer))
    assert by_soap < 0.5 * by_adam


def test_off_block_weights_and_what_has_no_gradient_stay_as_they_are() -> None:
    packed = network()
    (*_, head) = packed.network.convolutions()
    assert head.bias is not None
    before = values(head.bias)
    optimizer = Soap(packed.network, RATE)
    for seed in range(STEPS):
        put_gradients(packed, seed)
        optimizer.step()
    assert torch.equal(head.bias, before)
    masks = [(c.weight, c.mask) for c in packed.network.convolutions() if c.mask is not None]
    assert masks
    for weight, mask in masks:
        assert (weight[mask == 0] == 0).all()
        assert torch.isfinite(weight).all()
