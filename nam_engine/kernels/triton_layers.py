"""One layer of all submodels of a packed network, forward and backward, for NVIDIA's GPUs.

A program works on one submodel of one window over ``TIME`` samples. A dilated convolution is a
product of its weights with the rows that it reads: one row for each tap of each channel, ``ROWS``
of them at a time. So no weight off the blocks is ever touched. Signals are (batch, channel, time)
of equal length, and sample t of one belongs to sample t of another; what a layer has no past for
stands in them unused.

``widths`` holds, for each submodel, its first channel and their number in the stream between
layers, and the same inside a layer. Products need at least 16 rows: ``WIDE`` channels are worked
on, those that a submodel has not are zero.
"""

# Triton's language knows no types, and compiles what looks like ordinary Python.
# mypy: ignore-errors
# ruff: noqa: N803

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["change_of_layer", "change_of_stream", "change_of_weight", "layer"]

# Triton compiles anew for numbers that are 1 or divide by 16, and for memory that begins at such
# places: here that would be for nearly every layer, and gain nothing.
_kernel = triton.jit(
    do_not_specialize=[
        "samples", "first", "first_out", "head_first", "channels", "inner", "dilation",
    ],
    do_not_specialize_on_alignment=["by_weight", "by_bias", "by_mixer", "by_weight1", "by_bias1"],
)  # fmt: skip


@triton.jit
def _widths(widths, submodel):
    row = widths + 4 * submodel
    return tl.load(row), tl.load(row + 1), tl.load(row + 2), tl.load(row + 3)


@triton.jit
def _taps(signal, samples, t, is_valid, row, count, first, dilation, KERNEL, FORTH: tl.constexpr):
    """Rows ``row`` of those that a convolution reads, (ROWS, TIME), and from ``first`` on.

    Backwards in time for the signal; ``FORTH`` for its gradient.
    """
    channel, tap = row // KERNEL, row % KERNEL
    step = (KERNEL - 1 - tap) * dilation
    at = t[None, :] + step[:, None] if FORTH else t[None, :] - step[:, None]
    is_there = (channel < count)[:, None] & is_valid[None, :] & (at >= first) & (at < samples)
    return tl.load(signal + channel[:, None] * samples + at, mask=is_there, other=0.0)


@triton.jit
def _before_activation(
    x, condition, weight, bias, mixer, samples, t, is_valid, first_in, count_in, first_inner,
    count_inner, channels, dilation, KERNEL: tl.constexpr, ROWS: tl.constexpr,
    WIDE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """What a layer's activation is given, (WIDE, TIME)."""
    out = tl.arange(0, WIDE)
    of_inner = first_inner + out
    is_inner = out < count_inner
    z = tl.zeros((WIDE, t.shape[0]), tl.float32)
    for first_row in range(0, count_in * KERNEL, ROWS):
        row = first_row + tl.arange(0, ROWS)
        taps = _taps(x, samples, t, is_valid, row, count_in, 0, dilation, KERNEL, False)
        places = (of_inner[:, None] * channels + first_in) * KERNEL + row[None, :]
        is_there = is_inner[:, None] & (row < count_in * KERNEL)[None, :]
        w = tl.load(weight + places, mask=is_there, other=0.0)
        z = tl.dot(w, taps, z, input_precision=PRECISION)
    heard = tl.load(condition + t, mask=is_valid, other=0.0)
    of_heard = tl.load(mixer + of_inner, mask=is_inner, other=0.0)
    offset = tl.load(bias + of_inner, mask=is_inner, other=0.0)
    return z + of_heard[:, None] * heard[None, :] + offset[:, None]


@_kernel
def layer(
    x, condition, weight, bias, mixer, weight1, bias1, next_x, head_sum, widths,
    samples, first, head_first, channels, inner, dilation, slope,
    KERNEL: tl.constexpr, ROWS: tl.constexpr, WIDE: tl.constexpr, TIME: tl.constexpr,
    PRECISION: tl.constexpr, IS_FIRST: tl.constexpr, HAS_NEXT: tl.constexpr,
):  # fmt: skip
    """Add to ``head_sum`` and, unless nobody reads it, write ``next_x`` from ``first`` on."""
    window = tl.program_id(1)
    first_in, count_in, first_inner, count_inner = _widths(widths, tl.program_id(2))
    t = first + tl.program_id(0) * TIME + tl.arange(0, TIME)
    is_valid = t < samples
    x += (window * channels + first_in) * samples
    out = tl.arange(0, WIDE)
    z = _before_activation(
        x, condition + window * samples, weight, bias, mixer, samples, t, is_valid, first_in,
        count_in, first_inner, count_inner, channels, dilation, KERNEL, ROWS, WIDE, PRECISION,
    )  # fmt: skip
    activated = tl.where(z > 0, z, slope * z)
    head_sum += (window * inner + first_inner) * samples
    places = out[:, None] * samples + t[None, :]
    is_head = (out < count_inner)[:, None] & (is_valid & (t >= head_first))[None, :]
    total = activated
    if not IS_FIRST:
        total += tl.load(head_sum + places, mask=is_head, other=0.0)
    tl.store(head_sum + places, total, mask=is_head)
    if HAS_NEXT:
        is_in = out < count_in
        w = _block(weight1, out, first_in, count_in, out, first_inner, count_inner, inner)
        offset = tl.load(bias1 + first_in + out, mask=is_in, other=0.0)
        is_there = is_in[:, None] & is_valid[None, :]
        update = tl.dot(w, activated, input_precision=PRECISION) + offset[:, None]
        update += tl.load(x + places, mask=is_there, other=0.0)
        next_x += (window * channels + first_in) * samples
        tl.store(next_x + places, update, mask=is_there)


@triton.jit
def _block(weight1, row, first_row, rows, column, first_column, columns, width):
    """A submodel's block of a 1x1 convolution, (row, column)."""
    places = (first_row + row)[:, None] * width + first_column + column[None, :]
    is_there = (row < rows)[:, None] & (column < columns)[None, :]
    return tl.load(weight1 + places, mask=is_there, other=0.0)


@_kernel
def change_of_layer(
    x, condition, weight, bias, mixer, weight1, by_next_x, by_head_sum, by_z, by_bias, by_mixer,
    by_weight1, by_bias1, widths,
    samples, first, head_first, channels, inner, dilation, slope,
    KERNEL: tl.constexpr, ROWS: tl.constexpr, WIDE: tl.constexpr, TIME: tl.constexpr,
    PRECISION: tl.constexpr, HAS_NEXT: tl.constexpr,
):  # fmt: skip
    """The gradient ``by_z``, what the activation was given, and by all weights but the dilated.

    Those are added. What the activation was given is computed anew.
    """
    window = tl.program_id(1)
    first_in, count_in, first_inner, count_inner = _widths(widths, tl.program_id(2))
    t = first + tl.program_id(0) * TIME + tl.arange(0, TIME)
    is_valid = t < samples
    x += (window * channels + first_in) * samples
    condition += window * samples
    z = _before_activation(
        x, condition, weight, bias, mixer, samples, t, is_valid, first_in, count_in, first_inner,
        count_inner, channels, dilation, KERNEL, ROWS, WIDE, PRECISION,
    )  # fmt: skip
    out = tl.arange(0, WIDE)
    is_in, is_inner = out < count_in, out < count_inner
    places = out[:, None] * samples + t[None, :]
    is_head = is_inner[:, None] & (is_valid & (t >= head_first))[None, :]
    by_head_sum += (window * inner + first_inner) * samples
    by_activated = tl.load(by_head_sum + places, mask=is_head, other=0.0)
    if HAS_NEXT:
        activated = tl.where(is_valid[None, :], tl.where(z > 0, z, slope * z), 0.0)
        by_next_x += (window * channels + first_in) * samples
        is_there = is_in[:, None] & is_valid[None, :]
        by_next = tl.load(by_next_x + places, mask=is_there, other=0.0)
        w = _block(weight1, out, first_in, count_in, out, first_inner, count_inner, inner)
        by_activated += tl.dot(tl.trans(w), by_next, input_precision=PRECISION)
        by_w1 = tl.dot(by_next, tl.trans(activated), input_precision=PRECISION)
        of_w1 = (first_in + out)[:, None] * inner + first_inner + out[None, :]
        tl.atomic_add(by_weight1 + of_w1, by_w1, mask=is_in[:, None] & is_inner[None, :])
        tl.atomic_add(by_bias1 + first_in + out, tl.sum(by_next, 1), mask=is_in)
    change = tl.where(z > 0, by_activated, slope * by_activated)
    by_z += (window * inner + first_inner) * samples
    tl.store(by_z + places, change, mask=is_inner[:, None] & is_valid[None, :])
    of_inner = first_inner + out
    heard = tl.load(condition + t, mask=is_valid, other=0.0)
    tl.atomic_add(by_bias + of_inner, tl.sum(change, 1), mask=is_inner)
    tl.atomic_add(by_mixer + of_inner, tl.sum(change * heard[None, :], 1), mask=is_inner)


@_kernel
def change_of_weight(
    x, by_z, by_weight, widths, samples, first, channels, inner, dilation,
    KERNEL: tl.constexpr, ROWS: tl.constexpr, WIDE: tl.constexpr, TIME: tl.constexpr,
    PRECISION: tl.constexpr, CHUNKS: tl.constexpr, SPAN: tl.constexpr,
):  # fmt: skip
    """Add the gradient by a dilated convolution's weights, from ``by_z`` from ``first`` on.

    A program works on ``SPAN`` samples and one of ``CHUNKS`` parts of the rows.
    """
    window = tl.program_id(1)
    first_in, count_in, first_inner, count_inner = _widths(widths, tl.program_id(2))
    row = (tl.program_id(0) % CHUNKS) * ROWS + tl.arange(0, ROWS)
    start = first + (tl.program_id(0) // CHUNKS) * SPAN
    x += (window * channels + first_in) * samples
    by_z += (window * inner + first_inner) * samples
    out = tl.arange(0, WIDE)
    is_inner = out < count_inner
    total = tl.zeros((WIDE, ROWS), tl.float32)
    for begin in range(start, min(start + SPAN, samples), TIME):
        t = begin + tl.arange(0, TIME)
        is_valid = t < samples
        is_there = is_inner[:, None] & is_valid[None, :]
        change = tl.load(by_z + out[:, None] * samples + t[None, :], mask=is_there, other=0.0)
        taps = _taps(x, samples, t, is_valid, row, count_in, 0, dilation, KERNEL, False)
        total = tl.dot(change, tl.trans(taps), total, input_precision=PRECISION)
    places = ((first_inner + out)[:, None] * channels + first_in) * KERNEL + row[None, :]
    is_weight = is_inner[:, None] & (row < count_in * KERNEL)[None, :]
    tl.atomic_add(by_weight + places, total, mask=is_weight)


@_kernel
def change_of_stream(
    by_z, weight, by_x, widths, samples, first, first_out, channels, inner, dilation,
    KERNEL: tl.constexpr, ROWS: tl.constexpr, WIDE: tl.constexpr, TIME: tl.constexpr,
    PRECISION: tl.constexpr, HAS_NEXT: tl.constexpr,
):  # fmt: skip
    """Turn ``by_x`` from the gradient by a layer's ``next_x`` into that by its x, in place.

    The layer reads from ``first`` and writes from ``first_out`` on.
    """
    window = tl.program_id(1)
    first_in, count_in, first_inner, count_inner = _widths(widths, tl.program_id(2))
    t = first + tl.program_id(0) * TIME + tl.arange(0, TIME)
    is_valid = t < samples
    by_z += (window * inner + first_inner) * samples
    by_x += (window * channels + first_in) * samples
    out = tl.arange(0, WIDE)
    is_in = out < count_in
    total = tl.zeros((WIDE, TIME), tl.float32)
    for first_row in range(0, count_inner * KERNEL, ROWS):
        row = first_row + tl.arange(0, ROWS)
        taps = _taps(
            by_z, samples, t, is_valid, row, count_inner, first_out, dilation, KERNEL, True
        )
        of_inner = (first_inner + row // KERNEL)[None, :]
        places = (of_inner * channels + (first_in + out)[:, None]) * KERNEL + row % KERNEL
        is_there = is_in[:, None] & (row < count_inner * KERNEL)[None, :]
        w = tl.load(weight + places, mask=is_there, other=0.0)
        total = tl.dot(w, taps, total, input_precision=PRECISION)
    places = out[:, None] * samples + t[None, :]
    is_there = is_in[:, None] & is_valid[None, :]
    if HAS_NEXT:
        is_known = is_there & (t >= first_out)[None, :]
        total += tl.load(by_x + places, mask=is_known, other=0.0)
    tl.store(by_x + places, total, mask=is_there)
