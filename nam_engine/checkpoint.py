"""What a training needs to go on exactly where it was, as one file.

A file is one line that names the format and its version, the SHA-256 of what follows, and
a safetensors file: arrays, and the rest as JSON in an array of bytes called ``state``. Nothing
in it can run code, and a torn or altered file is recognised before any of it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

from nam_engine.errors import CheckpointError, DamagedCheckpointError
from nam_engine.events import EpochDone, SubmodelMetrics, SubmodelResult
from nam_engine.history import from_array, to_array
from nam_engine.position import Position, StepFigures

__all__ = [
    "Arrays",
    "StepperState",
    "TrainState",
    "decode",
    "encode",
    "encode_submodel",
    "read_checkpoint",
]

Arrays = Mapping[str, NDArray[Any]]

FORMAT = b"nam-engine checkpoint "
VERSION = b"3\n"
DIGEST_BYTES = 32
# A2 takes under one megabyte; 10,000 epochs of history take two.
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_COUNT = 10**12


@dataclass(frozen=True)
class StepperState:
    """The network's weights by parameter, and the optimizer's numbers by its own names."""

    weights: Arrays
    optimizer: Arrays


@dataclass(frozen=True)
class TrainState:
    """A training between two steps, in main memory.

    ``identity`` says what belongs to it: the same network, recording, recipe and seed.
    ``epoch_start`` is the ``stepper`` at the start of the epoch in progress, None where that
    is now; ``shuffle`` the random generator's state there, before the epoch was shuffled.
    ``best`` and ``history`` are those of all epochs so far.
    """

    identity: Mapping[str, str]
    stepper: StepperState
    epoch_start: StepperState | None
    shuffle: NDArray[np.uint8]
    position: Position
    best: tuple[SubmodelResult | None, ...]
    history: tuple[EpochDone, ...]


_GROUPS = tuple(f.name for f in fields(StepperState))


def encode(state: TrainState) -> bytes:
    """A state as the content of a checkpoint file."""
    arrays = _named("now", state.stepper)
    if state.epoch_start is not None:
        arrays |= _named("epoch_start", state.epoch_start)
    arrays |= {f"best.{i}": b.weights for i, b in enumerate(state.best) if b is not None}
    arrays |= {"shuffle": state.shuffle, "history": to_array(state.history)}
    return _pack(
        arrays,
        {
            "identity": dict(state.identity),
            "in_epoch": state.epoch_start is not None,
            "position": asdict(state.position),
            "best": [None if b is None else _description(b) for b in state.best],
        },
    )


def decode(content: bytes, name: str) -> TrainState:
    """The reverse of :func:`encode`; ``name`` is the file's, for the messages.

    Raises DamagedCheckpointError on anything but a whole checkpoint, and CheckpointError on
    that of another version. Whether its
    arrays fit a network is for whoever has the network to say.
    """
    arrays, described = _unpack(content, name)
    try:
        return TrainState(
            identity={str(key): str(value) for key, value in described["identity"].items()},
            stepper=_stepper(arrays, "now"),
            epoch_start=_stepper(arrays, "epoch_start") if described["in_epoch"] else None,
            shuffle=arrays["shuffle"],
            position=_position(described["position"]),
            best=tuple(
                None if b is None else _result(b, arrays[f"best.{i}"])
                for i, b in enumerate(described["best"])
            ),
            history=from_array(arrays["history"]),
        )
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise _damaged(name) from error


def encode_submodel(best: SubmodelResult) -> bytes:
    """The best weights of one submodel (in the order of a .nam file) as a checkpoint file."""
    return _pack({"weights": best.weights}, _description(best))


def read_checkpoint(path: Path) -> TrainState:
    """Read a state. Raises CheckpointError as :func:`decode` and where the file is unreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}).") from error
    return decode(content, path.name)


def _position(described: Mapping[str, Any]) -> Position:
    counts = {key: int(value) for key, value in described.items() if key != "seen"}
    if not all(0 <= count <= MAX_COUNT for count in counts.values()):
        raise ValueError("a count is impossible")
    seen = {key: float(value) for key, value in described["seen"].items()}
    return Position(**counts, seen=StepFigures(**seen))


def _description(best: SubmodelResult) -> dict[str, Any]:
    return {"name": best.name, "epoch": best.epoch, "step": best.step, **asdict(best.metrics)}


def _result(described: Mapping[str, Any], weights: NDArray[np.float32]) -> SubmodelResult:
    metrics = SubmodelMetrics(*(float(described[key]) for key in ("esr", "mse", "mrstft")))
    return SubmodelResult(
        str(described["name"]), weights, int(described["epoch"]), int(described["step"]), metrics
    )


def _named(moment: str, stepper: StepperState) -> dict[str, NDArray[Any]]:
    return {
        f"{moment}.{group}.{name}": array
        for group in _GROUPS
        for name, array in getattr(stepper, group).items()
    }


def _stepper(arrays: Arrays, moment: str) -> StepperState:
    def of(group: str) -> Arrays:
        prefix = f"{moment}.{group}."
        return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}

    return StepperState(*map(of, _GROUPS))


def _pack(arrays: Arrays, described: Mapping[str, Any]) -> bytes:
    text = json.dumps(described, allow_nan=False).encode()
    content = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    payload = save({**content, "state": np.frombuffer(text, np.uint8)})
    return FORMAT + VERSION + hashlib.sha256(payload).digest() + payload


def _unpack(content: bytes, name: str) -> tuple[Arrays, dict[str, Any]]:
    if not content.startswith(FORMAT):
        raise DamagedCheckpointError(f"{name} is not a checkpoint of this program.")
    if not content.startswith(FORMAT + VERSION):
        raise CheckpointError(
            f"{name} was written by another version of this program.",
            "Continue with that version, or train without --resume.",
        )
    start = len(FORMAT + VERSION)
    digest, payload = content[start : start + DIGEST_BYTES], content[start + DIGEST_BYTES :]
    if len(content) > MAX_FILE_BYTES or hashlib.sha256(payload).digest() != digest:
        raise _damaged(name)
    try:
        arrays = load(payload)
        described = json.loads(arrays.pop("state").tobytes(), parse_constant=_refuse)
    except (KeyError, RecursionError, ValueError, safetensors.SafetensorError) as error:
        raise _damaged(name) from error
    if not isinstance(described, dict):
        raise _damaged(name)
    return arrays, described


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _damaged(name: str) -> DamagedCheckpointError:
    return DamagedCheckpointError(f"{name} is damaged.")
