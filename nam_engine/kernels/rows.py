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

from nam_engine.kernels.jit import LANES, REGISTERS, Buffer, Matrix, Offsets, compiled

__all__ = ["BLOCK", "GRID_SAMPLES", "multiply", "row_products"]

BLOCK = 4
"""Outputs are computed in blocks of so many rows."""
# Registers of a row: its four sums, the row and a weight have to fit into all that there are.
_VECTORS = 4 if REGISTERS >= 32 else 3
_STEP_SAMPLES = LANES * _VECTORS
_CACHE_LINE_SAMPLES = 16
GRID_SAMPLES = math.lcm(_STEP_SAMPLES, _CACHE_LINE_SAMPLES)
"""Stretches of time begin and end at multiples of it."""
# Rows whose products with a block of others fit into the registers, with the rows themselves.
_LEFT_ROWS = BLOCK if REGISTERS >= 32 else BLOCK // 2

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_ADD_UP = ir.FunctionType(ir.FloatType(), [ir.FloatType(), _VECTOR])


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
    for o in range(0, products.shape[0], _LEFT_ROWS):
        for r in range(0, count, BLOCK):
            _row_products_block(  # type: ignore[call-arg]  # the context is Numba's
                buffer, left + o * pitch, pitch, rows, r, products, o, start, stop
            )


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
        lane = ir.IntType(32)
        _, base, base_pitch, out, out_pitch, _, first, _, count, slope, time = arguments
        buffer, matrix, rows = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 5, 7)
        )
        width = builder.extract_value(matrix.shape, 1)

        def place(row: Any, register: int) -> Any:
            samples = builder.add(time, _number(register * LANES))
            return _place(builder, buffer, builder.add(row, samples))

        def load(row: Any, register: int) -> Any:
            return builder.load(place(row, register), align=4)

        def splat(value: Any) -> Any:
            undefined = ir.Constant(_VECTOR, ir.Undefined)
            one = builder.insert_element(undefined, value, ir.Constant(lane, 0))
            first_lane = ir.Constant(ir.VectorType(lane, LANES), [0] * LANES)
            return builder.shuffle_vector(one, undefined, first_lane)

        def nth(row: Any, pitch: Any, o: int) -> Any:
            return builder.add(row, builder.mul(pitch, _number(o)))

        tile = [(o, v) for o in range(BLOCK) for v in range(_VECTORS)]
        sums = {(o, v): _variable(builder, load(nth(base, base_pitch, o), v)) for o, v in tile}
        with cgutils.for_range(builder, count) as loop:
            row = builder.load(builder.gep(rows.data, [loop.index]))
            inputs = [load(row, v) for v in range(_VECTORS)]
            for o in range(BLOCK):
                entry = builder.mul(builder.add(first, _number(o)), width)
                entry = builder.gep(matrix.data, [builder.add(entry, loop.index)])
                weight = splat(builder.load(entry))
                for v, x in enumerate(inputs):
                    _add_product(builder, sums[o, v], x, weight)
        for o, v in tile:
            total = builder.load(sums[o, v])
            is_positive = builder.fcmp_ordered(">", total, ir.Constant(_VECTOR, None))
            total = builder.select(is_positive, total, builder.fmul(total, splat(slope)))
            builder.store(total, place(nth(out, out_pitch, o), v), align=4)
        return context.get_dummy_value()

    return types.void(*argument_types), generate


@intrinsic
def _row_products_block(
    _context: Any,
    buffer: Any,
    left: Any,
    pitch: Any,
    rows: Any,
    first: Any,
    products: Any,
    out: Any,
    start: Any,
    stop: Any,
) -> Any:
    """Products of ``_LEFT_ROWS`` rows from ``left`` on with ``BLOCK`` others, ``first`` and so on.

    They are added to ``products`` from row ``out`` on.
    """
    argument_types = (buffer, left, pitch, rows, first, products, out, start, stop)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, left, pitch, _, first, _, out, start, stop = arguments
        buffer, rows, products = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 3, 5)
        )
        columns = [builder.add(first, _number(r)) for r in range(BLOCK)]
        rights = [builder.load(builder.gep(rows.data, [column])) for column in columns]
        lefts = [builder.add(left, builder.mul(pitch, _number(o))) for o in range(_LEFT_ROWS)]
        zero = ir.Constant(_VECTOR, None)
        block = [(o, r) for o in range(_LEFT_ROWS) for r in range(BLOCK)]
        sums = {place: _variable(builder, zero) for place in block}
        step = _number(LANES)
        with cgutils.for_range_slice(builder, start, stop, step) as (time, _):
            z, x = (
                [
                    builder.load(_place(builder, buffer, builder.add(row, time)), align=4)
                    for row in of
                ]
                for of in (lefts, rights)
            )
            for o, r in block:
                _add_product(builder, sums[o, r], z[o], x[r])
        width = builder.extract_value(products.shape, 1)
        add_up = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, _ADD_UP, f"llvm.vector.reduce.fadd.v{LANES}f32"
        )
        for o, r in block:
            entry = builder.add(builder.mul(builder.add(out, _number(o)), width), columns[r])
            place = builder.gep(products.data, [entry])
            total = builder.load(sums[o, r])
            total = builder.call(add_up, [builder.load(place), total], fastmath=("reassoc",))
            builder.store(total, place)
        return context.get_dummy_value()

    return types.void(*argument_types), generate


def _number(value: int) -> Any:
    return ir.Constant(ir.IntType(64), value)


def _place(builder: Any, buffer: Any, offset: Any) -> Any:
    """The vector that begins at a sample of a buffer."""
    return builder.bitcast(builder.gep(buffer.data, [offset]), _VECTOR.as_pointer())


def _variable(builder: Any, value: Any) -> Any:
    """A vector that changes; the compiler keeps it in a register."""
    variable = cgutils.alloca_once(builder, _VECTOR)  # type: ignore[no-untyped-call]
    builder.store(value, variable)
    return variable


def _add_product(builder: Any, variable: Any, left: Any, right: Any) -> None:
    term = builder.fmul(left, right, flags=["contract"])
    builder.store(builder.fadd(builder.load(variable), term, flags=["contract"]), variable)
