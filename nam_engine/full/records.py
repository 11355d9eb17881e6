"""The files of a full run: the official trainer's artefacts, and what it takes to go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from nam_engine.checkpoint import TrainState, encode
from nam_engine.events import TrainResult
from nam_engine.full.description import Description
from nam_engine.full.metrics import best_three, checkpoint_name, is_checkpoint_name, to_csv
from nam_engine.full.run_file import encode_run
from nam_engine.job_file import Ending
from nam_engine.job_folder import MODEL
from nam_engine.nam_file import NamFile, encode_nam
from nam_engine.records import Files, packed_best

__all__ = ["FullRecords", "config_files", "config_name"]


def config_name(part: str) -> str:
    """The copy of the ``data``, ``model`` or ``learning`` file."""
    return f"config_{part}.json"


def config_files(description: Description) -> Files:
    """The three files that describe a training, to be kept beside it.

    They name the recordings by their whole paths, so that they are found from any folder.
    """
    data = description.documents["data"]
    for part in ("train", "validation"):
        pairs = getattr(description.data, part)
        given = data[part] if isinstance(data[part], list) else [data[part]]
        whole = [
            {**entry, "x_path": str(pair.x_path), "y_path": str(pair.y_path)}
            for entry, pair in zip(given, pairs, strict=True)
        ]
        data = {**data, part: whole if isinstance(data[part], list) else whole[0]}
    documents = {**description.documents, "data": data}
    return {
        config_name(part): json.dumps(document, indent=4).encode()
        for part, document in documents.items()
    }


class FullRecords:
    """The files of a training that ``description`` describes.

    ``export`` makes a .nam file's content of a result. ``there`` are the names of the files
    that a run which goes on has already.
    """

    def __init__(
        self,
        description: Description,
        seed: int,
        export: Callable[[TrainResult], NamFile],
        there: Iterable[str] = (),
    ) -> None:
        self._is_packed = description.is_packed
        self._judged_by = description.method.judged_by
        self._submodels = len(description.network.submodels)
        self._seed = seed
        self._export = export
        self._checkpoints = set(filter(is_checkpoint_name, there))

    def epoch(self, state: TrainState) -> Files:
        """A checkpoint of the three best validations, and of no others."""
        files: dict[str, bytes | None] = {}
        best = best_three(state.history, self._judged_by)
        wanted = {checkpoint_name(row) for row in best}
        for name in self._checkpoints - wanted:
            files[name] = None
        self._checkpoints &= wanted
        if state.history[-1] in best:
            name = checkpoint_name(state.history[-1])
            files[name] = encode(state)
            self._checkpoints.add(name)
        return files

    def state(self, state: TrainState) -> Files:
        table = to_csv(state.history, self._submodels, self._judged_by, self._is_packed)
        return {"history.csv": table.encode()}

    def model(self, result: TrainResult) -> Files:
        best = packed_best(result, self._judged_by) if self._is_packed else {}
        return {MODEL: encode_nam(self._export(result)), **best}

    def ending(self, ending: Ending) -> bytes:
        return encode_run(self._seed, ending)
