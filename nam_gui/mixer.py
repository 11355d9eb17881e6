"""What is heard of several tracks: one of them, looped, and no click whatever is changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixer", "level_matched"]

Samples = NDArray[np.float32]

FADE_SECONDS = 0.01
MOST_GAIN = 10.0  # a model that plays next to nothing is not blown up to noise

_SILENCE = np.zeros(1, np.float32)  # looped like any other track


def level_matched(tracks: Sequence[Samples]) -> list[Samples]:
    """Tracks (time,) at the RMS level of the first; all lower together where one would clip.

    Values that are not numbers are silent.
    """
    clean = [np.nan_to_num(track, posinf=0, neginf=0).astype(np.float64) for track in tracks]
    levels = [float(np.sqrt(np.mean(np.square(track)))) for track in clean]
    matched = [
        track * min(levels[0] / level, MOST_GAIN) if level else track
        for track, level in zip(clean, levels, strict=True)
    ]
    peak = max(float(np.abs(track).max()) for track in matched)
    return [(track / max(1.0, peak)).astype(np.float32) for track in matched]


class Mixer:
    """Loops equally long tracks from the same place on; whatever changes is faded over 10 ms.

    Fades are linear: what is mixed so is nowhere louder than the louder of both, and two
    tracks that are nearly the same keep their level.
    """

    def __init__(self, sample_rate_hz: int, start_seconds: float = 0.0) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._fade = round(FADE_SECONDS * sample_rate_hz)
        self._position = round(start_seconds * sample_rate_hz)
        self._tracks: list[Samples] = []
        self._chosen = 0
        self._heard = _SILENCE
        self._fading: list[tuple[Samples, float]] = []  # and how much of each is still heard

    def set_tracks(self, tracks: Sequence[Samples]) -> None:
        """Play these (time,) from now on. Raises ValueError unless all are equally long."""
        if len({len(track) for track in tracks}) != 1:
            raise ValueError("tracks are equally long")
        self._tracks = [self._looped(track) for track in level_matched(tracks)]
        self._chosen = min(self._chosen, len(tracks) - 1)
        self._position %= len(self._tracks[0])
        if self._heard is not _SILENCE:
            self._fade_to(self._tracks[self._chosen])

    def choose(self, index: int) -> None:
        """Hear this track."""
        self._chosen = index
        if self._heard is not _SILENCE:
            self._fade_to(self._tracks[index])

    def begin(self) -> None:
        """Let the chosen track be heard."""
        self._fade_to(self._tracks[self._chosen])

    def end(self) -> None:
        """Fall silent; then :meth:`read` has nothing more to give."""
        self._fade_to(_SILENCE)

    def seconds(self) -> float:
        """The place of the next sample in the tracks."""
        return self._position / self.sample_rate_hz

    def read(self, count: int) -> Samples:
        """The next samples, ``count`` of them or none."""
        if self._heard is _SILENCE and not self._fading:
            return np.empty(0, np.float32)
        at = self._position + np.arange(count)
        steps = np.arange(1, count + 1, dtype=np.float32) / np.float32(self._fade)
        mixed, rest = np.zeros(count, np.float32), np.ones(count, np.float32)
        for track, share in self._fading:
            shares = np.maximum(np.float32(share) - steps, 0)
            mixed += shares * track[at % len(track)]
            rest -= shares
        mixed += rest * self._heard[at % len(self._heard)]
        faded = count / self._fade
        self._fading = [(track, share - faded) for track, share in self._fading if share > faded]
        self._position = (self._position + count) % len(self._tracks[0])
        return mixed

    def _fade_to(self, track: Samples) -> None:
        if track is not self._heard:
            self._fading.append((self._heard, 1 - sum(share for _, share in self._fading)))
            self._heard = track

    def _looped(self, track: Samples) -> Samples:
        """Shorter by one fade: the end is faded into the beginning."""
        fade = min(self._fade, len(track) // 2)
        rise = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
        looped = track[: len(track) - fade].copy()
        looped[:fade] = rise * looped[:fade] + (1 - rise) * track[len(looped) :]
        return looped
