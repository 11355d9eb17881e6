"""Long signals in few points: what a screen's columns can show of them, peaks kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["envelope"]

POINTS_PER_COLUMN = 2  # below this every value is drawn


def envelope(
    values: NDArray[Any], start: int, stop: int, columns: int
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Indices and values to draw for ``values[start:stop]`` on ``columns`` pixels.

    Where there are too many, the lowest and the highest of each block; NaN only where a
    whole block is. The blocks begin at multiples of a power of two, so they stay the same
    while a view is scrolled and nothing flickers.
    """
    count = stop - start
    if count <= POINTS_PER_COLUMN * columns:
        return np.arange(start, stop), values[start:stop]
    block = 1 << (count // columns).bit_length() - 1
    starts = np.arange(start // block * block, stop, block)
    seen, offsets = values[starts[0] : stop], starts - starts[0]
    points = np.empty(2 * len(starts), values.dtype)
    np.fmin.reduceat(seen, offsets, out=points[0::2])
    np.fmax.reduceat(seen, offsets, out=points[1::2])
    return np.repeat(starts + block // 2, 2).clip(max=stop - 1), points
