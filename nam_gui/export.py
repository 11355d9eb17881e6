"""Copying a finished model to where the user wants it; nothing is overwritten unasked."""

from __future__ import annotations

from pathlib import Path

from nam_engine.atomic import atomic_write, unused_path
from nam_engine.errors import NamFileError

__all__ = ["export_model", "proposed_path"]


def proposed_path(folder: Path, model_path: Path) -> Path:
    """A name in ``folder`` that is not taken yet."""
    return unused_path(folder / model_path.name)


def export_model(model_path: Path, target: Path) -> None:
    """Copy a model atomically; ``target`` is replaced. Raises NamFileError where that fails."""
    try:
        content = model_path.read_bytes()
        with atomic_write(target) as file:
            file.write(content)
    except OSError as error:
        raise NamFileError(
            f"{target} cannot be written ({error.strerror}).",
            "Choose another folder or free some space.",
        ) from error
