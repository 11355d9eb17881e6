from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from support import RATE_HZ, playing

from nam_engine.picture import draw_comparison, draw_error_spectrum

BLUE, VERMILLION, DARK = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (0x22, 0x22, 0x22)

Draw = Callable[..., bytes]


def pixels_of(png: bytes) -> np.ndarray:
    """(row, column, colour)."""
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def holds(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((pixels == colour).all(axis=-1).sum() > 50)


@pytest.mark.parametrize(
    ("draw", "size"), [(draw_comparison, (1000, 1600)), (draw_error_spectrum, (800, 1600))]
)
def test_recording_and_each_submodel_are_drawn(draw: Draw, size: tuple[int, int]) -> None:
    target = playing(2)
    predictions = {"small": 0.8 * target, "large": 0.97 * target}
    pixels = pixels_of(draw("amp", target, predictions, RATE_HZ))
    assert pixels.shape[:2] == size
    assert all(holds(pixels, colour) for colour in (BLUE, VERMILLION, DARK))


def test_error_is_drawn_where_its_frequency_is() -> None:
    """One at 5 kHz, far above the recording's level there, stands right of the middle."""
    target = np.zeros(RATE_HZ, np.float32)
    target[:100] = 0.5
    wrong = target + 0.1 * np.sin(2 * np.pi * 5_000 / RATE_HZ * np.arange(RATE_HZ))
    png = draw_error_spectrum("", target, {"only": wrong.astype(np.float32)}, RATE_HZ)
    pixels = pixels_of(png)[110:]  # below the legend
    coloured = (pixels == VERMILLION).all(axis=-1)
    top = np.flatnonzero(coloured.any(axis=1))[0]
    column = np.flatnonzero(coloured[top]).mean() / pixels.shape[1]
    expected = np.log(5_000 / 20) / np.log(RATE_HZ / 2 / 20)  # of the axis, which has a margin
    assert column == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("rate_hz", [44_100, 192_000])
def test_hopeless_predictions_of_a_short_passage_are_drawn(rate_hz: int) -> None:
    target = playing(4)[: rate_hz // 4]
    holes = target.copy()
    holes[5_000:6_000], holes[7_000] = np.nan, np.inf
    predictions = {
        "_holes": holes,
        "silent": 0 * target,
        "huge": np.full_like(target, 1e30),
        "no numbers": np.full_like(target, np.nan),
    }
    pixels = pixels_of(draw_comparison("hopeless", target, predictions, rate_hz))
    assert holds(pixels, VERMILLION)
    assert holds(pixels, DARK)


def test_silent_recording_is_drawn() -> None:
    target = np.zeros(RATE_HZ, np.float32)
    png = draw_comparison("silent", target, {"silent": target}, RATE_HZ)
    assert holds(pixels_of(png), DARK)


def test_any_file_name_can_be_the_title() -> None:
    target = playing(0.25)
    title = r"My $\frac amp$ _^ 日本語 \udcff" + "\udcff\n" + 100 * "long"
    png = draw_error_spectrum(title, target, {"$x_": target}, RATE_HZ)
    assert pixels_of(png).shape == (800, 1600, 3)
