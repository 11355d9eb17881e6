"""Everything that can go wrong, as exceptions that tell the user what to do.

::

    NamEngineError            message: what happened, to which file; remedy: what to do
    ├── AudioError            a sound file cannot be read, written or used
    ├── CaptureError          an input and an output do not make a capture
    ├── ConfigError           a network description is malformed or inconsistent
    │   └── UnsupportedError  ... or asks for something packed training cannot do
    ├── NamFileError          a .nam file cannot be read or written
    ├── CheckpointError       a run cannot be continued from what was kept of it
    │   ├── DamagedCheckpointError    ... because it is torn, altered or foreign
    │   └── OtherTrainingError        ... because that belongs to another training
    ├── PictureError          a picture cannot be written
    ├── DeviceError           the chosen processor cannot be used
    └── TrainingError         training cannot start or produced nothing usable
        └── NothingTrainedError       ... because it was stopped before its first step
"""

from __future__ import annotations

__all__ = [
    "AudioError",
    "CaptureError",
    "CheckpointError",
    "ConfigError",
    "DamagedCheckpointError",
    "DeviceError",
    "NamEngineError",
    "NamFileError",
    "NothingTrainedError",
    "OtherTrainingError",
    "PictureError",
    "TrainingError",
    "UnsupportedError",
    "reason_of",
]


class NamEngineError(Exception):
    """Base of all errors meant for the user.

    ``message`` is one sentence that says what happened and to which file;
    ``remedy`` is one sentence that says what the user can do (may be empty).
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class AudioError(NamEngineError):
    """A sound file cannot be read, written or used."""


class CaptureError(NamEngineError):
    """An input and an output recording do not make a capture."""


class ConfigError(NamEngineError):
    """A network description is malformed or its parts contradict each other."""


class UnsupportedError(ConfigError):
    """A network description is valid but asks for something we do not do."""


class NamFileError(NamEngineError):
    """A .nam file cannot be read or written."""


class CheckpointError(NamEngineError):
    """A run cannot be continued from what was kept of it."""


class DamagedCheckpointError(CheckpointError):
    """What was kept of a run is torn, altered or was never a checkpoint of ours."""


class OtherTrainingError(CheckpointError):
    """What was kept belongs to another recording, network, recipe or seed."""


class PictureError(NamEngineError):
    """A picture cannot be written."""


class DeviceError(NamEngineError):
    """The chosen processor cannot be used."""


class TrainingError(NamEngineError):
    """Training cannot start or produced nothing usable."""


class NothingTrainedError(TrainingError):
    """Training was stopped before its first step, as it was wished: there is nothing to keep."""


def reason_of(error: BaseException) -> str:
    """What an error of another library says, in one line."""
    return (str(error) or type(error).__name__).splitlines()[0]
