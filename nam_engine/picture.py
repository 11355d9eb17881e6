"""Pictures (PNG) of how close the submodels come to a recording."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nam_engine.drawing import (
    COLOURS,
    DARK,
    FONT,
    TEXT_SIZE,
    TITLE_SIZE,
    drawable,
    label_axes,
    new_figure,
    to_png,
)
from nam_engine.levels import level_over_frequency, level_over_time, loudest_span

# Imported where it is used: matplotlib takes long to import.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_comparison", "draw_error_spectrum", "esr_text"]

Samples = NDArray[np.float32]

WIDTH, HEIGHT, SPECTRUM_HEIGHT = 16.0, 10.0, 8.0  # inches of 100 pixels
WAVE_SECONDS = 0.02
MAX_COLUMNS = 5
SHADE = "#ececec"
TICKS_HZ = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
# What goes wild in a prediction must not make the recording too small to be seen.
MAX_PEAK_RATIO = 1.3
MAX_ABOVE_DB = 10.0
DEEPEST_DB = 110.0


def draw_comparison(
    title: str, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
) -> bytes:
    """A recording and what the submodels make of it: 1600 x 1000 pixels, as PNG.

    From top to bottom: the loudest 20 ms, the levels over time, the averaged spectrum.
    ``target`` and each of ``predictions`` (smallest submodel first, by name) are (time,),
    equally long, at the recording's own level. Predicted values that are not numbers
    leave a gap.
    """
    figure = new_figure(WIDTH, HEIGHT)
    wave, time, frequency = figure.subplots(3, 1, height_ratios=(1, 1, 1.25))
    played = _with_gaps(predictions)
    _draw_wave(wave, target, played, sample_rate_hz)
    _draw_levels(time, target, played, sample_rate_hz)
    _draw_spectrum(frequency, target, played, sample_rate_hz)
    _add_legend(figure, title, target, played)
    return to_png(figure)


def draw_error_spectrum(
    title: str, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
) -> bytes:
    """The averaged spectrum of :func:`draw_comparison` alone: 1600 x 800 pixels, as PNG."""
    figure = new_figure(WIDTH, SPECTRUM_HEIGHT)
    axes = figure.subplots()
    played = _with_gaps(predictions)
    _draw_spectrum(axes, target, played, sample_rate_hz)
    _add_legend(figure, title, target, played)
    return to_png(figure)


def _with_gaps(predictions: Mapping[str, Samples]) -> dict[str, Samples]:
    return {
        name: np.where(np.isfinite(samples), samples, np.float32(np.nan))
        for name, samples in predictions.items()
    }


def _draw_wave(
    axes: Axes, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
) -> None:
    span = loudest_span(target, round(WAVE_SECONDS * sample_rate_hz))
    milliseconds = np.arange(len(span)) / sample_rate_hz * 1e3
    axes.plot(milliseconds, span.of(target), color=DARK, linewidth=6)
    for samples, colour in zip(predictions.values(), cycle(COLOURS), strict=False):
        axes.plot(milliseconds, span.of(samples), color=colour, linewidth=1.6)
    peak = float(np.abs(span.of(target)).max()) or 1.0
    axes.set_ylim(-MAX_PEAK_RATIO * peak, MAX_PEAK_RATIO * peak)
    axes.set_xlim(0, milliseconds[-1])
    start = span.start / sample_rate_hz
    label_axes(axes, f"The loudest moment, {start:.2f} s into the passage", "ms", "full scale is 1")


def _draw_levels(
    axes: Axes, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
) -> None:
    seconds, level = level_over_time(target, sample_rate_hz)
    axes.plot(seconds, level, color=DARK, linewidth=2.4)
    levels = [level]
    for samples, colour in zip(predictions.values(), cycle(COLOURS), strict=False):
        _, error = level_over_time(samples - target, sample_rate_hz)
        axes.plot(seconds, error, color=colour, linewidth=1.3)
        levels.append(error)
    axes.set_xlim(0, len(target) / sample_rate_hz)
    _limit_levels(axes, levels)
    label_axes(axes, "Level of the recording and of the errors", "s", "dBFS")


def _draw_spectrum(
    axes: Axes, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
) -> None:
    from matplotlib.ticker import NullLocator

    centres_hz, level = level_over_frequency(target, sample_rate_hz)
    axes.fill_between(centres_hz, level, -1e3, color=SHADE, linewidth=0)
    axes.plot(centres_hz, level, color=DARK, linewidth=3.5)
    levels = [level]
    for samples, colour in zip(predictions.values(), cycle(COLOURS), strict=False):
        _, played = level_over_frequency(samples, sample_rate_hz)
        _, error = level_over_frequency(samples - target, sample_rate_hz)
        axes.plot(centres_hz, played, color=colour, linewidth=1.8)
        axes.plot(centres_hz, error, color=colour, linewidth=1.8, linestyle=(0, (4, 1.5)))
        levels += [played, error]
    axes.set_xscale("log")
    axes.set_xlim(TICKS_HZ[0], sample_rate_hz / 2)
    ticks_hz = [tick for tick in TICKS_HZ if tick <= sample_rate_hz / 2]
    names = [f"{tick // 1000} k" if tick >= 1000 else str(tick) for tick in ticks_hz]
    axes.set_xticks(ticks_hz, names)
    axes.xaxis.set_minor_locator(NullLocator())
    _limit_levels(axes, levels)
    label_axes(
        axes,
        "Spectrum of the recording and the models, and of the errors (dashed)",
        "Hz",
        "dBFS per 1/12 octave",
    )


def _limit_levels(axes: Axes, levels: list[NDArray[np.float64]]) -> None:
    """Show the recording, which comes first, whole and of the others what is near it."""
    known = [level[np.isfinite(level)] for level in levels]
    top = known[0].max(initial=-np.inf)
    everything = np.concatenate(known)
    if not len(everything):
        axes.set_ylim(-DEEPEST_DB, 0)
        return
    if np.isfinite(top):
        everything = everything.clip(top - DEEPEST_DB, top + MAX_ABOVE_DB)
    low, high = np.percentile(everything, 1), everything.max()
    axes.set_ylim(10 * np.floor(low / 10 - 0.2), 10 * np.ceil(high / 10 + 0.2))


def _add_legend(
    figure: Figure, title: str, target: Samples, predictions: Mapping[str, Samples]
) -> None:
    """Title and legend are one, so that neither can cover the other."""
    from matplotlib.lines import Line2D

    lines, names = [Line2D([], [], color=DARK, linewidth=5)], ["recording"]
    for (name, samples), colour in zip(predictions.items(), cycle(COLOURS), strict=False):
        lines.append(Line2D([], [], color=colour, linewidth=2.5))
        names.append(f"{drawable(name)}: {esr_text(samples, target)}")
    legend = figure.legend(
        lines,
        names,
        title=drawable(title),
        title_fontsize=TITLE_SIZE,
        loc="outside upper center",
        ncols=MAX_COLUMNS,
        frameon=False,
        prop={"family": FONT, "size": TEXT_SIZE},
        labelcolor=DARK,
    )
    for text in (legend.get_title(), *legend.get_texts()):
        text.set_parse_math(False)  # the $ of a file name is just that


def esr_text(prediction: Samples, target: Samples) -> str:
    """``ESR 0.0123`` of (time,) against (time,)."""
    error = np.square(prediction - target, dtype=np.float64).sum()
    energy = np.square(target, dtype=np.float64).sum()
    return f"ESR {error / energy:.3g}" if energy and np.isfinite(error) else "no ESR"
