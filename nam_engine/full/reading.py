"""The three files of the full trainer, checked before any audio is read."""

from __future__ import annotations

from pathlib import Path

from nam_engine.errors import ConfigError
from nam_engine.full.data_file import parse_data
from nam_engine.full.description import Description, PairDescription
from nam_engine.full.json_file import JsonFile
from nam_engine.full.learning_file import parse_learning
from nam_engine.full.model_file import parse_model
from nam_engine.method import MIN_SPECTRAL_SAMPLES, Method

__all__ = ["read_description"]


def read_description(data: Path, model: Path, learning: Path) -> Description:
    """What the three files describe; the recordings that they name exist but are not read.

    Raises ConfigError or UnsupportedError with the file's name and the path of the value in it.
    """
    files = {"data": JsonFile(data), "model": JsonFile(model), "learning": JsonFile(learning)}
    with files["data"].named():
        recordings = parse_data(files["data"])
    with files["learning"].named():
        course = parse_learning(files["learning"])
    # How often a schedule is called is only known where nothing else can end the training.
    ends_by_epochs = course.max_steps is None and course.minutes is None
    with files["model"].named():
        asked = parse_model(files["model"], course.epochs if ends_by_epochs else 1)
    with files["data"].named():
        for pair in recordings.train:
            _require_long_items(pair, asked.objective.min_window_samples)
        for pair in recordings.validation:
            _require_long_items(pair, MIN_SPECTRAL_SAMPLES)
    return Description(
        data=recordings,
        network=asked.network,
        is_packed=asked.is_packed,
        method=Method(
            epochs=course.epochs,
            objective=asked.objective,
            optimizer=asked.optimizer,
            schedule=asked.schedule,
            batches=course.batches,
            judged_by=asked.judged_by,
            validate_every=course.validate_every,
            max_steps=course.max_steps,
            clipping=course.clipping,
        ),
        device=course.device,
        minutes=course.minutes,
        validation_limit=course.validation_limit,
        documents={name: file.document for name, file in files.items()},
        warnings=tuple(w for file in files.values() for w in file.warnings),
    )


def _require_long_items(pair: PairDescription, needed: int) -> None:
    """What is written; without a ``ny`` the recording decides, at which ``Windows`` looks."""
    if pair.ny is not None and pair.ny < needed:
        raise ConfigError(
            f"{pair.where}.ny is {pair.ny}, but the loss and its figures need {needed} samples.",
            "Give a larger ny; 8192 is usual.",
        )
