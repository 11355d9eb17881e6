"""Progress on the program's icon in the taskbar or dock, where the desktop can show it."""

from __future__ import annotations

import sys
from typing import Protocol

from PySide6.QtWidgets import QWidget

__all__ = ["Taskbar", "find_taskbar"]


class Taskbar(Protocol):
    """One for each mechanism. What it cannot show it leaves out; it never fails."""

    def show_progress(self, window: QWidget, share: float | None) -> None:
        """``share`` from 0 to 1; None: nothing is going on."""


def find_taskbar() -> Taskbar | None:
    """That of this system; None where there is none, as on macOS, whose dock has only the badge."""
    if sys.platform == "win32":
        from nam_gui.windows_taskbar import WindowsTaskbar

        return WindowsTaskbar()
    if sys.platform == "linux":
        from nam_gui.unity_taskbar import UnityTaskbar

        return UnityTaskbar()
    return None
