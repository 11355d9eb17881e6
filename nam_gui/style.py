"""Colours, sizes and words that every part of the window shares."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QGuiApplication, QPalette

from nam_engine.presets import submodel_title

__all__ = ["SPACING", "Scheme", "scheme", "submodel_title"]

SPACING = 8
"""Pixels; all margins and gaps are multiples of it."""


@dataclass(frozen=True)
class Scheme:
    """The colours (#rrggbb) of one appearance; each is told apart by colour-blind people too.

    ``submodels`` are those of A2-Lite and A2-Full, the same everywhere; ``recording`` that of
    what was recorded; white can be read on ``selected``.
    """

    submodels: tuple[str, ...]
    recording: str
    good: str
    warn: str
    stop: str
    background: str
    text: str
    faint: str
    selected: str


LIGHT = Scheme(
    submodels=("#1f9e89", "#d9662b"),
    recording="#3b3b3b",
    good="#1f7a4d",
    warn="#9a6700",
    stop="#b3261e",
    background="#ffffff",
    text="#1d1d1f",
    faint="#696970",
    selected="#1f74b0",
)
DARK = Scheme(
    submodels=("#2fc4aa", "#f08a4b"),
    recording="#d8d8d8",
    good="#4cc38a",
    warn="#f0b429",
    stop="#ff6b5e",
    background="#1c1c1e",
    text="#f2f2f2",
    faint="#a1a1a6",
    selected="#1f74b0",
)


def scheme() -> Scheme:
    """The colours that can be read on the windows' present background."""
    # Not Qt's colour scheme: a desktop that it knows nothing of has none, but a background.
    background = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if background.lightness() < 128 else LIGHT
