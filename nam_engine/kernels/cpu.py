"""Packed networks on processors: one window of one submodel after the other, in every core.

The submodels share nothing but their input, so what is packed on a GPU is work for two threads
here, and what the mask would multiply by zero is never computed. The forward pass of a training
step keeps nothing: the backward pass computes it once more, window by window. That takes as
long as fetching it from main memory would, and next to no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nam_engine.kernels.jit import Buffer, Offsets
from nam_engine.kernels.passes import backward, forward
from nam_engine.kernels.plan import (
    NOWHERE,
    Gradients,
    Plan,
    WeightPlaces,
    Weights,
    make_plan,
    make_weight_places,
)
from nam_engine.kernels.pool import Spares
from nam_engine.wavenet.config import PackedConfig, WaveNetConfig
from nam_engine.wavenet.layers import Layer, LayerArray, Network, flat_places
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["CpuKernel", "is_made_for"]

Samples = NDArray[np.float32]


def is_made_for(config: PackedConfig) -> bool:
    """Whether these kernels can run a network: one layer array, (leaky) ReLU, a mono head."""
    arrays = [submodel.config.layer_arrays for submodel in config.submodels]
    return all(
        len(of_submodel) == 1
        and all(a.name in ("LeakyReLU", "ReLU") for a in of_submodel[0].activations)
        and of_submodel[0].layer1x1
        and of_submodel[0].head1x1_channels is None
        and of_submodel[0].head_channels == 1
        for of_submodel in arrays
    )


class CpuKernel:
    """Runs a packed network: ``kernel(audio)`` is ``network(audio)``, and so is its gradient.

    ``audio`` is (batch, time) float32, the result (batch, submodel, time - receptive_field + 1).
    Repeats bit for bit for any number of threads.
    """

    def __init__(self, network: PackedWaveNet, pool: Executor) -> None:
        unused = _unused(network.network)
        self.parameters = [p for p in network.parameters() if p not in unused]
        self.head_scale = network.network.head_scale
        self.submodels = []
        for i, submodel in enumerate(network.config.submodels):
            flat = _flat_places(network.network, self.parameters, i)
            places = _places(submodel.config, flat)
            self.submodels.append(_Submodel(submodel.config, places))
        self.receptive_field = network.receptive_field
        self._pool = pool

    def __call__(self, audio: Tensor) -> Tensor:
        prediction: Tensor = _Run.apply(self, audio, *self.parameters)  # type: ignore[no-untyped-call]
        return prediction

    def forward(self, audio: Samples, weights: Sequence[Weights]) -> Samples:
        """(batch, time) to (batch, submodel, out)."""
        batch, samples = audio.shape
        out = np.empty((batch, len(self.submodels), samples - self.receptive_field + 1), np.float32)

        def predict(item: tuple[int, int]) -> None:
            window, i = item
            self.submodels[i].predict(audio[window], weights[i], out[window, i])

        self._for_all(predict, batch)
        out *= self.head_scale
        return out

    def backward(self, audio: Samples, weights: Sequence[Weights], gradient: Samples) -> Samples:
        """The gradient by the flat parameters, from that by the output of :meth:`forward`."""
        batch = len(audio)
        gradient = gradient * np.float32(self.head_scale)
        # Each window has its own, added up in order: so threads do not change the rounding.
        sums = [submodel.zero_gradients(batch) for submodel in self.submodels]

        def differentiate(item: tuple[int, int]) -> None:
            window, i = item
            of_window = Gradients(*(total[window] for total in sums[i]))
            self.submodels[i].differentiate(
                audio[window], weights[i], gradient[window, i], of_window
            )

        self._for_all(differentiate, batch)
        flat = np.zeros(sum(p.numel() for p in self.parameters) + 1, np.float32)
        for submodel, totals in zip(self.submodels, sums, strict=True):
            for name, total in totals._asdict().items():
                flat[getattr(submodel.places, name)] = total.sum(axis=0)
        return flat[:NOWHERE]

    def weights(self) -> list[Weights]:
        """The parameters as matrices."""
        flat = torch.cat([p.detach().reshape(-1) for p in self.parameters]).numpy()
        flat = np.append(flat, np.float32(0))  # found NOWHERE
        return [Weights(*(flat[places] for places in s.places)) for s in self.submodels]

    def _for_all(self, work: Callable[[tuple[int, int]], None], batch: int) -> None:
        """Do it for every window of every submodel, the largest submodels first."""
        order = sorted(range(len(self.submodels)), key=lambda i: -self.submodels[i].weight_count)
        items = [(window, i) for i in order for window in range(batch)]
        for _ in self._pool.map(work, items):
            pass


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernel: CpuKernel, audio: Tensor, *_parameters: Tensor) -> Tensor:
        ctx.kernel, ctx.weights, ctx.audio = kernel, kernel.weights(), audio.numpy()
        return torch.from_numpy(kernel.forward(ctx.audio, ctx.weights))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        kernel = ctx.kernel
        flat = torch.from_numpy(
            kernel.backward(ctx.audio, ctx.weights, gradient.contiguous().numpy())
        )
        parts = torch.split(flat, [p.numel() for p in kernel.parameters])
        of_parameters = (part.view_as(p) for part, p in zip(parts, kernel.parameters, strict=True))
        return None, None, *of_parameters


class _Submodel:
    """One submodel: its matrices' places in the parameters, and workspaces by length."""

    def __init__(self, config: WaveNetConfig, places: WeightPlaces) -> None:
        self.places = places
        self.weight_count = config.weight_count
        self._config = config
        self._workspaces: dict[tuple[int, bool], _Workspace] = {}

    def predict(self, audio: Samples, weights: Weights, out: Samples) -> None:
        """Write the prediction for a window (time,) to ``out``, without head_scale."""
        workspace = self._workspace(len(out), keeps_all=False)
        plan = workspace.plan
        with workspace.buffers.one() as buffer:
            _row(buffer, plan.condition, plan.samples, len(audio))[:] = audio
            forward(buffer, plan, weights)
            out[:] = _row(buffer, plan.out, plan.samples, len(out))

    def differentiate(
        self, audio: Samples, weights: Weights, gradient: Samples, sums: Gradients
    ) -> None:
        """Add the gradient of one window to ``sums``, which begin with zeros."""
        workspace = self._workspace(len(gradient), keeps_all=True)
        plan = workspace.plan
        with workspace.buffers.one() as buffer:
            _row(buffer, plan.condition, plan.samples, len(audio))[:] = audio
            forward(buffer, plan, weights)
            _row(buffer, plan.out_gradient, plan.samples, len(gradient))[:] = gradient
            backward(buffer, plan, weights, sums)

    def zero_gradients(self, windows: int) -> Gradients:
        """For each window its own."""
        shapes = (getattr(self.places, name).shape for name in Gradients._fields)
        return Gradients(*(np.zeros((windows, *shape), np.float32) for shape in shapes))

    def _workspace(self, out_samples: int, *, keeps_all: bool) -> _Workspace:
        key = (out_samples, keeps_all)
        if key not in self._workspaces:
            plan = make_plan(self._config, out_samples, keeps_all=keeps_all)
            self._workspaces.setdefault(key, _Workspace(plan))
        return self._workspaces[key]


class _Workspace:
    """A plan and buffers for it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.buffers = Spares(self._make_buffer)

    def _make_buffer(self) -> Buffer:
        buffer = np.zeros(self.plan.size, np.float32)
        _row(buffer, self.plan.ones, self.plan.samples, self.plan.samples)[:] = 1
        return buffer


def _row(buffer: Buffer, first: int, samples: int, last: int) -> Samples:
    """The ``last`` samples of a row."""
    return buffer[first + samples - last : first + samples]


def _unused(network: Network) -> set[nn.Parameter]:
    """Parameters without a gradient: what the last layer adds to the stream is read by nobody."""
    (array,) = network.layer_arrays
    assert isinstance(array, LayerArray)
    last = array.layers[-1]
    assert isinstance(last, Layer)
    assert last.layer1x1 is not None
    return set(last.layer1x1.parameters())


def _flat_places(network: Network, parameters: Sequence[nn.Parameter], submodel: int) -> Offsets:
    """For each weight of a submodel, as in a .nam file, its place in the flat parameters."""
    places = flat_places(parameters)
    of_blocks = []
    for conv in network.convolutions():
        out_slice, in_slice = conv.blocks[submodel]
        for tensor, block in ((conv.weight, (out_slice, in_slice)), (conv.bias, (out_slice,))):
            if tensor is None:
                continue
            nowhere = torch.full(tensor.shape, NOWHERE)
            of_blocks.append(places.get(tensor, nowhere)[block].flatten())
    return torch.cat(of_blocks).numpy()


def _places(config: WaveNetConfig, flat: Offsets) -> WeightPlaces:
    """Where each number of the matrices is in the flat parameters."""
    flat = np.append(flat, NOWHERE)
    return WeightPlaces(*(flat[of_matrix] for of_matrix in make_weight_places(config)))
