"""Trainers and their rates, as a session makes them."""

from __future__ import annotations

from typing import Any

from nam_engine.capture import Capture
from nam_engine.dataset import material_of
from nam_engine.method import RateDecay
from nam_engine.presets import Recipe
from nam_engine.trainer import Trainer
from nam_engine.wavenet.config import PackedConfig


def trainer_of(capture: Capture, config: PackedConfig, recipe: Recipe, **more: Any) -> Trainer:
    """A trainer as a session makes it."""
    material = material_of(capture, config.receptive_field, recipe)
    return Trainer(material, config, recipe.method, **more)


def rate_at(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step, counted from 0."""
    decay = RateDecay(recipe.lr_decay_per_epoch, recipe.anneals)
    return recipe.learning_rate * decay.share_at(step, steps_per_epoch, recipe.epochs)
