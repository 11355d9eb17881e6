"""What the files of a run are: which there are of its state, its models and its ending."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from nam_engine.checkpoint import TrainState, encode_submodel
from nam_engine.events import TrainResult
from nam_engine.history import to_csv
from nam_engine.job_file import Ending, encode_job
from nam_engine.job_folder import MODEL
from nam_engine.method import JudgedBy
from nam_engine.nam_file import NamContainer, encode_nam
from nam_engine.train_job import TrainJob
from nam_engine.wavenet.config import PackedConfig

__all__ = ["Files", "JobRecords", "Records", "packed_best"]

# The newest content of files by their names; None deletes one that is no longer wanted.
Files: TypeAlias = Mapping[str, bytes | None]


class Records(Protocol):
    """The files of one kind of run. The state itself, last.ckpt, is not among them."""

    def epoch(self, state: TrainState) -> Files:
        """What is kept after a validation, every one: the last row of the history is its."""

    def state(self, state: TrainState) -> Files:
        """What is written beside a state whenever one is saved, also within an epoch."""

    def model(self, result: TrainResult) -> Files:
        """The best so far; the model itself under the name ``job_folder.MODEL``."""

    def ending(self, ending: Ending) -> bytes:
        """job.json: what was trained, and how that ended."""


class JobRecords:
    """The files of a :class:`TrainJob`. ``export`` makes a .nam file's content of a result."""

    def __init__(
        self, job: TrainJob, config: PackedConfig, export: Callable[[TrainResult], NamContainer]
    ) -> None:
        self._job = job
        self._config = config
        self._export = export

    def epoch(self, state: TrainState) -> Files:
        return {}

    def state(self, state: TrainState) -> Files:
        return {"history.csv": to_csv(state.history, self._config.names).encode()}

    def model(self, result: TrainResult) -> Files:
        return {
            MODEL: encode_nam(self._export(result)),
            **packed_best(result, JudgedBy.ESR),
        }

    def ending(self, ending: Ending) -> bytes:
        return encode_job(self._job, ending)


def packed_best(result: TrainResult, judged_by: JudgedBy) -> Files:
    """A checkpoint of each submodel's best, and packed_best.json, which says what they are."""
    files: dict[str, bytes] = {}
    description = []
    for i, best in enumerate(result.submodels):
        file = f"packed_best_submodel_{i}.ckpt"
        files[file] = encode_submodel(best)
        description.append(
            {
                "submodel_index": i,
                "submodel_name": best.name,
                "best_metric": getattr(best.metrics, judged_by.value),
                "epoch": best.epoch,
                "step": best.step,
                "checkpoint_path": file,
            }
        )
    files["packed_best.json"] = json.dumps({"submodels": description}, indent=4).encode()
    return files
