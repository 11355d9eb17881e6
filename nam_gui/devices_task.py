"""Finding out, in a thread, which devices can train here."""

from __future__ import annotations

from typing import Any

from nam_gui.tasks import Task

__all__ = ["DevicesTask"]


class DevicesTask(Task):
    """Tries every device; carries a tuple of ``DeviceReport``, GPUs first."""

    def work(self) -> Any:
        from nam_engine.devices import probe_devices

        return tuple(probe_devices())
