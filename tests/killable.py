"""A short training in a process of its own, to be killed at any moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing.synchronize import Event
from typing import Any

import torch
from support import small_packed

from nam_engine import keeper, session
from nam_engine.events import StepsDone
from nam_engine.session import TrainJob


def run(job: TrainJob, training: Event, saving_calls: int | None = None) -> None:
    """Train; at its ``saving_calls``-th call to the disk (counted from 0) the process kills itself.

    ``training`` is set at the first step. Everything is saved as often as it may be.
    """
    torch.set_num_threads(1)
    session.parse_packed = lambda _: small_packed()
    keeper.CHECKPOINT_SECONDS = keeper.LONG_EPOCH_SECONDS = keeper.MODEL_SECONDS = 0.0
    for event in session.train(job):
        if isinstance(event, StepsDone) and not training.is_set():
            training.set()
            if saving_calls is not None:
                _die_at(saving_calls)


def _die_at(calls: int) -> None:
    count = iter(range(10**9))

    def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if next(count) == calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counted

    os.fsync, os.replace = mortal(os.fsync), mortal(os.replace)
