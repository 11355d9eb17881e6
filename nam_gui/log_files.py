"""What is kept on disk of what happened: a log of bounded size, and what a crash leaves."""

from __future__ import annotations

import faulthandler
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path

__all__ = ["OURS", "crash_file", "default_log_folder", "log_file"]

MAX_BYTES, OLDER_FILES = 500_000, 2
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS = ("nam_gui", "nam_engine")
"""The loggers of our own packages."""


def default_log_folder() -> Path:
    """Where the system wants the logs of this user's programs."""
    return user_log_path("nam-a2-trainer", appauthor=False)


@contextmanager
def log_file(folder: Path) -> Iterator[None]:
    """Write everybody's warnings, and what our own packages say, to ``log.txt``.

    Raises OSError where nothing can be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "log.txt", maxBytes=MAX_BYTES, backupCount=OLDER_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


@contextmanager
def crash_file(folder: Path) -> Iterator[Path | None]:
    """Keep where Python was, should the program die; yields what an earlier death has left.

    ``crash.txt`` is gone after an orderly end: on Windows even faults that were handled are
    noted in it. Raises OSError where nothing can be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "crash.txt"
    left = None
    if path.exists() and path.stat().st_size:
        left = folder / "crash_of_an_earlier_run.txt"
        os.replace(path, left)
    with path.open("w", encoding="utf-8") as file:
        faulthandler.enable(file)
        try:
            yield left
        finally:
            faulthandler.disable()
    path.unlink(missing_ok=True)
