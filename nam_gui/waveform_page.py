"""The selected recording and its models, to be seen and heard; a sentence before there are any."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nam_gui.listen_bar import LARGEST, ListenBar
from nam_gui.player import Player
from nam_gui.plots import quiet_label
from nam_gui.style import SPACING
from nam_gui.waveform_view import WaveformView

__all__ = ["WaveformPage"]

KEYS = "123456789"


class WaveformPage(QWidget):
    """Space plays and stops; 1 is the recording, 2 the largest model, 3 the next one."""

    def __init__(self, parent: QWidget | None = None, player: Player | None = None) -> None:
        super().__init__(parent)
        self._is_awaited = False
        self._player = player or Player()
        self._player.setParent(self)
        self._view = WaveformView()
        self._bar = ListenBar()
        self._sentence = quiet_label("")
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setMargin(2 * SPACING)
        self._audio = QWidget()
        column = QVBoxLayout(self._audio)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._view, 1)
        column.addWidget(self._bar)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._sentence)
        self._stack.addWidget(self._audio)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect()
        self.clear()

    def set_comparison(self, comparison: Any) -> None:
        """Show and, where it plays, play what a ``comparison.Comparison`` holds.

        Another one of the same passage takes the place of the last without a gap. The type is
        not imported, for PyTorch's sake.
        """
        target, models = comparison.target, comparison.predictions
        rate_hz = comparison.sample_rate_hz
        self._view.set_audio(target, models, rate_hz)
        self._bar.set_submodels(list(models))
        self._bar.set_length(len(target) / rate_hz)
        self._player.set_tracks([target, *reversed(models.values())], rate_hz)
        self._player.choose(self._bar.choice())
        self._stack.setCurrentWidget(self._audio)
        if self._is_awaited:
            self.listen()

    def say(self, sentence: str) -> None:
        """Nothing to see or hear, but this sentence."""
        self._is_awaited = False
        self._player.clear()
        self._view.clear()
        self._sentence.setText(sentence)
        self._stack.setCurrentWidget(self._sentence)

    def clear(self) -> None:
        self.say(self.tr("The recording and the models appear after the first epoch."))

    def listen(self) -> None:
        """Play the largest model, as soon as it is there."""
        self._is_awaited = self._stack.currentWidget() is self._sentence
        if not self._is_awaited:
            self._bar.choose(LARGEST)
            self._player.play()

    def stop_playing(self) -> None:
        """Let go of the sound output."""
        self._is_awaited = False
        self._player.close()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        QTimer.singleShot(0, self._player.find_output)  # the page comes first

    def _connect(self) -> None:
        player, bar = self._player, self._bar
        bar.toggled.connect(self._toggle)
        bar.chosen.connect(player.choose)
        player.playing_changed.connect(bar.set_playing)
        player.reason_changed.connect(bar.set_reason)
        player.moved.connect(bar.set_place)
        player.moved.connect(self._view.show_place)
        scope = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence(Qt.Key.Key_Space), self, self._toggle, context=scope)
        for index, key in enumerate(KEYS):
            QShortcut(QKeySequence(key), self, partial(bar.choose, index), context=scope)

    @Slot()
    def _toggle(self) -> None:
        if self._player.is_playing:
            self._player.stop()
        else:
            self._player.play()
