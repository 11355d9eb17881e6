from __future__ import annotations

from dataclasses import replace

import pytest
from trainers import rate_at

from nam_engine.presets import (
    OFFICIAL_RECIPE,
    RECIPES,
    STANDARD_RECIPE,
    Recipe,
    submodel_titles,
)

STEPS_PER_EPOCH = 63


def rates(recipe: Recipe) -> list[float]:
    return [
        rate_at(recipe, step, STEPS_PER_EPOCH) for step in range(recipe.epochs * STEPS_PER_EPOCH)
    ]


def test_official_rate_falls_from_epoch_to_epoch() -> None:
    of_steps = rates(OFFICIAL_RECIPE)
    assert of_steps[:STEPS_PER_EPOCH] == [0.004] * STEPS_PER_EPOCH
    assert of_steps[-1] == pytest.approx(0.004 * 0.994**99)


@pytest.mark.parametrize("name", ["draft", "standard", "best"])
def test_our_rate_falls_to_nothing(name: str) -> None:
    recipe = RECIPES[name]
    of_steps = rates(recipe)
    assert of_steps[0] == recipe.learning_rate
    assert of_steps == sorted(of_steps, reverse=True)
    assert of_steps[-1] < 1e-4 * recipe.learning_rate


def test_named_lengths_are_one_recipe() -> None:
    for name in ("draft", "standard", "best"):
        assert replace(RECIPES[name], epochs=STANDARD_RECIPE.epochs) == STANDARD_RECIPE


def test_a_longer_training_anneals_later() -> None:
    longer = replace(STANDARD_RECIPE, epochs=2 * STANDARD_RECIPE.epochs)
    end = STANDARD_RECIPE.epochs * STEPS_PER_EPOCH
    halfway = rate_at(longer, end, STEPS_PER_EPOCH)
    assert halfway == pytest.approx(longer.learning_rate / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (("channels_3", "channels_8"), ["A2-Lite", "A2-Full"]),
        (("channels_2", "channels_3"), ["channels_2", "channels_3"]),
    ],
)
def test_only_the_submodels_of_a2_have_its_titles(
    names: tuple[str, ...], titles: list[str]
) -> None:
    assert submodel_titles(names) == titles
