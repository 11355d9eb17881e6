"""Writing files: nothing is overwritten by mistake, and no reader ever sees a part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nam_engine.errors import NamEngineError

__all__ = ["atomic_write", "require_unused", "unused_path"]


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a neighbour of ``path`` for writing and rename it to ``path`` at the end.

    On an exception nothing is left behind and an existing file stays as it was.
    Raises OSError as ``open`` does.
    """
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def unused_path(path: Path) -> Path:
    """``path``, or ``name (2).ext``, ``name (3).ext`` ... where it exists already."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return candidate


def require_unused(path: Path, ending: str, error: type[NamEngineError]) -> None:
    """Refuse a name that is taken or does not end in ``ending`` (such as ``.wav``).

    Raises ``error``, in the words that the user reads.
    """
    if path.suffix.lower() != ending:
        raise error(
            f"{path.name} does not end in {ending}.", f"Only {ending[1:].upper()} is written."
        )
    try:
        taken = path.exists()
    except OSError as reason:
        raise error(
            f"{path} cannot be written ({reason.strerror}).", "Choose another name."
        ) from reason
    if taken:
        raise error(f"{path} exists already.", "Choose another name.")
