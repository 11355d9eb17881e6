"""The bar at the bottom: what happens now, how long it takes, and the button for what is next."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from textwrap import fill

from PySide6.QtCore import QElapsedTimer, QLocale, Qt, QTime, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from nam_gui.job_words import JobWords
from nam_gui.link_button import LinkButton
from nam_gui.sentence import sentence
from nam_gui.style import SPACING

__all__ = ["RunBar"]

READING_MS = 10_000
"""A sentence that comes while it trains stays so long."""
TIP_CHARACTERS = 60
"""In a line of a tool tip, which breaks none itself: so it fits a screen with large text."""
SMOOTHING = 0.1
"""Of the steps per second: single steps differ more than anybody wants to know."""


class RunBar(QWidget):
    """One primary button whose label says what happens next, Pause beside it, and the progress.

    Under what happens it says which device trains.
    """

    train_requested = Signal()
    stop_requested = Signal()
    pause_requested = Signal()
    gpu_help_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_training = self._shows_progress = False
        self._steps_per_second = math.nan
        self._said = QElapsedTimer()
        self._words = JobWords(self)
        self.primary = QPushButton(self)
        self.primary.setDefault(True)
        self.primary.clicked.connect(self._on_primary)
        self.pause = QPushButton(self.tr("&Pause"), self)
        self.pause.clicked.connect(self.pause_requested)
        self.status = QLabel(self)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setWordWrap(True)
        self.device = QLabel(self)
        self.gpu_help = LinkButton(self.tr("A GPU can be faster: how?"), self)
        self.gpu_help.clicked.connect(self.gpu_help_requested)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the training"))
        self._lay_out()
        self._set_status("")
        self.set_device("", is_gpu_missing=False)
        self.show_idle(can_train=False, is_paused=False)

    def _lay_out(self) -> None:
        devices = QHBoxLayout()
        devices.setSpacing(SPACING)
        devices.addWidget(self.device)
        devices.addWidget(self.gpu_help)
        devices.addStretch()
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.status)
        texts.addLayout(devices)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(2 * SPACING)
        layout.addWidget(self.primary)
        layout.addWidget(self.pause)
        layout.addLayout(texts, 3)
        layout.addWidget(self.bar, 1)

    def show_idle(self, *, can_train: bool, is_paused: bool) -> None:
        """Nothing is trained now."""
        self._is_training = False
        self._steps_per_second = math.nan
        self.primary.setText(self.tr("Re&sume") if is_paused else self.tr("&Train"))
        self.primary.setEnabled(can_train)
        self.primary.setDefault(can_train)
        self.pause.setVisible(False)
        self.bar.setVisible(False)
        if self._shows_progress:  # a sentence stays until there is something else to tell
            self._shows_progress = False
            self._said.invalidate()  # it is no news: what goes on is shown at once
            self._set_status(self.tr("Paused.") if is_paused else "")

    def show_training(self, *, is_ending: bool) -> None:
        """A training runs; ``is_ending`` while the step in progress is waited for."""
        if not self._is_training:
            self._is_training = True
            self.show_preparing()
        self.primary.setText(self.tr("&Stop and keep the best"))
        self.primary.setEnabled(not is_ending)
        self.primary.setDefault(True)
        self.pause.setVisible(True)
        self.pause.setEnabled(not is_ending)
        self.bar.setVisible(True)

    def show_preparing(self) -> None:
        """A training begins; until its first steps are done nothing is known of its pace."""
        self.bar.setValue(0)
        self._show(self.tr("Preparing…"))

    def show_progress(
        self,
        epoch: int,
        epochs: int,
        steps_per_second: float,
        seconds_left: float,
        share: float,
    ) -> None:
        """``share`` of the training, 0 to 1, is done."""
        self.bar.setValue(round(1000 * share))
        if math.isfinite(self._steps_per_second):
            change = steps_per_second - self._steps_per_second
            steps_per_second = self._steps_per_second + SMOOTHING * change
        self._steps_per_second = steps_per_second
        speed = f"{steps_per_second:#.3g}".rstrip(".")
        parts = [self.tr("Epoch {0}/{1}").format(epoch, epochs)]
        parts.append(self.tr("{0} steps/s").format(speed))
        if math.isfinite(seconds_left):
            end = datetime.now() + timedelta(seconds=seconds_left)
            clock = QLocale().toString(QTime(end.hour, end.minute), QLocale.FormatType.ShortFormat)
            left = self._words.about(seconds_left)
            parts.append(self.tr("{0} left ({1})").format(left, clock))
        self._show(", ".join(parts))

    @Slot(str, bool)
    def set_device(self, name: str, is_gpu_missing: bool) -> None:
        """What it trains on, in words; empty where that is not known."""
        self.device.setText(self.tr("Trains on {0}").format(name) if name else "")
        self.device.setVisible(bool(name))
        self.gpu_help.setVisible(is_gpu_missing)

    @Slot(str)
    def explain_device(self, why: str) -> None:
        """Why it trains on that; empty where there is nothing to say."""
        self.device.setToolTip(fill(why, TIP_CHARACTERS))
        self.device.setAccessibleDescription(why)

    def say(self, text: str) -> None:
        """A sentence; a training's progress comes back after it."""
        self._shows_progress = False
        if text:
            self._said.start()
        else:
            self._said.invalidate()
        self._set_status(text)

    def _show(self, progress: str) -> None:
        """Unless there is a sentence to be read."""
        if self._is_training and self._said.isValid() and not self._said.hasExpired(READING_MS):
            return
        self._shows_progress = True
        self._set_status(progress)

    def _set_status(self, text: str) -> None:
        self.status.setText(sentence(text))
        self.status.setVisible(bool(text))  # or the line below would stand too low

    def _on_primary(self) -> None:
        if self._is_training:
            self.stop_requested.emit()
        else:
            self.train_requested.emit()
