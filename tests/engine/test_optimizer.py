"""Every optimizer goes on from another one's tensors as if there had been no break."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support import two_array_packed

from nam_engine.arrays import as_arrays
from nam_engine.method import OptimizerChoice
from nam_engine.optimizer import Optimizer, make_optimizer
from nam_engine.wavenet.packed import PackedWaveNet

CHOICES: dict[str, dict[str, Any]] = {
    "SOAP": {},
    "Adam": {"weight_decay": 1e-4},
    "AdamW": {"amsgrad": True},
    "ASGD": {},
    "Adadelta": {},
    "Adafactor": {},
    "Adagrad": {"initial_accumulator_value": 0.1},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Rprop": {},
    "SGD": {"momentum": 0.9},
}
STEPS = 13


def fresh(name: str) -> tuple[PackedWaveNet, Optimizer]:
    network = PackedWaveNet(two_array_packed())
    return network, make_optimizer(network, OptimizerChoice(name, {"lr": 0.01, **CHOICES[name]}))


def take_steps(network: PackedWaveNet, optimizer: Optimizer, first: int, last: int) -> None:
    """Along the gradients of a prediction, so that what has none has none here."""
    for seed in range(first, last):
        generator = torch.Generator().manual_seed(seed)
        network.zero_grad()
        audio = torch.randn(2, network.receptive_field + 20, generator=generator)
        network(audio).square().mean().backward()
        optimizer.configure({"lr": 0.01 / (1 + seed)})
        optimizer.step()


@pytest.mark.parametrize("name", CHOICES)
def test_another_optimizer_goes_on_exactly_from_its_tensors(name: str) -> None:
    whole, unbroken = fresh(name)
    take_steps(whole, unbroken, 0, 2 * STEPS)
    first, before = fresh(name)
    take_steps(first, before, 0, STEPS)
    second, after = fresh(name)
    second.load_state_dict(first.state_dict())
    state = as_arrays(before.tensors())
    after.require_own(state)
    after.restore(state)
    take_steps(second, after, STEPS, 2 * STEPS)
    for ours, theirs in zip(second.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    expected = as_arrays(unbroken.tensors())
    assert as_arrays(after.tensors()).keys() == expected.keys()
    for key, array in as_arrays(after.tensors()).items():
        np.testing.assert_array_equal(array, expected[key])


@pytest.mark.parametrize("name", CHOICES)
def test_off_block_weights_stay_zero(name: str) -> None:
    network, optimizer = fresh(name)
    take_steps(network, optimizer, 0, 3)
    for conv in network.network.convolutions():
        if conv.mask is not None:
            assert not conv.weight[conv.mask == 0].any()


@pytest.mark.parametrize("name", ["Adam", "SOAP"])
def test_another_optimizers_tensors_are_refused(name: str) -> None:
    network, optimizer = fresh(name)
    take_steps(network, optimizer, 0, 1)
    state = dict(as_arrays(optimizer.tensors()))
    key = next(iter(state))
    for wrong in (
        {**state, "more": state[key]},
        {k: v for k, v in state.items() if k != key},
        {**state, key: np.full_like(state[key], -1)},
        {**state, key: np.zeros((3, 3), np.float32)},
    ):
        with pytest.raises(ValueError, match=r"missing|fit|negative"):
            fresh(name)[1].require_own(wrong)
