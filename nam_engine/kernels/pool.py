"""The threads in which kernels work, and what each of them needs for itself."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

import torch

__all__ = ["THREADS", "Spares", "workers"]

T = TypeVar("T")

THREADS = torch.get_num_threads()
"""As many as PyTorch takes for itself: the processor's cores."""


@functools.cache
def workers() -> ThreadPoolExecutor:
    """One pool for all kernels of this process. PyTorch uses one core in each of its threads."""
    pool = ThreadPoolExecutor(
        THREADS,
        thread_name_prefix="kernel",
        initializer=torch.set_num_threads,
        initargs=(1,),
    )
    everybody_is_there = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        pool.submit(everybody_is_there.wait)
    everybody_is_there.wait()
    # What a thread sets is the default of all later ones, too.
    torch.set_num_threads(THREADS)
    return pool


class Spares(Generic[T]):
    """Things of which each thread takes one that is spare, and makes one where there is none."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._spare: queue.LifoQueue[T] = queue.LifoQueue()

    @contextmanager
    def one(self) -> Iterator[T]:
        """One that nobody else has."""
        try:
            thing = self._spare.get_nowait()
        except queue.Empty:
            thing = self._make()
        try:
            yield thing
        finally:
            self._spare.put(thing)
