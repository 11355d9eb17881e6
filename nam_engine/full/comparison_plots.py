"""Pictures (PNG) of what each submodel makes of a validation item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import Span
from nam_engine.drawing import COLOURS, DARK, TEXT_SIZE, drawable, label_axes, new_figure, to_png
from nam_engine.levels import loudest_span
from nam_engine.picture import esr_text

__all__ = ["draw_submodel", "plot_name"]

Samples = NDArray[np.float32]

WIDTH, HEIGHT = 16.0, 5.0  # inches of 100 pixels
# What the official trainer shows; where there is less, the loudest so many samples.
SHOWN = Span(100_000, 110_000)
MAX_PEAK_RATIO = 1.3  # a prediction gone wild must not make the target too small to be seen


def plot_name(*, submodel: int | None = None, pair: int | None = None) -> str:
    """``comparison.png`` and, as the official trainer has it, ``comparison_0_packed_1.png``.

    ``submodel`` is None for a plain WaveNet, ``pair`` where validation has only one.
    """
    pair_part = "" if pair is None else f"_{pair}"
    submodel_part = "" if submodel is None else f"_packed_{submodel}"
    return f"comparison{pair_part}{submodel_part}.png"


def draw_submodel(name: str, prediction: Samples, target: Samples, sample_rate_hz: int) -> bytes:
    """10,000 samples of a prediction over its target: 1600 x 500 pixels, as PNG.

    Both are a whole validation item (time,), equally long; the ESR in the title is that of
    all of it.
    """
    shown = SHOWN if len(target) >= SHOWN.stop else loudest_span(target, len(SHOWN))
    seconds = np.arange(shown.start, shown.stop) / sample_rate_hz
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.subplots()
    axes.plot(seconds, shown.of(target), color=DARK, linewidth=2.6, label="target")
    axes.plot(seconds, shown.of(prediction), color=COLOURS[0], linewidth=1.2, label="prediction")
    peak = float(np.abs(shown.of(target)).max()) or 1.0
    axes.set_ylim(-MAX_PEAK_RATIO * peak, MAX_PEAK_RATIO * peak)
    axes.set_xlim(seconds[0], seconds[-1])
    title = f"{drawable(name)}: {esr_text(prediction, target)}"
    label_axes(axes, title, "s", "full scale is 1")
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        frameon=False,
        borderaxespad=0.2,
        fontsize=TEXT_SIZE,
        labelcolor=DARK,
    )
    return to_png(figure)
