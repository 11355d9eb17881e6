"""The computer's sound output.

QtMultimedia is loaded when it is first asked for: it takes time, and may be missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QIODevice, QLoggingCategory, QObject, Signal, Slot

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices

__all__ = ["SampleStream", "SoundOutput", "encoded"]

Samples = NDArray[np.float32]
Read = Callable[[int], Samples]

BUFFER_SECONDS = 0.25
"""Nothing is read while the window draws: up to 230 ms, when a training on all cores ends."""
SILENCE_SECONDS = 0.1
"""Before and after: some outputs swallow the first or last milliseconds, and the fade with them."""
PULSE_LATENCY_MS = "60"
"""Qt asks PulseAudio for a few milliseconds only: gaps where a training takes all cores."""
ANY_BYTES = 1 << 16


def encoded(samples: Samples, channels: int, is_float: bool) -> bytes:
    """Mono (time,) on each of ``channels``, as float32 or int16."""
    if not is_float:
        samples = np.round(32767 * samples.clip(-1, 1)).astype(np.int16)
    return np.repeat(samples, channels).tobytes()


class SoundOutput(QObject):
    """Plays what is read from a function, on the output that the system prefers.

    ``changed``: it is another one now, or there is none. ``ended``: what was read is over, or
    the output has failed.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._media: QMediaDevices | None = None
        self._device: QAudioDevice | None = None
        self._sink: QAudioSink | None = None
        self._stream: SampleStream | None = None

    def find(self) -> str:
        """Look for an output; the sentence says why there is none."""
        if self._media is None:
            # Qt tells the terminal, by these categories, what it misses: the user is told here.
            QLoggingCategory.setFilterRules("qt.multimedia*=false\ndefault.warning=false")
            os.environ.setdefault("PULSE_LATENCY_MSEC", PULSE_LATENCY_MS)
            try:
                from PySide6.QtMultimedia import QMediaDevices

                self._media = QMediaDevices(self)
                self._device = QMediaDevices.defaultAudioOutput()
            except ImportError as error:
                return self.tr("Sound cannot be played here: {0}.").format(error)
            finally:
                QLoggingCategory.setFilterRules("qt.multimedia*=false")
            self._media.audioOutputsChanged.connect(self._look_again)
        if self._format(0) is None:
            return self.tr("There is no sound output on this computer.")
        return ""

    def rate_for(self, sample_rate_hz: int) -> int:
        """The rate at which it takes audio, this one if it can; 0 where there is no output."""
        wanted = self._format(sample_rate_hz)
        return 0 if wanted is None else wanted.sampleRate()

    @property
    def is_open(self) -> bool:
        return self._sink is not None

    def open(self, read: Read, sample_rate_hz: int) -> None:
        """Play mono at a rate that :meth:`rate_for` gave, until ``read`` gives nothing."""
        from PySide6.QtMultimedia import QAudioSink

        wanted = self._format(sample_rate_hz)
        assert wanted is not None
        assert self._device is not None
        is_float = wanted.sampleFormat() is wanted.SampleFormat.Float
        self._stream = SampleStream(
            read,
            wanted.channelCount(),
            is_float,
            round(SILENCE_SECONDS * wanted.sampleRate()),
            self,
        )
        self._sink = QAudioSink(self._device, wanted, self)
        self._sink.setBufferSize(wanted.bytesForDuration(round(1e6 * BUFFER_SECONDS)))
        self._sink.stateChanged.connect(self._follow)
        self._sink.start(self._stream)

    def close(self) -> None:
        """Fall silent at once."""
        if self._sink is None or self._stream is None:
            return
        sink, stream, self._sink, self._stream = self._sink, self._stream, None, None
        sink.stateChanged.disconnect(self._follow)
        sink.reset()
        stream.close()
        sink.deleteLater()
        stream.deleteLater()

    def seconds_ahead(self) -> float:
        """How much was read that is still to be heard."""
        if self._sink is None:
            return 0.0
        waiting = self._sink.bufferSize() - self._sink.bytesFree()
        return self._sink.format().durationForBytes(waiting) / 1e6

    def _format(self, sample_rate_hz: int) -> QAudioFormat | None:
        """The nearest to float32 stereo at a rate that the device can do."""
        if self._device is None or self._device.isNull():
            return None
        preferred = self._device.preferredFormat()
        kinds = preferred.SampleFormat.Float, preferred.SampleFormat.Int16
        rates = sample_rate_hz, preferred.sampleRate()
        for channels, rate, kind in product((2, preferred.channelCount()), rates, kinds):
            wanted = type(preferred)()
            wanted.setChannelCount(channels)
            wanted.setSampleRate(rate)
            wanted.setSampleFormat(kind)
            if self._device.isFormatSupported(wanted):
                return wanted
        return None

    @Slot()
    def _look_again(self) -> None:
        assert self._media is not None
        device = self._media.defaultAudioOutput()
        if device != self._device:
            self._device = device
            self.close()
            self.changed.emit()

    @Slot()
    def _follow(self) -> None:
        """Idle is also a buffer that ran empty; only at the end there is nothing to come."""
        if self._sink is None or self._stream is None:
            return
        is_failed = self._sink.error().name not in ("NoError", "UnderrunError")
        if is_failed or (self._stream.is_over and self._sink.state().name == "IdleState"):
            self.close()
            self.ended.emit()


class SampleStream(QIODevice):
    """The samples of a function as a sink pulls them, silence before and after."""

    def __init__(
        self, read: Read, channels: int, is_float: bool, silence: int, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._read = read
        self._channels, self._is_float = channels, is_float
        self._silence = self._before = self._after = silence  # samples, the latter two to come
        self.open(QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Unbuffered)

    @property
    def is_over(self) -> bool:
        """Nothing comes any more, unless the function has something again."""
        return not self._after

    def readData(self, most_bytes: int) -> bytes:  # noqa: N802
        count = most_bytes // (self._channels * (4 if self._is_float else 2))
        samples = np.empty(0, np.float32) if self._before else self._read(count)
        if len(samples):
            self._after = self._silence
        elif self._before:
            samples = np.zeros(min(count, self._before), np.float32)
            self._before -= len(samples)
        else:
            samples = np.zeros(min(count, self._after), np.float32)
            self._after -= len(samples)
        return encoded(samples, self._channels, self._is_float)

    def writeData(self, _data: object, _most: int) -> int:  # noqa: N802
        return -1

    def bytesAvailable(self) -> int:  # noqa: N802
        return ANY_BYTES

    def isSequential(self) -> bool:  # noqa: N802
        return True
