"""Reads what is in a .nam file, in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from nam_gui.model_facts import read_facts
from nam_gui.tasks import Task

__all__ = ["ModelTask"]


class ModelTask(Task):
    """Carries the file's :class:`model_facts.ModelFacts`."""

    def __init__(self, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._path = path

    def work(self) -> Any:
        return read_facts(self._path)
