"""Work on a GPU that is recorded once and then replayed: one launch instead of hundreds.

A step of so small a network asks for some thousand operations of a few microseconds each; to ask
takes Python longer than to do them. A CUDA graph remembers what was asked for, and with which
memory: what changes from step to step must stand in tensors that stay where they are.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from nam_engine.errors import reason_of

__all__ = ["UNPROVEN", "Do", "Graphs", "are_unproven_ways_wanted", "directly", "replayed"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

UNPROVEN = "NAM_TRY_CUDA_KERNELS"
"""The environment's variable that asks for what no GPU has run yet."""
# PyTorch's own example takes three: libraries choose and reserve what they need.
WARM_UPS = 3


def are_unproven_ways_wanted() -> bool:
    """Whether to try ways to train on CUDA that were only rehearsed on processors so far."""
    return os.environ.get(UNPROVEN) == "1"


class Do(Protocol):
    """Does some work, known by a name, which ``changed`` lists the tensors that it changes of."""

    def __call__(self, name: str, work: Callable[[], T], changed: Sequence[Tensor] = (), /) -> T:
        """What the work gives; valid until work of that name is done again."""
        ...


def directly(_name: str, work: Callable[[], T], _changed: Sequence[Tensor] = ()) -> T:
    """Just do it."""
    return work()


def replayed(_name: str, work: Callable[[], T], _changed: Sequence[Tensor] = ()) -> T:
    """Record it for this once. Raises whatever PyTorch or CUDA does."""
    recording = record(work)
    recording.replay()
    result: T = recording.result  # type: ignore[assignment]
    return result


@dataclass(frozen=True)
class Recording:
    """What is replayed, and the tensors in which its result then stands."""

    replay: Callable[[], None]
    result: object


class Graphs:
    """Does each work from a recording, or directly where it cannot be recorded."""

    def __init__(self) -> None:
        self._problem = ""
        self._recordings: dict[str, Recording] = {}
        self._unrecordable: set[str] = set()

    def __call__(self, name: str, work: Callable[[], T], changed: Sequence[Tensor] = ()) -> T:
        if name not in self._recordings and name not in self._unrecordable:
            self._try_to_record(name, work, changed)
        recording = self._recordings.get(name)
        if recording is None:
            return work()
        recording.replay()
        result: T = recording.result  # type: ignore[assignment]
        return result

    def forget(self) -> None:
        """Give back the memory of all recordings; they are made anew when needed."""
        self._recordings.clear()

    def take_problem(self) -> str:
        """Why something could not be recorded, a sentence that is given once; else empty."""
        problem, self._problem = self._problem, ""
        return problem

    def _try_to_record(
        self, name: str, work: Callable[[], object], changed: Sequence[Tensor]
    ) -> None:
        kept = [tensor.detach().clone() for tensor in changed]
        try:
            self._recordings[name] = record(work)
        except Exception as error:  # noqa: BLE001 - whatever a driver may raise on some machine
            _log.exception("%s cannot be recorded", name)
            if not self._unrecordable:
                self._problem = (
                    f"Some steps cannot be recorded ({reason_of(error)}). They will take longer."
                )
            self._unrecordable.add(name)
        with torch.no_grad():
            for tensor, before in zip(changed, kept, strict=True):
                tensor.copy_(before)


def record(work: Callable[[], object]) -> Recording:
    """Warm up and record; the work is done some times. Raises whatever PyTorch or CUDA does."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    try:
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                work()
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            return _recorded(work)
    finally:
        torch.cuda.current_stream().wait_stream(stream)


def _recorded(work: Callable[[], object]) -> Recording:
    # Not torch.cuda.graph, which may run Python's collector of cycles: in a training's thread
    # that would destroy widgets of the window. Other threads may use the GPU meanwhile.
    graph = torch.cuda.CUDAGraph()
    graph.capture_begin(capture_error_mode="thread_local")
    try:
        result = work()
    finally:
        graph.capture_end()
    return Recording(graph.replay, result)
