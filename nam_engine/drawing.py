"""What all pictures have in common: size, colours, type, and PNG as what they become."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

# Imported where it is used: matplotlib takes long to import.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "DARK",
    "FONT",
    "TEXT_SIZE",
    "TITLE_SIZE",
    "drawable",
    "label_axes",
    "new_figure",
    "to_png",
]

DPI = 100
FONT = "DejaVu Sans"  # comes with matplotlib
TITLE_SIZE, TEXT_SIZE = 18, 13
DARK, GRID = "#222222", "#dddddd"
# Okabe and Ito's colours, which colour-blind people can tell from each other.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_figure(width: float, height: float) -> Figure:
    """An empty one, in inches of 100 pixels."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.15)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Title, names of the axes, grid."""
    axes.set_title(title, size=TEXT_SIZE + 1, color=DARK, loc="left", parse_math=False)
    axes.set_xlabel(x, size=TEXT_SIZE, color=DARK)
    axes.set_ylabel(y, size=TEXT_SIZE, color=DARK)
    axes.tick_params(labelsize=TEXT_SIZE - 1, colors=DARK, length=0, pad=7)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def drawable(text: str, longest: int = 90) -> str:
    """The text, cut to so many characters, with a stand-in for each that the font cannot draw."""
    from matplotlib.font_manager import findfont, get_font

    if len(text) > longest:
        text = text[: longest - 1] + "…"
    font = get_font(findfont(FONT))
    return "".join(c if font.get_char_index(ord(c)) else "\N{REPLACEMENT CHARACTER}" for c in text)


def to_png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()
