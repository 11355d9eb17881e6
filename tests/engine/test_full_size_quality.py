"""What a submodel costs against what it gives: figures, table, JSON and picture."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from matplotlib.image import imread
from support import two_array_packed

from nam_engine.events import SubmodelMetrics, SubmodelResult, TrainResult
from nam_engine.full.size_quality import (
    Size,
    Timing,
    draw_sizes,
    report_lines,
    sizes_of,
    to_document,
)
from nam_engine.json_text import to_json
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.ordinary import WaveNet

RATE_HZ = 48_000
TIMING = Timing(seconds=90.0, packed_step_seconds=0.3, separate_step_seconds=(0.2, 0.25))


def some(count: int) -> list[Size]:
    return [Size(f"size {i}", str(i), 10 * i, 9 * i * i, 0.1 / i, 5) for i in range(1, count + 1)]


def result_of(network: PackedConfig) -> TrainResult:
    best = [
        SubmodelResult(name, np.zeros(1, np.float32), epoch, 40, SubmodelMetrics(esr, 1, 1))
        for name, esr, epoch in zip(network.names, (0.2, 0.1, 0.05), (3, 4, 5), strict=True)
    ]
    return TrainResult(tuple(best), RATE_HZ, 10)


def test_sizes_are_those_of_the_network() -> None:
    network = two_array_packed()
    sizes = sizes_of(network, result_of(network))
    first, _, last = sizes
    assert (first.name, first.channels, first.esr, first.epoch) == ("a", "2/2", 0.2, 3)
    assert (last.name, last.channels, last.esr, last.epoch) == ("c", "3/1", 0.05, 5)
    for size, submodel in zip(
        sizes_of(network, result_of(network)), network.submodels, strict=True
    ):
        assert size.weights == len(WaveNet(submodel.config).export_weights())


def test_separate_time_is_in_the_proportion_of_the_steps() -> None:
    assert TIMING.separate_seconds == pytest.approx(90 * 0.45 / 0.3)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_table_has_a_row_for_each_submodel(count: int) -> None:
    lines = report_lines(some(count), RATE_HZ, None)
    assert len(lines) == count + 2
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][3:6] == ["multiply-adds a sample", "million a second", "ESR"]
    assert set("".join(cells[1])) == {"-"}
    assert cells[2][:6] == ["size 1", "1", "10", "9", "0", "0.1"]
    assert [row[0] for row in cells[2:]] == [size.name for size in some(count)]


def test_large_figures_are_readable() -> None:
    size = Size("large", "16/8", 123_456, 2_000_000, 0.0123456, 7)
    (*_, line) = report_lines([size], RATE_HZ, None)
    assert line == (
        "| large    | 16/8     | 123,456 | 2,000,000              | 96000            | 0.0123"
        " | good     | 7          |"
    )


def test_names_cannot_break_the_table() -> None:
    size = Size("a|b\n\x1b[31m", "1", 1, 1, 0.1, 1)
    (*_, line) = report_lines([size], RATE_HZ, None)
    assert line.startswith("| ab[31m ")


def test_time_is_told_against_separate_trainings() -> None:
    *_, empty, sentence = report_lines(some(2), RATE_HZ, TIMING)
    assert empty == ""
    assert "Trained together in 1:30." in sentence
    assert "about 2:15 (estimated" in sentence
    assert "0.67 times as long" in sentence


def test_document_is_the_same_as_json() -> None:
    document = json.loads(to_json(to_document(some(2), RATE_HZ, TIMING)))
    assert document["sample_rate_hz"] == RATE_HZ
    assert [Size(**size) for size in document["submodels"]] == some(2)
    assert document["timing"]["separate_seconds"] == pytest.approx(135)
    assert document["timing"]["seconds"] == 90
    assert to_document(some(1), RATE_HZ, None)["timing"] is None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_picture_is_a_png_of_one_size(count: int) -> None:
    png = draw_sizes("my rig", some(count))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert imread(io.BytesIO(png)).shape[:2] == (600, 1000)


@pytest.mark.parametrize(
    "size",
    [
        Size("$\\alpha_{$" * 20, "1", 1, 1, 1e-9, 1),
        Size("雪", "1", 1, 10**9, 1e6, 1),
        Size("exact", "1", 1, 1, 0.0, 1),
    ],
)
def test_any_figure_can_be_drawn(size: Size) -> None:
    png = draw_sizes("$\\rig_{$", [size, *some(2)])
    assert imread(io.BytesIO(png)).shape[:2] == (600, 1000)
