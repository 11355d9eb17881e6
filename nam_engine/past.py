"""Trainings of earlier days: found, read back without PyTorch, and left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nam_engine.errors import ConfigError, NamFileError
from nam_engine.events import EpochDone, SubmodelResult
from nam_engine.job_file import JOB, Ending, JobFile, encode_job, read_job
from nam_engine.job_folder import JobFolder
from nam_engine.json_node import Node
from nam_engine.metadata import UserMetadata

__all__ = ["PastTraining", "find_trainings", "put_ending", "read_training"]

MAX_FOUND = 20
MAX_REPORT_BYTES = 16 * 1024 * 1024
UNKNOWN = "report.json is damaged or gone, so nothing is known about how the model behaves."


@dataclass(frozen=True)
class PastTraining:
    """What is kept of a training.

    ``best`` are the best states so far, one per submodel, none before the first epoch's end;
    ``probes`` are sentences on what is wrong with the models, None where nobody has tried them
    out. ``model_path`` is None where there is no model.
    """

    file: JobFile
    history: tuple[EpochDone, ...]
    best: tuple[SubmodelResult, ...]
    probes: tuple[str, ...] | None
    model_path: Path | None


def find_trainings(
    folders: Iterable[Path], is_cancelled: Callable[[], bool] = lambda: False
) -> list[JobFile]:
    """The trainings in these folders, those that began or ended last first, at most 20.

    What cannot be read, or is no training, is left out.
    """
    times: dict[Path, float] = {}
    for folder in dict.fromkeys(folders):
        with suppress(OSError):
            for path in folder.iterdir():
                if is_cancelled():
                    return []
                with suppress(OSError):
                    times[path] = (path / JOB).stat().st_mtime
    found: list[JobFile] = []
    for path in sorted(times, key=times.__getitem__, reverse=True):
        if len(found) == MAX_FOUND or is_cancelled():
            break
        with suppress(NamFileError):
            found.append(read_job(path))
    return found


def read_training(folder: Path) -> PastTraining:
    """All about the training in a folder.

    Raises NamFileError where its job.json, CheckpointError where its state cannot be read.
    """
    file = read_job(folder)
    state = JobFolder.newest_state(folder)
    model_path = folder / f"{folder.name}.nam"
    return PastTraining(
        file,
        state.history,
        tuple(best for best in state.best if best is not None),
        _probes(folder / "report.json"),
        model_path if model_path.is_file() else None,
    )


def put_ending(folder: Path, ending: Ending, user: UserMetadata | None = None) -> None:
    """Count a training that nobody runs as ended so, whatever it was.

    ``user`` is what is said of it from now on, None what was said.
    Raises NamFileError where that cannot be written down.
    """
    job = read_job(folder).job
    if user is not None:
        job = replace(job, user=user)
    with closing(JobFolder(folder)) as job_folder:
        job_folder.put(JOB, encode_job(job, ending))
        try:
            job_folder.flush()
        except OSError as error:
            raise NamFileError(f"Nothing can be written to {folder} ({error.strerror}).") from error


def _probes(path: Path) -> tuple[str, ...] | None:
    try:
        with path.open("rb") as file:
            models = list(Node(json.loads(file.read(MAX_REPORT_BYTES)), "")["models"])
        said = (
            f"{finding['message'].text()} {finding['remedy'].text()}"
            for model in models
            for finding in model["findings"]
        )
        return tuple(said) if models else None
    except (OSError, ValueError, RecursionError, ConfigError):
        return (UNKNOWN,)
