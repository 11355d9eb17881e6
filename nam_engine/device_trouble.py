"""What a device does when it fails or its memory is full, told in sentences."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from nam_engine.devices import describe_device
from nam_engine.errors import TrainingError, reason_of
from nam_engine.events import Warned
from nam_engine.stepping import Stepper, is_out_of_memory

__all__ = ["device_failures", "within_memory"]

T = TypeVar("T")


@contextmanager
def device_failures(name: str, device: torch.device) -> Iterator[None]:
    """A RuntimeError, which is how PyTorch reports a device's failure, as TrainingError.

    ``name`` is what is trained on.
    """
    try:
        yield
    except (NotImplementedError, RecursionError):
        raise  # faults of ours, which are runtime errors by inheritance only
    except (RuntimeError, MemoryError) as error:
        raise TrainingError(
            f"Training on {name} failed on {device} ({reason_of(error)}).",
            "Close other programs that use it, or choose another device.",
        ) from error


def within_memory(
    stepper: Stepper, work: Callable[[], T], *, name: str, device: torch.device, batch_size: int
) -> Generator[Warned, None, T]:
    """Do the work, with smaller and smaller parts of a batch where memory is short.

    Raises TrainingError where a single window does not fit.
    """
    while True:
        try:
            return work()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Only out here is the memory of the failed attempt free again.
        is_first = stepper.parts == 1
        owner = "this computer" if device.type == "cpu" else describe_device(device)
        if not stepper.halve_parts(batch_size):
            raise TrainingError(
                f"Training on {name} does not fit into the memory of {owner},"
                " not even one window at a time.",
                "Close other programs that use it, or choose another device.",
            )
        if is_first:
            yield Warned(
                f"The memory of {owner} is full: training on {name} goes on in"
                " smaller parts, with the same result but slower.",
                "Close other programs that use it.",
            )
