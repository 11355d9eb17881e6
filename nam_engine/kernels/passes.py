"""Forward and backward through one submodel for one window, all layers in one call.

The time is cut into tiles, from the last to the first, and each is taken through all that a
layer does while it is in the cache. Backwards in time, because a layer looks into the past:
where all layers share one stream, what it still needs has not been overwritten.
"""

from __future__ import annotations

import numpy as np

from nam_engine.kernels.jit import Buffer, compiled
from nam_engine.kernels.plan import Gradients, Plan, Weights
from nam_engine.kernels.rows import GRID_SAMPLES, multiply, row_products

__all__ = ["backward", "forward"]

TILE_SAMPLES = 2048 // GRID_SAMPLES * GRID_SAMPLES
LINEAR = np.float32(1)


@compiled
def forward(buffer: Buffer, plan: Plan, weights: Weights) -> None:
    """From the row ``plan.condition``, the input, to the row ``plan.out``."""
    pitch, layers = plan.samples, len(plan.streams)
    multiply(
        buffer,
        plan.zeros,
        0,
        plan.streams[0],
        pitch,
        weights.rechannel,
        plan.rechannel_rows,
        len(plan.rechannel_rows),
        LINEAR,
        plan.starts[0],
        pitch,
    )
    head_start = plan.starts[layers]
    inner = weights.conv.shape[1]
    _clear(buffer, plan.head_sum, inner, pitch, head_start, pitch)
    for layer in range(layers):
        stop = pitch
        while stop > plan.starts[layer + 1]:
            start = max(plan.starts[layer + 1], stop - TILE_SAMPLES)
            _layer(buffer, plan, weights, layer, start, stop)
            if stop > head_start:
                begin, term = max(start, head_start), plan.activated[layer]
                _add(buffer, plan.head_sum, term, inner, pitch, begin, stop)
            stop = start
    multiply(
        buffer,
        plan.zeros,
        0,
        plan.out,
        pitch,
        weights.head,
        plan.head_rows,
        len(plan.head_rows),
        LINEAR,
        pitch - plan.out_samples,
        pitch,
    )


@compiled
def _layer(buffer: Buffer, plan: Plan, weights: Weights, layer: int, start: int, stop: int) -> None:
    """A tile of what the activation gives and, but for the last layer, of the next stream."""
    pitch = plan.samples
    multiply(
        buffer,
        plan.zeros,
        0,
        plan.activated[layer],
        pitch,
        weights.conv[layer],
        plan.conv_rows[layer],
        plan.conv_counts[layer],
        plan.slopes[layer],
        start,
        stop,
    )
    if layer + 1 < len(plan.streams):
        multiply(
            buffer,
            plan.streams[layer],
            pitch,
            plan.streams[layer + 1],
            pitch,
            weights.pointwise[layer],
            plan.pointwise_rows[layer],
            plan.pointwise_rows.shape[1],
            LINEAR,
            start,
            stop,
        )


@compiled
def backward(buffer: Buffer, plan: Plan, weights: Weights, gradients: Gradients) -> None:
    """After :func:`forward` with a plan that keeps all: from the row ``plan.out_gradient``.

    Adds to ``gradients``.
    """
    samples, pitch, layers = plan.samples, plan.gradient_pitch, len(plan.streams)
    inner, channels = weights.conv.shape[1], weights.pointwise.shape[1]
    head_start = plan.starts[layers]
    row_products(
        buffer,
        plan.out_gradient,
        pitch,
        plan.head_rows,
        len(plan.head_rows),
        gradients.head,
        samples - plan.out_samples,
        samples,
    )
    multiply(
        buffer,
        plan.zeros,
        0,
        plan.head_gradient,
        pitch,
        weights.head_back,
        plan.head_back_rows,
        len(plan.head_back_rows),
        LINEAR,
        head_start,
        samples,
    )
    _clear(buffer, plan.stream_gradient, channels, pitch, plan.starts[0], samples)
    for layer in range(layers - 1, -1, -1):
        start, stop = plan.starts[layer + 1], samples
        while stop > start:
            begin = max(start, stop - TILE_SAMPLES)
            _layer_gradients(buffer, plan, weights, gradients, layer, begin, stop)
            stop = begin
        _clear(buffer, plan.inner_gradient, inner, pitch, plan.starts[layer], start)
        multiply(
            buffer,
            plan.stream_gradient,
            pitch,
            plan.stream_gradient,
            pitch,
            weights.conv_back[layer],
            plan.conv_back_rows[layer],
            plan.conv_back_counts[layer],
            LINEAR,
            plan.starts[layer],
            samples,
        )
    row_products(
        buffer,
        plan.stream_gradient,
        pitch,
        plan.rechannel_rows,
        len(plan.rechannel_rows),
        gradients.rechannel,
        plan.starts[0],
        samples,
    )


@compiled
def _layer_gradients(
    buffer: Buffer,
    plan: Plan,
    weights: Weights,
    gradients: Gradients,
    layer: int,
    start: int,
    stop: int,
) -> None:
    """A tile of the gradient before the activation, and what it adds to the weights'."""
    pitch, layers = plan.gradient_pitch, len(plan.streams)
    inner, dz, dx = weights.conv.shape[1], plan.inner_gradient, plan.stream_gradient
    if layer + 1 < layers:
        row_products(
            buffer,
            dx,
            pitch,
            plan.pointwise_rows[layer],
            plan.pointwise_rows.shape[1],
            gradients.pointwise[layer],
            start,
            stop,
        )
        multiply(
            buffer,
            plan.zeros,
            0,
            dz,
            pitch,
            weights.pointwise_back[layer],
            plan.pointwise_back_rows,
            len(plan.pointwise_back_rows),
            LINEAR,
            start,
            stop,
        )
    else:
        _clear(buffer, dz, inner, pitch, start, stop)
    if stop > plan.starts[layers]:
        _add(buffer, dz, plan.head_gradient, inner, pitch, max(start, plan.starts[layers]), stop)
    slope = plan.slopes[layer]
    for row in range(inner):
        here = plan.activated[layer] + row * plan.samples
        activated = buffer[here + start : here + stop]
        here = dz + row * pitch
        gradient = buffer[here + start : here + stop]
        for t in range(len(gradient)):
            gradient[t] = gradient[t] if activated[t] > 0 else slope * gradient[t]
    row_products(
        buffer,
        dz,
        pitch,
        plan.conv_rows[layer],
        plan.conv_counts[layer],
        gradients.conv[layer],
        start,
        stop,
    )


@compiled
def _clear(buffer: Buffer, first: int, rows: int, pitch: int, start: int, stop: int) -> None:
    for row in range(rows):
        here = first + row * pitch
        buffer[here + start : here + stop] = np.float32(0)


@compiled
def _add(buffer: Buffer, out: int, term: int, rows: int, pitch: int, start: int, stop: int) -> None:
    for row in range(rows):
        here, there = out + row * pitch, term + row * pitch
        total, more = buffer[here + start : here + stop], buffer[there + start : there + stop]
        for t in range(len(total)):
            total[t] += more[t]
