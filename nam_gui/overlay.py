"""What of a pair is laid over each other to judge a delay by: the blips, or a loud onset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nam_engine.intake import CaptureReport

__all__ = ["Overlay", "overlay_of"]

Samples = NDArray[np.float32]

REACH_SECONDS = 0.25
"""As far as the curves go on either side."""

ONSET_FRAME_SECONDS, FRAMES_BEFORE, FRAMES_AFTER = 0.01, 5, 3
# Of the loudest moment, so that no noise counts; and of the onset itself, where it starts.
LOUD, START = 0.1, 0.1


@dataclass(frozen=True)
class Overlay:
    """Places of the input, in samples, at which it is compared with the output.

    The average over all of them is shown, each turned so that the input points up where
    ``signs`` is -1.
    """

    source: Samples
    output: Samples
    sample_rate_hz: int
    places: tuple[int, ...]
    signs: tuple[int, ...]
    of_blips: bool

    @property
    def lags(self) -> NDArray[np.int64]:
        """Samples before and after a place."""
        reach = round(REACH_SECONDS * self.sample_rate_hz)
        return np.arange(-reach, reach + 1)

    def input_curve(self) -> Samples:
        """The input around its places, (lag,)."""
        return self._average(self.source, 0)

    def output_curve(self, delay_samples: int) -> Samples:
        """What came out ``delay_samples`` later, (lag,)."""
        return self._average(self.output, delay_samples)

    def _average(self, samples: Samples, delay_samples: int) -> Samples:
        """Silence is where there is nothing."""
        total = np.zeros(len(self.lags), np.float32)
        for place, sign in zip(self.places, self.signs, strict=True):
            at = self.lags + place + delay_samples
            inside = (at >= 0) & (at < len(samples))
            total[inside] += np.float32(sign) * samples[at[inside]]
        return total / np.float32(len(self.places))


def overlay_of(
    source: Samples, output: Samples, sample_rate_hz: int, report: CaptureReport | None
) -> Overlay:
    """The blips that were found in the input (time,), else its clearest loud onset."""
    blips = report.alignment.blips if report is not None else None
    places = blips.positions if blips is not None else (_loud_onset(source, sample_rate_hz),)
    signs = tuple(-1 if blips is not None and source[place] < 0 else 1 for place in places)
    return Overlay(source, output, sample_rate_hz, places, signs, blips is not None)


def _loud_onset(source: Samples, sample_rate_hz: int) -> int:
    """Where the loudness of (time,) rises most, of the places where it gets loud."""
    frame = round(ONSET_FRAME_SECONDS * sample_rate_hz)
    frames = source[: len(source) // frame * frame].reshape(-1, frame)
    power = np.pad(np.einsum("ij,ij->i", frames, frames), (FRAMES_BEFORE, FRAMES_AFTER - 1))
    if not len(frames):
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(power, FRAMES_BEFORE + FRAMES_AFTER)
    before, after = windows[:, :FRAMES_BEFORE].mean(1), windows[:, FRAMES_BEFORE:].mean(1)
    rise = np.where(
        after >= LOUD**2 * after.max(), after / (before + 1e-6 * after.max() + 1e-12), 0
    )
    start = int(np.argmax(rise)) * frame
    heights = np.abs(source[start : start + FRAMES_AFTER * frame])
    return start + int(np.argmax(heights >= START * heights.max()))
