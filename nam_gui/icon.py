"""The program's icon, one picture for every size."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QIcon

__all__ = ["icon"]

HERE = Path(__file__).parent
INSTALLED, IN_A_CHECKOUT = HERE / "icon.svg", HERE.parent / "resources" / "icon.svg"


def icon() -> QIcon:
    """Drawn when it is needed."""
    return QIcon(str(INSTALLED if INSTALLED.is_file() else IN_A_CHECKOUT))
