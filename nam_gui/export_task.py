"""Writes copies of models in a thread: a drive may be slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from nam_engine.errors import NamEngineError
from nam_gui.export import ModelCopy, export_model
from nam_gui.tasks import Task

__all__ = ["ExportTask", "Exported"]


@dataclass(frozen=True)
class Exported:
    """Where copies were written, and a sentence for each that could not be."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


class ExportTask(Task):
    """Writes one copy after the other, whatever becomes of each; carries an :class:`Exported`."""

    def __init__(self, copies: Sequence[ModelCopy], parent: QObject) -> None:
        super().__init__(parent)
        self._copies = tuple(copies)

    def work(self) -> Any:
        paths: list[Path] = []
        problems: list[str] = []
        for copy in self._copies:
            if self.is_cancelled():
                break
            try:
                paths.append(export_model(copy))
            except NamEngineError as error:
                problems.append(str(error))
        return Exported(tuple(paths), tuple(problems))
