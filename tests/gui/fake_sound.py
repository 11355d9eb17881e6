"""A sound output that a test pulls by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal


class FakeOutput(QObject):
    """Stands for ``sound_output.SoundOutput``. ``only_rate_hz`` 0: there is none; None: any."""

    changed = Signal()
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.only_rate_hz: int | None = None
        self.opened: list[int] = []
        self._read: Callable[[int], NDArray[np.float32]] | None = None

    @property
    def is_open(self) -> bool:
        return self._read is not None

    def find(self) -> str:
        return "nothing to hear with" if self.only_rate_hz == 0 else ""

    def rate_for(self, sample_rate_hz: int) -> int:
        return sample_rate_hz if self.only_rate_hz is None else self.only_rate_hz

    def open(self, read: Callable[[int], NDArray[np.float32]], sample_rate_hz: int) -> None:
        self.opened.append(sample_rate_hz)
        self._read = read

    def close(self) -> None:
        self._read = None

    def seconds_ahead(self) -> float:
        return 0.0

    def pull(self, count: int) -> NDArray[np.float32]:
        """What is heard next; where that is nothing, the output closes."""
        assert self._read is not None
        samples = self._read(count)
        if not len(samples):
            self.close()
            self.ended.emit()
        return samples
