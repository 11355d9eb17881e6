"""What each submodel costs to play against how close it comes: as a table, JSON and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nam_engine.drawing import COLOURS, DARK, TEXT_SIZE, drawable, label_axes, new_figure, to_png
from nam_engine.events import TrainResult
from nam_engine.narration import clock
from nam_engine.verdict import verdict
from nam_engine.wavenet.config import PackedConfig

__all__ = ["Size", "Timing", "draw_sizes", "report_lines", "sizes_of", "to_document"]

HEADS = ("submodel", "channels", "weights", "multiply-adds a sample", "million a second")
WIDTH, HEIGHT = 10.0, 6.0  # inches of 100 pixels
MARGIN = 2.5  # the axes reach so many times beyond the points
LEAST_ESR = 1e-9  # nothing has a place on an axis by ratio


@dataclass(frozen=True)
class Size:
    """One submodel of a finished training.

    ``channels`` are its layer arrays' ("8", "16/8"); ``multiply_adds`` is what a sample costs;
    ``esr`` is its best validation's, after ``epoch`` epochs.
    """

    name: str
    channels: str
    weights: int
    multiply_adds: int
    esr: float
    epoch: int


@dataclass(frozen=True)
class Timing:
    """How long a training took, and what a step takes: packed, and each submodel's on its own."""

    seconds: float
    packed_step_seconds: float
    separate_step_seconds: tuple[float, ...]

    @property
    def separate_seconds(self) -> float:
        """An estimate of how long training them one after the other would have taken."""
        return self.seconds * sum(self.separate_step_seconds) / self.packed_step_seconds


def sizes_of(network: PackedConfig, result: TrainResult) -> list[Size]:
    """In the order of the network's submodels."""
    return [
        Size(
            name=submodel.name,
            channels="/".join(str(a.channels) for a in submodel.config.layer_arrays),
            weights=submodel.config.weight_count,
            multiply_adds=submodel.config.multiply_adds,
            esr=best.metrics.esr,
            epoch=best.epoch,
        )
        for submodel, best in zip(network.submodels, result.submodels, strict=True)
    ]


def report_lines(sizes: Sequence[Size], sample_rate_hz: int, timing: Timing | None) -> list[str]:
    """A table, in Markdown that is readable as it stands, and a sentence on the time."""
    rows = [(*HEADS, "ESR", "which is", "best epoch")]
    for size in sizes:
        millions = size.multiply_adds * sample_rate_hz / 1e6
        figures = (f"{size.weights:,}", f"{size.multiply_adds:,}", f"{millions:.0f}")
        quality = (f"{size.esr:.3g}", verdict(size.esr).value, str(size.epoch))
        rows.append((_plain(size.name), size.channels, *figures, *quality))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_row(row, widths) for row in rows]
    lines.insert(1, _row(["-" * width for width in widths], widths))
    if timing is not None:
        lines += ["", _time_sentence(timing)]
    return lines


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _plain(name: str) -> str:
    """A name that cannot break the table or the terminal."""
    return "".join(c for c in name if c.isprintable() and c != "|")


def _time_sentence(timing: Timing) -> str:
    share = timing.seconds / timing.separate_seconds
    return (
        f"Trained together in {clock(timing.seconds)}. One after the other they would have taken"
        f" about {clock(timing.separate_seconds)} (estimated from a few steps of each), so packing"
        f" took {share:.2f} times as long."
    )


def to_document(
    sizes: Sequence[Size], sample_rate_hz: int, timing: Timing | None
) -> dict[str, Any]:
    """The same as JSON."""
    timed = None
    if timing is not None:
        timed = {**asdict(timing), "separate_seconds": timing.separate_seconds}
    submodels = [asdict(size) for size in sizes]
    return {"sample_rate_hz": sample_rate_hz, "submodels": submodels, "timing": timed}


def draw_sizes(title: str, sizes: Sequence[Size]) -> bytes:
    """ESR over multiply-adds, both by ratio: 1000 x 600 pixels, as PNG."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.subplots()
    ordered = sorted(sizes, key=lambda size: size.multiply_adds)
    costs = [size.multiply_adds for size in ordered]
    esrs = [max(size.esr, LEAST_ESR) for size in ordered]
    axes.loglog(costs, esrs, color=COLOURS[1], linewidth=1.5, marker="o", markersize=9)
    axes.set_xlim(costs[0] / MARGIN, costs[-1] * MARGIN)
    axes.set_ylim(min(esrs) / MARGIN, max(esrs) * MARGIN)
    for size, cost, esr, following in zip(ordered, costs, esrs, [*esrs[1:], 0.0], strict=True):
        falls = following <= esr  # then the room above the curve is free, else that below
        axes.annotate(
            f"{drawable(size.name, 24)}\nESR {size.esr:.3g}",
            (cost, esr),
            xytext=(7, 7 if falls else -7),
            textcoords="offset points",
            va="bottom" if falls else "top",
            size=TEXT_SIZE - 2,
            color=DARK,
            parse_math=False,
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axis.set_minor_locator(NullLocator())
    label_axes(axes, drawable(title), "multiply-adds a sample", "validation ESR")
    return to_png(figure)
