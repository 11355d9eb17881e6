"""The two inner loops of a WaveNet on a processor.

A convolution over time is a matrix product whose right side consists of rows of a buffer,
each shifted by one tap: nothing is copied together for it. So a layer's convolution, its 1x1s
and the gradients of both are all one of two products: a matrix with rows (:func:`multiply`)
or rows with rows (:func:`row_products`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nam_engine.kernels.jit import LANES, VECTORS, Buffer, Matrix, Offsets, compiled

__all__ = ["BLOCK", "GRID_SAMPLES", "multiply", "row_products"]

BLOCK = 4
"""Outputs are computed in blocks of so many rows."""
_STEP_SAMPLES = LANES * VECTORS
_CACHE_LINE_SAMPLES = 16
GRID_SAMPLES = math.lcm(_STEP_SAMPLES, _CACHE_LINE_SAMPLES)
"""Stretches of time begin and end at multiples of it."""


@compiled
def multiply(
    buffer: Buffer,
    base: int,
    base_pitch: int,
    out: int,
    out_pitch: int,
    matrix: Matrix,
    rows: Offsets,
    count: int,
    slope: np.float32,
    start: int,
    stop: int,
) -> None:
    """``out[o, t] = leaky(base[o, t] + sum(matrix[o, r] * row[r][t]))``, t from start to stop.

    Row r begins at ``buffer[rows[r]]``, output row o at ``buffer[out + o * out_pitch]`` and what
    is added to it at ``buffer[base + o * base_pitch]``. ``count`` rows are taken. What is
    negative is multiplied by ``slope``. The number of outputs is a multiple of :data:`BLOCK`,
    start and stop are multiples of :data:`GRID_SAMPLES`.
    """
    for t in range(start, stop, _STEP_SAMPLES):
        for o in range(0, matrix.shape[0], BLOCK):
            _multiply_step(  # type: ignore[call-arg]  # the context is Numba's
                buffer,
                base + o * base_pitch,
                base_pitch,
                out + o * out_pitch,
                out_pitch,
                matrix,
                o,
                rows,
                count,
                slope,
                t,
            )


@compiled
def row_products(
    buffer: Buffer,
    left: int,
    pitch: int,
    rows: Offsets,
    count: int,
    products: Matrix,
    start: int,
    stop: int,
) -> None:
    """``products[o, r] += sum over t of left[o][t] * row[r][t]``, rows as above.

    Here ``count``, too, is a multiple of :data:`BLOCK`.
    """
    for o in range(0, products.shape[0], 2):
        z = left + o * pitch
        for r in range(0, count, BLOCK):
            _row_products_block(
                buffer[z + start : z + stop],
                buffer[z + pitch + start : z + pitch + stop],
                buffer[rows[r] + start : rows[r] + stop],
                buffer[rows[r + 1] + start : rows[r + 1] + stop],
                buffer[rows[r + 2] + start : rows[r + 2] + stop],
                buffer[rows[r + 3] + start : rows[r + 3] + stop],
                products[o : o + 2, r : r + BLOCK],
            )


@compiled
def _row_products_block(
    z0: Buffer, z1: Buffer, x0: Buffer, x1: Buffer, x2: Buffer, x3: Buffer, products: Matrix
) -> None:
    # Eight scalars, so that the sums stay in registers while the time passes: with the rows that
    # they are made of, no more than the sixteen vectors that most processors have.
    a0 = a1 = a2 = a3 = np.float32(0)
    b0 = b1 = b2 = b3 = np.float32(0)
    for t in range(len(z0)):
        p, q, r, s = x0[t], x1[t], x2[t], x3[t]
        z = z0[t]
        a0, a1, a2, a3 = a0 + z * p, a1 + z * q, a2 + z * r, a3 + z * s
        z = z1[t]
        b0, b1, b2, b3 = b0 + z * p, b1 + z * q, b2 + z * r, b3 + z * s
    sums = ((a0, a1, a2, a3), (b0, b1, b2, b3))
    for o in range(2):
        for r in range(BLOCK):
            products[o, r] += sums[o][r]


@intrinsic
def _multiply_step(
    _context: Any,
    buffer: Any,
    base: Any,
    base_pitch: Any,
    out: Any,
    out_pitch: Any,
    matrix: Any,
    first: Any,
    rows: Any,
    count: Any,
    slope: Any,
    time: Any,
) -> Any:
    """Outputs ``first`` to ``first + BLOCK`` at ``time`` and so many samples after it.

    The sums stay in vector registers from beginning to end. Therefore it is written in the
    compiler's own language: from a loop in Python it keeps them in memory, at half the speed.
    """
    argument_types = (
        buffer, base, base_pitch, out, out_pitch, matrix, first, rows, count, slope, time
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector, lane = ir.VectorType(ir.FloatType(), LANES), ir.IntType(32)
        _, base, base_pitch, out, out_pitch, _, first, _, count, slope, time = arguments
        buffer, matrix, rows = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 5, 7)
        )
        width = builder.extract_value(matrix.shape, 1)

        def number(value: int) -> Any:
            return ir.Constant(ir.IntType(64), value)

        def place(row: Any, register: int) -> Any:
            offset = builder.add(row, builder.add(time, number(register * LANES)))
            return builder.bitcast(builder.gep(buffer.data, [offset]), vector.as_pointer())

        def load(row: Any, register: int) -> Any:
            return builder.load(place(row, register), align=4)

        def splat(value: Any) -> Any:
            undefined = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(undefined, value, ir.Constant(lane, 0))
            first_lane = ir.Constant(ir.VectorType(lane, LANES), [0] * LANES)
            return builder.shuffle_vector(one, undefined, first_lane)

        def nth(row: Any, pitch: Any, o: int) -> Any:
            return builder.add(row, builder.mul(pitch, number(o)))

        tile = [(o, v) for o in range(BLOCK) for v in range(VECTORS)]
        sums = {}
        for o, v in tile:
            sums[o, v] = cgutils.alloca_once(builder, vector)  # type: ignore[no-untyped-call]
            builder.store(load(nth(base, base_pitch, o), v), sums[o, v])
        with cgutils.for_range(builder, count) as loop:
            row = builder.load(builder.gep(rows.data, [loop.index]))
            inputs = [load(row, v) for v in range(VECTORS)]
            for o in range(BLOCK):
                entry = builder.mul(builder.add(first, number(o)), width)
                entry = builder.gep(matrix.data, [builder.add(entry, loop.index)])
                weight = splat(builder.load(entry))
                for v, x in enumerate(inputs):
                    term = builder.fmul(x, weight, flags=["contract"])
                    total = builder.fadd(builder.load(sums[o, v]), term, flags=["contract"])
                    builder.store(total, sums[o, v])
        for o, v in tile:
            total = builder.load(sums[o, v])
            is_positive = builder.fcmp_ordered(">", total, ir.Constant(vector, None))
            total = builder.select(is_positive, total, builder.fmul(total, splat(slope)))
            builder.store(total, place(nth(out, out_pitch, o), v), align=4)
        return context.get_dummy_value()

    return types.void(*argument_types), generate
