"""What a user says to a run that works in another thread or under a signal handler."""

from __future__ import annotations

import threading
from pathlib import Path

__all__ = ["RunControl"]


class RunControl:
    """Stop, and save elsewhere. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._stopped = False
        self._lock = threading.Lock()
        self._outdir: Path | None = None

    def stop(self) -> None:
        """End the run after the step in progress; the best so far is kept."""
        # No lock: a signal handler may interrupt itself.
        self._stopped = True

    def should_stop(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopped

    def save_to(self, outdir: Path) -> None:
        """Save into this folder from now on, the old one being full or gone."""
        with self._lock:
            self._outdir = outdir

    def take_outdir(self) -> Path | None:
        """The folder of the latest :meth:`save_to`, once."""
        with self._lock:
            outdir, self._outdir = self._outdir, None
            return outdir
