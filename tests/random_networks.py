"""Random networks that fit together, as a hypothesis strategy."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from support import submodel

from nam_engine.wavenet.config import ACTIVATIONS

__all__ = ["packed_configs"]

WIDTHS = st.integers(1, 5)


@st.composite
def packed_configs(draw: st.DrawFn, *, playable: bool = False) -> dict[str, Any]:
    """One to four submodels of one to three layer arrays: any sizes, kernels and options.

    ``playable`` leaves out what the real-time runtime plays differently or not at all
    (tests/runtime).
    """
    activations = sorted(set(ACTIVATIONS) - ({"Tanh"} if playable else set()))
    names = [f"s{i}" for i in range(draw(st.integers(1, 4)))]
    arrays: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    inputs, head_inputs = dict.fromkeys(names, 1), {name: draw(WIDTHS) for name in names}
    count = draw(st.integers(1, 3))
    for index in range(count):
        layers = draw(st.integers(1, 3))
        has_head1x1, has_layer1x1 = draw(st.booleans()), playable or draw(st.booleans())
        shared = {
            "condition_size": 1,
            "kernel_sizes": draw(st.lists(st.integers(1, 4), min_size=layers, max_size=layers)),
            "dilations": draw(st.lists(st.integers(1, 5), min_size=layers, max_size=layers)),
            "activation": draw(
                st.lists(st.sampled_from(activations), min_size=layers, max_size=layers)
            ),
            "layer_1x1_config": {"active": has_layer1x1},
        }
        head = {"kernel_size": draw(st.integers(1, 3)), "bias": draw(st.booleans())}
        for name in names:
            bottleneck = draw(WIDTHS) if has_head1x1 else head_inputs[name]
            channels = draw(WIDTHS) if has_layer1x1 else bottleneck
            if playable and index > 0:
                channels = head_inputs[name]
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
    return {
        "submodels": [submodel(name, *arrays[name], head_scale=0.5) for name in names],
        "export": {"container_max_values": draw(max_values(len(names)))},
    }


def max_values(submodels: int) -> st.SearchStrategy[str | list[float]]:
    """Thresholds of a container, the last of which counts as 1."""
    below = st.lists(
        st.floats(0.01, 0.99), min_size=submodels - 1, max_size=submodels - 1, unique=True
    )
    return st.just("uniform") | below.map(lambda values: [*sorted(values), 1.0])
