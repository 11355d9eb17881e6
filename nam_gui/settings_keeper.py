"""Writes the settings soon after each change: a crash forgets nothing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from nam_gui.controller import Controller
from nam_gui.settings import save

__all__ = ["SettingsKeeper"]

PATIENCE_MS = 300
"""One click may change several of them."""


class SettingsKeeper(QObject):
    """Keeps the settings of ``controller`` in ``path``; what fails is said once."""

    def __init__(self, controller: Controller, path: Path) -> None:
        super().__init__(controller)
        self._controller = controller
        self._path = path
        self._problem = ""
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self.save)
        controller.settings_changed.connect(self._timer.start)

    @Slot()
    def save(self) -> None:
        """Write them now."""
        self._timer.stop()
        was, self._problem = self._problem, save(self._path, self._controller.settings)
        if self._problem and self._problem != was:
            self._controller.said.emit(self._problem)
