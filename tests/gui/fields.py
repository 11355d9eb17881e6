"""Finding a widget as people do who cannot see it: by its name."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QWidget

T = TypeVar("T", bound=QWidget)


def field(window: QWidget, kind: type[T], name: str) -> T:
    """The one widget of a kind with this accessible name."""
    (found,) = [w for w in window.findChildren(kind) if w.accessibleName() == name]
    return found
