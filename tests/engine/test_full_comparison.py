"""Pictures of what each submodel makes of a validation item."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread
from support import RATE_HZ, playing

from nam_engine.full.comparison_plots import draw_submodel, plot_name


@pytest.mark.parametrize(
    ("submodel", "pair", "name"),
    [
        (None, None, "comparison.png"),
        (1, None, "comparison_packed_1.png"),
        (None, 0, "comparison_0.png"),
        (1, 0, "comparison_0_packed_1.png"),
    ],
)
def test_pictures_are_called_as_by_the_official_trainer(
    submodel: int | None, pair: int | None, name: str
) -> None:
    assert plot_name(submodel=submodel, pair=pair) == name


def pixels(png: bytes) -> np.ndarray:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    image: np.ndarray = imread(io.BytesIO(png))
    return image


@pytest.mark.parametrize(
    "name", ["channels_3", "$\\alpha_{$", "雪\n\t\x1b[31m", "a name that never ends " * 50, ""]
)
def test_any_name_is_drawn_at_one_size(name: str) -> None:
    target = playing(0.5)
    assert pixels(draw_submodel(name, 0.9 * target, target, RATE_HZ)).shape[:2] == (500, 1600)


@pytest.mark.parametrize(("played", "wanted"), [(0.0, 1.0), (1e6, 1.0), (1.0, 0.0)])
def test_silence_and_a_prediction_gone_wild_are_drawn(played: float, wanted: float) -> None:
    samples = playing(0.5)
    prediction, target = np.float32(played) * samples, np.float32(wanted) * samples
    assert pixels(draw_submodel("a", prediction, target, RATE_HZ)).shape[:2] == (500, 1600)


def test_shown_are_the_official_ten_thousand_samples() -> None:
    target = playing(2.5)
    curves = []
    for start in (0, 100_000):
        prediction = target.copy()
        prediction[start : start + 10_000] = 0
        # Below the title, which shows the ESR of all of it.
        curves.append(pixels(draw_submodel("a", prediction, target, RATE_HZ))[80:])
    whole = pixels(draw_submodel("a", target, target, RATE_HZ))[80:]
    np.testing.assert_array_equal(curves[0], whole)
    assert not np.array_equal(curves[1], whole)


def test_of_a_short_item_the_loudest_is_shown() -> None:
    target = 0.01 * playing(1)
    target[30_000:40_000] *= 50
    quiet, loud = target.copy(), target.copy()
    quiet[:10_000], loud[30_000:40_000] = 0, 0
    whole, quiet_image, loud_image = (
        pixels(draw_submodel("a", p, target, RATE_HZ))[80:] for p in (target, quiet, loud)
    )
    np.testing.assert_array_equal(quiet_image, whole)
    assert not np.array_equal(loud_image, whole)
