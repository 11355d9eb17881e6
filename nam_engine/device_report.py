"""What was found out about a device, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DeviceReport"]


@dataclass(frozen=True)
class DeviceReport:
    """One of ``cuda``, ``mps`` and ``cpu`` in words, and why it is not used (empty: it can be)."""

    name: str
    description: str
    problem: str = ""

    @property
    def usable(self) -> bool:
        return not self.problem
