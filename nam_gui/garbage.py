"""Python's collector of cycles, in the window's thread only.

Where it runs by itself in a thread of a training, it destroys there what belongs to the window.
Qt then waits for Python and Python for Qt: the program stands still for ever.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

__all__ = ["GarbageCollector"]

INTERVAL_MS = 1_000


class GarbageCollector(QObject):
    """Takes over from Python as long as it lives; as thorough, at its thresholds."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Python collects by itself again."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def _collect(self) -> None:
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation]:
                gc.collect(generation)
                break
