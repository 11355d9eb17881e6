"""Files to start a full training from: what ``nam-engine new-config`` writes.

They lie beside this module as they are written, in ``templates``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from nam_engine.atomic import atomic_write
from nam_engine.errors import NamEngineError

__all__ = ["write_starting_set"]

NAMES = ("data.json", "model_a2.json", "model_three_sizes.json", "learning.json", "README.md")


def write_starting_set(folder: Path) -> list[Path]:
    """Write the files into ``folder``, which is made where it is missing, and return them.

    Raises NamEngineError, before anything is written, where one of them exists already, and
    where the folder cannot be written to.
    """
    templates = files("nam_engine.full") / "templates"
    paths = [folder / name for name in NAMES]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [path.name for path in paths if path.exists()]:
            raise NamEngineError(
                f"{folder} has {' and '.join(taken)} already; nothing was written.",
                "Choose another folder.",
            )
        for path in paths:
            with atomic_write(path) as file:
                file.write((templates / path.name).read_bytes())
    except OSError as error:
        raise NamEngineError(
            f"{folder} cannot be written to ({error.strerror}).", "Choose another folder."
        ) from error
    return paths
