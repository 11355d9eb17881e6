"""What the full trainer is to do, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FullJob"]


@dataclass(frozen=True)
class FullJob:
    """A training described by three files, kept in a folder of its own in ``outdir``.

    With ``resume`` the training in the folder ``outdir`` goes on, as the files that are kept
    there describe it: the three paths are None, and ``seed`` does not count. ``device``
    (``auto``, ``cpu``, ``cuda`` or ``mps``) takes the place of what the learning file says.
    """

    data_path: Path | None
    model_path: Path | None
    learning_path: Path | None
    outdir: Path
    device: str | None = None
    seed: int = 0
    tensorboard: bool = False
    plots: bool = True
    resume: bool = False
