"""The bar at the bottom: what happens now, how long it takes, and the button for what is next."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from nam_engine.narration import clock
from nam_gui.style import SPACING

__all__ = ["RunBar"]


class RunBar(QWidget):
    """One primary button whose label says what happens next, Pause beside it, and the progress."""

    train_requested = Signal()
    stop_requested = Signal()
    pause_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_training = self._shows_progress = False
        self.primary = QPushButton(self)
        self.primary.setDefault(True)
        self.primary.clicked.connect(self._on_primary)
        self.pause = QPushButton(self.tr("&Pause"), self)
        self.pause.clicked.connect(self.pause_requested)
        self.status = QLabel(self)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the training"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * SPACING, SPACING, 2 * SPACING, SPACING)
        layout.setSpacing(2 * SPACING)
        layout.addWidget(self.primary)
        layout.addWidget(self.pause)
        layout.addWidget(self.status, 2)
        layout.addWidget(self.bar, 1)
        self.show_idle(can_train=False, is_paused=False)

    def show_idle(self, *, can_train: bool, is_paused: bool) -> None:
        """Nothing is trained now."""
        self._is_training = False
        self.primary.setText(self.tr("&Resume") if is_paused else self.tr("&Train"))
        self.primary.setEnabled(can_train)
        self.pause.setVisible(False)
        self.bar.setVisible(False)
        if self._shows_progress:  # a sentence stays until there is something else to tell
            self.say(self.tr("Paused.") if is_paused else "")

    def show_training(self, *, is_ending: bool) -> None:
        """A training runs; ``is_ending`` while the step in progress is waited for."""
        self._is_training = True
        self.primary.setText(self.tr("&Stop and keep the best"))
        self.primary.setEnabled(not is_ending)
        self.pause.setVisible(True)
        self.pause.setEnabled(not is_ending)
        self.bar.setVisible(True)

    def show_progress(
        self, name: str, device: str, epoch: int, epochs: int, seconds_left: float, share: float
    ) -> None:
        """``share`` of the training, 0 to 1, is done."""
        self._shows_progress = True
        parts = [name, self.tr("epoch {0} of {1}").format(epoch, epochs)]
        if math.isfinite(seconds_left):
            end = datetime.now() + timedelta(seconds=seconds_left)
            left = self.tr("{0} left, until {1}").format(clock(seconds_left), f"{end:%H:%M}")
            parts.append(left)
        parts.append(device)
        self.status.setText("   ".join(parts))
        self.bar.setValue(round(1000 * share))

    def say(self, text: str) -> None:
        """A sentence while nothing else is to be told."""
        self._shows_progress = False
        self.status.setText(text)
        self.status.setToolTip(text)

    def _on_primary(self) -> None:
        if self._is_training:
            self.stop_requested.emit()
        else:
            self.train_requested.emit()
