"""Writing files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_write", "unused_path"]


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
