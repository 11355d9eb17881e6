"""Where everything of one submodel stands in one flat buffer, worked out once per length.

Every signal is a row of equal length, and all rows end at the same moment: sample t of one row
and sample t of another sound together, and a tap is an offset. A layer needs less of the past
than the layer before it, so each begins later (``starts``), at a multiple of ``GRID_SAMPLES``,
which vector registers like. Samples that were computed too early by that reach no output.

A matrix of a layer has one column for each row that it reads: its taps, the condition where the
layer mixes it in, and a row of ones for the bias. Rows and columns are filled up with zeros to
multiples of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nam_engine.kernels.jit import Buffer, Matrix, Offsets
from nam_engine.kernels.rows import BLOCK, GRID_SAMPLES
from nam_engine.wavenet.config import WaveNetConfig

__all__ = [
    "NOWHERE",
    "Gradients",
    "Plan",
    "WeightPlaces",
    "Weights",
    "make_plan",
    "make_weight_places",
]

NOWHERE = -1
"""In an index of weights: always zero."""


class Plan(NamedTuple):
    """Offsets into a buffer of ``size`` float32. Rows are ``samples`` long.

    ``streams[l]`` is the residual stream before layer l, ``activated[l]`` what its activation
    gives. Gradients are in rows ``gradient_pitch`` apart, with zeros after their end.
    """

    size: int
    samples: int
    out_samples: int
    starts: Offsets
    zeros: int
    ones: int
    condition: int
    head_sum: int
    out: int
    streams: Offsets
    activated: Offsets
    rechannel_rows: Offsets
    conv_rows: Offsets
    conv_counts: Offsets
    pointwise_rows: Offsets
    head_rows: Offsets
    slopes: Buffer
    gradient_pitch: int
    stream_gradient: int
    inner_gradient: int
    head_gradient: int
    out_gradient: int
    conv_back_rows: Offsets
    conv_back_counts: Offsets
    pointwise_back_rows: Offsets
    head_back_rows: Offsets


class Weights(NamedTuple):
    """The matrices of a submodel, (layer, out, in) where there is one per layer.

    ``*_back`` are the same numbers as the gradient of the signal needs them.
    """

    rechannel: Matrix
    conv: Matrix
    pointwise: Matrix
    head: Matrix
    conv_back: Matrix
    pointwise_back: Matrix
    head_back: Matrix


class Gradients(NamedTuple):
    """Of the loss by the matrices of the same names in :class:`Weights`."""

    rechannel: Matrix
    conv: Matrix
    pointwise: Matrix
    head: Matrix


class WeightPlaces(NamedTuple):
    """For each number of :class:`Weights` its place in the flat weights of a .nam file."""

    rechannel: Offsets
    conv: Offsets
    pointwise: Offsets
    head: Offsets
    conv_back: Offsets
    pointwise_back: Offsets
    head_back: Offsets


class _Layout:
    """Hands out places in a buffer."""

    def __init__(self) -> None:
        self.size = 0

    def rows(self, count: int, pitch: int) -> int:
        """The place of the first of ``count`` rows."""
        place = self.size
        self.size += count * pitch
        return place


def _padded(count: int) -> int:
    """The next multiple of a block."""
    return -(-count // BLOCK) * BLOCK


def make_plan(config: WaveNetConfig, out_samples: int, *, keeps_all: bool) -> Plan:
    """For a network of one layer array; with ``keeps_all`` for a gradient, too.

    Otherwise all layers share their rows, which stay in the cache.
    """
    (array,) = config.layer_arrays
    layers, kernels, dilations = len(array.dilations), array.kernel_sizes, array.dilations
    channels, inner = _padded(array.channels), _padded(array.bottleneck)

    out_samples = _on_grid(out_samples)
    needed = [_on_grid(out_samples + array.head_kernel_size - 1)]
    for kernel, dilation in zip(reversed(kernels), reversed(dilations), strict=True):
        needed.insert(0, _on_grid(needed[0] + (kernel - 1) * dilation))
    samples = needed[0]
    starts = samples - np.array(needed)

    layout = _Layout()
    zeros, ones, condition = (layout.rows(1, samples) for _ in range(3))
    kept = layers if keeps_all else 1
    streams = [layout.rows(channels, samples) for _ in range(kept)]
    activated = [layout.rows(inner, samples) for _ in range(kept)]
    streams, activated = (
        (streams, activated) if keeps_all else (streams * layers, activated * layers)
    )
    head_sum, out = layout.rows(inner, samples), layout.rows(BLOCK, samples)

    future = max((k - 1) * d for k, d in zip(kernels, dilations, strict=True))
    pitch = samples + _on_grid(max(future, array.head_kernel_size - 1))
    backward = keeps_all
    stream_gradient, inner_gradient, head_gradient, out_gradient = (
        layout.rows(count if backward else 0, pitch) for count in (channels, inner, inner, BLOCK)
    )

    def taps(first: int, row_pitch: int, channel_count: int, steps: Sequence[int]) -> list[int]:
        return [first + i * row_pitch + step for i in range(channel_count) for step in steps]

    def past(kernel: int, dilation: int) -> list[int]:
        return [-(kernel - 1 - k) * dilation for k in range(kernel)]

    def ahead(kernel: int, dilation: int) -> list[int]:
        return [(kernel - 1 - k) * dilation for k in range(kernel)]

    conv_rows = [
        [*taps(stream, samples, array.channels, past(k, d)), condition, ones]
        for stream, k, d in zip(streams, kernels, dilations, strict=True)
    ]
    conv_back_rows = [
        taps(inner_gradient, pitch, array.bottleneck, ahead(k, d))
        for k, d in zip(kernels, dilations, strict=True)
    ]
    head_past = past(array.head_kernel_size, 1)
    return Plan(
        size=layout.size,
        samples=samples,
        out_samples=out_samples,
        starts=starts,
        zeros=zeros,
        ones=ones,
        condition=condition,
        head_sum=head_sum,
        out=out,
        streams=np.array(streams),
        activated=np.array(activated),
        rechannel_rows=_table([[condition]], ones)[0],
        conv_rows=_table(conv_rows, ones),
        conv_counts=np.array([_padded(len(rows)) for rows in conv_rows]),
        pointwise_rows=_table(
            [[*taps(a, samples, array.bottleneck, [0]), ones] for a in activated], ones
        ),
        head_rows=_table([[*taps(head_sum, samples, array.bottleneck, head_past), ones]], ones)[0],
        slopes=np.array([_slope(config, i) for i in range(layers)], np.float32),
        gradient_pitch=pitch,
        stream_gradient=stream_gradient,
        inner_gradient=inner_gradient,
        head_gradient=head_gradient,
        out_gradient=out_gradient,
        conv_back_rows=_table(conv_back_rows, inner_gradient),
        conv_back_counts=np.array([_padded(len(rows)) for rows in conv_back_rows]),
        pointwise_back_rows=_table(
            [taps(stream_gradient, pitch, array.channels, [0])], stream_gradient
        )[0],
        head_back_rows=_table(
            [taps(out_gradient, pitch, 1, ahead(array.head_kernel_size, 1))], out_gradient
        )[0],
    )


def make_weight_places(config: WaveNetConfig) -> WeightPlaces:
    """Where each number of the matrices is in the flat weights of a .nam file."""
    (array,) = config.layer_arrays
    channels, inner = array.channels, array.bottleneck
    taken = 0

    def take(*shape: int) -> Offsets:
        nonlocal taken
        places = np.arange(taken, taken + np.prod(shape, dtype=int)).reshape(shape)
        taken += places.size
        return places

    rechannel = take(channels, array.input_size)
    conv, conv_back, pointwise, pointwise_back = [], [], [], []
    for kernel in array.kernel_sizes:
        weight, bias = take(inner, channels, kernel), take(inner, 1)
        mixer = take(inner, 1)
        conv.append(np.hstack([weight.reshape(inner, -1), mixer, bias]))
        conv_back.append(weight.transpose(1, 0, 2).reshape(channels, -1))
        weight, bias = take(channels, inner), take(channels, 1)
        pointwise.append(np.hstack([weight, bias]))
        pointwise_back.append(weight.T)
    weight = take(1, inner, array.head_kernel_size)
    bias = take(1, 1) if array.head_bias else np.full((1, 1), NOWHERE)
    return WeightPlaces(
        rechannel=_matrices([rechannel])[0],
        conv=_matrices(conv),
        pointwise=_matrices(pointwise),
        head=_matrices([np.hstack([weight.reshape(1, -1), bias])])[0],
        conv_back=_matrices(conv_back),
        pointwise_back=_matrices(pointwise_back),
        head_back=_matrices([weight[0]])[0],
    )


def _slope(config: WaveNetConfig, layer: int) -> float:
    activation = config.layer_arrays[0].activations[layer]
    return activation.parameters[0] if activation.name == "LeakyReLU" else 0.0


def _on_grid(samples: int) -> int:
    return -(-samples // GRID_SAMPLES) * GRID_SAMPLES


def _table(rows: Sequence[Sequence[int]], filler: int) -> Offsets:
    """Lists as one array; what is filled up is multiplied with zero."""
    table = np.full((len(rows), _padded(max(map(len, rows)))), filler, np.int64)
    for line, values in zip(table, rows, strict=True):
        line[: len(values)] = values
    return table


def _matrices(places: Sequence[NDArray[np.int64]]) -> Offsets:
    """(count, out, in), filled up."""
    outs, ins = (_padded(max(p.shape[axis] for p in places)) for axis in (0, 1))
    table = np.full((len(places), outs, ins), NOWHERE, np.int64)
    for matrix, values in zip(table, places, strict=True):
        matrix[: values.shape[0], : values.shape[1]] = values
    return table
