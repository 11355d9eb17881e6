"""Machine code from Python, made once and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba.core.codegen import get_host_cpu_features
from numpy.typing import NDArray
from platformdirs import user_cache_path

__all__ = ["LANES", "REGISTERS", "Buffer", "Matrix", "Offsets", "compiled"]

P = ParamSpec("P")
R = TypeVar("R")

Buffer = NDArray[np.float32]
Matrix = NDArray[np.float32]
Offsets = NDArray[np.int64]


def _vector_registers() -> tuple[int, int]:
    """Numbers in a vector register, and how many of these there are."""
    # Those that Numba compiles for: it leaves out what is slow on some processors.
    chosen = numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    host = get_host_cpu_features()  # type: ignore[no-untyped-call]
    features = (chosen or host).split(",")
    if "+avx512f" in features:
        return 16, 32
    return (8, 16) if "+avx" in features else (4, 32)


LANES, REGISTERS = _vector_registers()


def _cache_folder() -> Path:
    """Another one for other sources: Numba does not see that a function within has changed."""
    digest = hashlib.sha256(version("nam-a2-trainer").encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    if getattr(sys, "frozen", False):
        # Numba then goes by the program, and two of them would throw away each other's.
        digest.update(Path(sys.executable).name.encode())
    return user_cache_path("nam-a2-trainer", appauthor=False) / "kernels" / digest.hexdigest()[:16]


numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for arrays; it runs without Python's lock.

    The order of a sum is free and a division by zero infinite: that is what lets loops run in
    vector registers.
    """
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"reassoc", "contract", "nsz"},
    }
    try:
        jit = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # there is nowhere to keep it
        jit = numba.njit(**options)(function)
    return cast("Callable[P, R]", jit)
