"""Plays a model over a recording, in a thread; PyTorch is imported in there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from nam_engine.train_job import TrainJob
from nam_gui.tasks import Task

__all__ = ["CompareTask", "ModelSource", "ScoreTask"]


@dataclass(frozen=True)
class ModelSource:
    """The file of a job's models after so many epochs, and the training that makes it."""

    job_id: int
    model_path: Path
    epochs_done: int
    training: TrainJob


class CompareTask(Task):
    """Plays the models of a file; carries a ``comparison.Comparison`` of the engine."""

    def __init__(self, source: ModelSource, parent: QObject) -> None:
        super().__init__(parent)
        self._source = source

    def work(self) -> Any:
        from nam_engine.comparison import compare

        return compare(self._source.model_path, self._source.training)


class ScoreTask(CompareTask):
    """Judges the models of a file; carries the ESR of each by its name, smallest first."""

    def work(self) -> Any:
        from nam_engine.evaluate import evaluate

        heard = super().work()
        scores = evaluate(heard.predictions, heard.target, heard.sample_rate_hz)
        return {score.submodel: score.esr for score in scores}
