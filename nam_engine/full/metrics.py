"""What is made of the validations' figures: a table, and names for the best.

Source: ``neural-amp-modeler`` 0.13.0, ``train/full.py`` (which checkpoints are kept, and their
names).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from nam_engine.events import EpochDone, SubmodelMetrics
from nam_engine.logged import logged
from nam_engine.method import JudgedBy

__all__ = ["best_three", "checkpoint_name", "is_checkpoint_name", "to_csv"]

KEPT_CHECKPOINTS = 3

TRAINING_COLUMNS = {
    "train_loss": "loss",
    "train_mse": "mse",
    "train_mrstft": "mrstft",
    "gradient_norm": "gradient_norm",
    "learning_rate": "learning_rate",
    "skipped_steps": "skipped_steps",
    "steps_per_second": "steps_per_second",
    "seconds": "seconds",
    "memory_mb": "memory_mb",
}
"""Column of the history to field of ``EpochDone``."""


def to_csv(
    history: Sequence[EpochDone], submodels: int, judged_by: JudgedBy, is_packed: bool
) -> str:
    """``history.csv``: a row for each validation, with a header."""
    nothing = [SubmodelMetrics(math.nan, math.nan, math.nan)] * submodels
    names = logged(nothing, judged_by, is_packed=is_packed)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["epoch", "step", *names, *TRAINING_COLUMNS])
    for row in history:
        validation = logged(row.metrics, judged_by, is_packed=is_packed).values()
        training = (getattr(row, field) for field in TRAINING_COLUMNS.values())
        table.writerow([row.epoch, row.step, *validation, *training])
    return text.getvalue()


def best_three(history: Sequence[EpochDone], judged_by: JudgedBy) -> tuple[EpochDone, ...]:
    """The validations with the lowest summed ``val_loss``, best first; of equals the earlier."""

    def val_loss(row: EpochDone) -> float:
        return logged(row.metrics, judged_by, is_packed=False)["val_loss"]

    return tuple(sorted(history, key=val_loss)[:KEPT_CHECKPOINTS])


def checkpoint_name(row: EpochDone) -> str:
    """The file of one of the best three: Lightning counts epochs from 0."""
    esr, mse = sum(m.esr for m in row.metrics), sum(m.mse for m in row.metrics)
    return f"epoch={row.epoch - 1:04d}_step={row.step}_ESR={esr:.3e}_MSE={mse:.3e}.ckpt"


def is_checkpoint_name(name: str) -> bool:
    return name.startswith("epoch=") and name.endswith(".ckpt")
