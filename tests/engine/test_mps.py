"""Apple's GPUs, of which no machine of ours has one: PyTorch itself says what it has for them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import torchgen
import yaml
from support import small_capture, small_packed
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from trainers import trainer_of

from nam_engine import stepping
from nam_engine.kernels.interface import Kernels
from nam_engine.losses import MultiResolutionStft
from nam_engine.presets import OFFICIAL_RECIPE, STANDARD_RECIPE, Recipe

UNKNOWN_TO_APPLE = {torch.float64, torch.complex128}


class Listener(TorchDispatchMode):
    """Which operations are done, and what kinds of numbers they give."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()
        self.dtypes: set[torch.dtype] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func.namespace == "aten":
            name = func._schema.name.removeprefix("aten::")
            self.operations.add(".".join(filter(None, (name, func._schema.overload_name))))
        result = func(*args, **(kwargs or {}))
        self.dtypes |= {t.dtype for t in tree_leaves(result) if isinstance(t, Tensor)}
        return result


@cache
def pytorchs_operations() -> dict[str, dict[str, Any]]:
    """What PyTorch is made from: each operation, and for which devices it is written."""
    source = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    functions = yaml.load(source.read_text(), loader)
    return {function["func"].partition("(")[0]: function for function in functions}


def is_there_for_apple(operation: str) -> bool:
    """Written for Apple's GPUs, or put together from other operations for all devices."""
    function = pytorchs_operations()[operation]
    if "structured_delegate" in function:
        return is_there_for_apple(function["structured_delegate"])
    keys = {key.strip() for names in function.get("dispatch", {}) for key in names.split(",")}
    return not keys or "MPS" in keys or any(key.startswith("Composite") for key in keys)


def test_pytorch_says_what_it_lacks() -> None:
    assert is_there_for_apple("convolution_backward")
    assert is_there_for_apple("lerp_.Scalar")
    assert not is_there_for_apple("linalg_eig")


@pytest.mark.parametrize("recipe", [STANDARD_RECIPE, OFFICIAL_RECIPE])
def test_all_of_a_training_is_there_for_apples_gpus(
    monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    def pytorchs_own(network: Any, _device: torch.device) -> Kernels:
        return Kernels(network, MultiResolutionStft())

    monkeypatch.setattr(stepping, "choose_kernels", pytorchs_own)
    recipe = replace(recipe, epochs=1, window_samples=2048, batch_size=4)
    with Listener() as heard:
        trainer = trainer_of(small_capture(), small_packed(), recipe, device=torch.device("cpu"))
        list(trainer.run())
        trainer.restore(trainer.state())
    assert {"convolution", "_fft_r2c"} <= heard.operations
    assert not {name for name in heard.operations if not is_there_for_apple(name)}
    assert not heard.dtypes & UNKNOWN_TO_APPLE
