"""Which devices there are to train on, and what was found out about one, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEVICES", "DeviceReport"]

DEVICES = ("auto", "cpu", "cuda", "mps")
"""What may be asked for; ``auto`` is the fastest that works."""


@dataclass(frozen=True)
class DeviceReport:
    """One of ``cuda``, ``mps`` and ``cpu`` in words, and why it is not used (empty: it can be)."""

    name: str
    description: str
    problem: str = ""

    @property
    def usable(self) -> bool:
        return not self.problem
