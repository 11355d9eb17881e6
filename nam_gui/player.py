"""Plays the recording and its models in turn, over and over, equally loud."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from nam_gui.mixer import Mixer
from nam_gui.sound_output import SoundOutput

__all__ = ["Player"]

Samples = NDArray[np.float32]

TELL_MS = 50


class Player(QObject):
    """Stays at its place whichever track is chosen, and where the tracks are replaced.

    ``playing_changed`` says whether it plays, ``reason_changed`` why it cannot ("" where it
    can), ``moved`` the place that is heard, in seconds, while it plays.
    """

    playing_changed = Signal(bool)
    reason_changed = Signal(str)
    moved = Signal(float)

    def __init__(self, output: SoundOutput | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._output = output or SoundOutput()
        self._output.setParent(self)
        self._output.changed.connect(self._change_output)
        self._output.ended.connect(self._set_stopped)
        self._tracks: list[Samples] = []
        self._sample_rate_hz = 1
        self._chosen = 0
        self._mixer: Mixer | None = None  # while there are tracks, once they were played
        self._clock = QTimer(self)  # runs while it plays
        self._clock.setInterval(TELL_MS)
        self._clock.timeout.connect(self._tell_place)

    @property
    def is_playing(self) -> bool:
        return self._clock.isActive()

    @Slot()
    def find_output(self) -> None:
        """Say whether anything can be heard. The first time takes a moment."""
        self.reason_changed.emit(self._output.find())

    def set_tracks(self, tracks: Sequence[Samples], sample_rate_hz: int) -> None:
        """Play these (time,), which are equally long, instead of what is played now."""
        self._tracks, self._sample_rate_hz = list(tracks), sample_rate_hz
        if self._output.is_open and self._mixer is not None:
            self._load(self._mixer)

    def clear(self) -> None:
        """Fall silent at once, and play nothing until there are other tracks."""
        self.close()
        self._tracks, self._mixer = [], None

    def choose(self, index: int) -> None:
        """Hear this track, now or when it plays."""
        self._chosen = index
        if self._mixer is not None:
            self._mixer.choose(index)

    @Slot()
    def play(self) -> None:
        """Go on from where it was; not where there are no tracks or no output."""
        self.find_output()
        rate_hz = self._output.rate_for(self._sample_rate_hz)
        if not self._tracks or not rate_hz or self.is_playing:
            return
        if self._mixer is None or self._mixer.sample_rate_hz != rate_hz:
            place = 0.0 if self._mixer is None else self._mixer.seconds()
            self._mixer = Mixer(rate_hz, place)
        self._load(self._mixer)
        self._mixer.begin()
        if not self._output.is_open:
            self._output.open(self._mixer.read, rate_hz)
        self._clock.start()
        self.playing_changed.emit(True)

    @Slot()
    def stop(self) -> None:
        """Fade out; the place is kept."""
        if self._mixer is not None:
            self._mixer.end()
        self._set_stopped()

    def close(self) -> None:
        """Fall silent at once and let the output go."""
        self._output.close()
        self.stop()

    def _load(self, mixer: Mixer) -> None:
        rates = self._sample_rate_hz, mixer.sample_rate_hz
        mixer.set_tracks([soxr.resample(track, *rates) for track in self._tracks])
        mixer.choose(self._chosen)

    @Slot()
    def _set_stopped(self) -> None:
        if self.is_playing:
            self._clock.stop()
            self.playing_changed.emit(False)

    @Slot()
    def _change_output(self) -> None:
        was_playing = self.is_playing
        self.close()
        self.find_output()
        if was_playing:
            self.play()

    @Slot()
    def _tell_place(self) -> None:
        if self._mixer is not None:
            self.moved.emit(max(0.0, self._mixer.seconds() - self._output.seconds_ahead()))
