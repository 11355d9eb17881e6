"""Sentences that begin with a name, which may be written from right to left."""

from __future__ import annotations

from unicodedata import bidirectional

from PySide6.QtGui import QGuiApplication

__all__ = ["sentence"]

LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"


def sentence(text: str) -> str:
    """``text`` as it is read in the window, whichever way its first letter is written.

    A label goes by that letter, and moves the whole sentence and its full stop to the right.
    """
    directions = (bidirectional(letter) for letter in text)
    first = next((direction for direction in directions if direction in ("L", "R", "AL")), "L")
    is_turned = first != "L" and QGuiApplication.isLeftToRight()
    return LEFT_TO_RIGHT_MARK + text if is_turned else text
