"""Reading and writing .nam files: WaveNet and SlimmableContainer, version 0.7.

Format: docs/nam_format.md. Reading trusts nothing: sizes are bounded, weights
are counted before any is used, and every refusal is a :class:`NamFileError`
that says where the file is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nam_engine.atomic import atomic_write
from nam_engine.errors import ConfigError, NamFileError
from nam_engine.json_node import Node, quoted
from nam_engine.metadata import UserMetadata
from nam_engine.wavenet.config import WaveNetConfig
from nam_engine.wavenet.parse import MAX_SUBMODELS, parse_wavenet

__all__ = [
    "FILE_VERSION",
    "ContainerEntry",
    "NamContainer",
    "NamFile",
    "NamModel",
    "copy_nam",
    "encode_nam",
    "parse_nam",
    "read_document",
    "read_nam",
    "submodels_of",
    "write_nam",
]

FILE_VERSION = "0.7.0"
MAX_FILE_BYTES = 8 * 1024 * 1024
# A container has a few hundred; they are what makes decoding slow and large.
MAX_LISTS_AND_OBJECTS = 25_000


@dataclass(frozen=True)
class NamModel:
    """An ordinary WaveNet. ``weights`` is float32, ``head_scale`` last.

    The last weight is the head scale in force, as it is for the runtime.
    """

    config: WaveNetConfig
    weights: NDArray[np.float32]
    sample_rate_hz: int | None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        config = self.config.to_json(head_scale=float(self.weights[-1]))
        return _document(self, "WaveNet", config, self.weights.tolist())


@dataclass(frozen=True)
class ContainerEntry:
    """A model that plays while the size setting is below ``max_value``."""

    max_value: float
    model: NamModel


@dataclass(frozen=True)
class NamContainer:
    """Submodels by ascending ``max_value``; the last plays from there up."""

    entries: tuple[ContainerEntry, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sample_rate_hz(self) -> int | None:
        return self.entries[-1].model.sample_rate_hz

    def select(self, slim: float) -> NamModel:
        """The model that the runtime plays at a size setting of 0 to 1."""
        for entry in self.entries:
            if slim < entry.max_value:
                return entry.model
        return self.entries[-1].model

    def to_json(self) -> dict[str, Any]:
        submodels = [{"max_value": e.max_value, "model": e.model.to_json()} for e in self.entries]
        return _document(self, "SlimmableContainer", {"submodels": submodels}, [])


NamFile = NamModel | NamContainer


def submodels_of(file: NamFile) -> list[tuple[str, NamModel]]:
    """The models in a file with a name of its own for each, smallest first.

    It is named after its width (``channels_8``).
    """
    models = [file] if isinstance(file, NamModel) else [e.model for e in file.entries]
    named: dict[str, NamModel] = {}
    for model in models:
        width = f"channels_{model.config.layer_arrays[0].channels}"
        same = sum(name.split()[0] == width for name in named)
        named[f"{width} ({same + 1})" if same else width] = model
    return list(named.items())


def _document(
    file: NamFile, architecture: str, config: dict[str, Any], weights: list[float]
) -> dict[str, Any]:
    """What every .nam file has around its configuration and weights."""
    document: dict[str, Any] = {
        "version": FILE_VERSION,
        "metadata": dict(file.metadata),
        "architecture": architecture,
        "config": config,
        "weights": weights,
    }
    if file.sample_rate_hz is not None:
        document["sample_rate"] = file.sample_rate_hz
    return document


def encode_nam(content: NamFile) -> bytes:
    """The content of a .nam file. Raises ValueError where a weight is not finite."""
    return json.dumps(content.to_json(), allow_nan=False).encode()


def write_nam(path: Path, content: NamFile) -> None:
    """Write a .nam file atomically. Raises NamFileError where that fails."""
    _write(path, encode_nam(content))


def copy_nam(source: Path, target: Path, user: UserMetadata) -> None:
    """Copy a .nam file atomically with what the user says now; all else stays as it is.

    ``target`` is replaced. Raises NamFileError where ``source`` is no model that can be
    played, or ``target`` cannot be written.
    """
    document = read_document(source)
    metadata = parse_nam(document, source.name).metadata
    assert isinstance(document.value, dict)
    changed = {**document.value, "metadata": {**metadata, **user.to_json()}}
    try:
        content = json.dumps(changed, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _damaged(source.name, error) from error
    _write(target, content)


def _write(path: Path, content: bytes) -> None:
    try:
        with atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise NamFileError(
            f"{path} cannot be written ({error.strerror}).",
            "Choose another folder or free some space.",
        ) from error


def read_nam(path: Path) -> NamFile:
    """Read a .nam file. Raises NamFileError that says what is wrong and where."""
    return parse_nam(read_document(path), path.name)


def read_document(path: Path) -> Node:
    """The JSON of a .nam file, of bounded size. Raises NamFileError where it is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise NamFileError(
            f"{path} cannot be read ({error.strerror}).", "Check the name and the folder."
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise NamFileError(
            f"{path.name} is larger than {MAX_FILE_BYTES // 2**20} MiB; no .nam file of this"
            " kind is."
        )
    if content.count(b"[") + content.count(b"{") > MAX_LISTS_AND_OBJECTS:
        raise NamFileError(f"{path.name} has more parts than any .nam file.")
    try:
        return Node(json.loads(content, parse_constant=_refuse_constant), "")
    except (ValueError, RecursionError) as error:
        raise _damaged(path.name, error) from error


def parse_nam(document: Node, name: str) -> NamFile:
    """What a .nam file called ``name`` holds. Raises NamFileError as :func:`read_nam`."""
    try:
        if document["architecture"].text() == "SlimmableContainer":
            return _parse_container(document)
        return _parse_model(document)
    except ConfigError as error:
        raise NamFileError(f"{name}: {error.message}", error.remedy) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> NamFileError:
    return NamFileError(
        f"{name} is not readable as JSON ({error}).",
        "The file is damaged or not a .nam file; get it again.",
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _parse_container(root: Node) -> NamContainer:
    _require_version(root)
    submodels = root["config"]["submodels"]
    if not 1 <= len(submodels) <= MAX_SUBMODELS:
        raise ConfigError(
            f"{submodels.where} has {len(submodels)} entries; 1 to {MAX_SUBMODELS} are possible."
        )
    entries: list[ContainerEntry] = []
    for item in submodels:
        entry = ContainerEntry(item["max_value"].number(), _parse_model(item["model"]))
        if entries and entry.max_value <= entries[-1].max_value:
            raise ConfigError(
                f"{item.where}.max_value is {entry.max_value} after"
                f" {entries[-1].max_value}; values must ascend."
            )
        if entries and entry.model.sample_rate_hz != entries[0].model.sample_rate_hz:
            raise ConfigError(
                f"{item.where}.model.sample_rate is {entry.model.sample_rate_hz} but the first"
                f" submodel's is {entries[0].model.sample_rate_hz}; they must be equal."
            )
        entries.append(entry)
    if len(root["weights"]):
        raise ConfigError(f"weights has {len(root['weights'])} entries; a container has none.")
    sample_rate_hz = _sample_rate(root)
    if sample_rate_hz is not None and sample_rate_hz != entries[-1].model.sample_rate_hz:
        raise ConfigError(
            f"sample_rate is {sample_rate_hz} but the submodels' is"
            f" {entries[-1].model.sample_rate_hz}; they must be equal."
        )
    if entries[-1].max_value < 1.0:
        raise ConfigError(
            f"{submodels.where}: the last max_value is {entries[-1].max_value};"
            " it must be at least 1."
        )
    return NamContainer(tuple(entries), _metadata(root))


def _parse_model(root: Node) -> NamModel:
    _require_version(root)
    architecture = root["architecture"]
    if architecture.text() != "WaveNet":
        raise ConfigError(
            f"{architecture.where} is {quoted(architecture.text())};"
            " only WaveNet and SlimmableContainer are supported."
        )
    config = parse_wavenet(root["config"])
    weights = _weights(root["weights"], config.weight_count)
    return NamModel(config, weights, _sample_rate(root), _metadata(root))


def _sample_rate(root: Node) -> int | None:
    return root["sample_rate"].integer(1_000, 1_000_000) if "sample_rate" in root else None


def _require_version(root: Node) -> None:
    version = root["version"]
    if not re.fullmatch(r"0\.7\.\d{1,4}", version.text()):
        raise ConfigError(
            f"{version.where} is {quoted(version.text())}; only 0.7 is supported.",
            "Open it with the program that made it and export it again.",
        )


def _weights(node: Node, expected: int) -> NDArray[np.float32]:
    if len(node) != expected:
        raise ConfigError(
            f"{node.where} has {len(node)} entries but the configuration needs {expected}."
        )
    values = node.value
    assert isinstance(values, list)
    if not set(map(type, values)) <= {int, float}:
        for item in node:
            item.number()  # refuses the first that is none
    try:
        weights = np.array(values, dtype=np.float64)
    except OverflowError:  # an integer beyond any float
        weights = np.array([np.inf])
    if not (np.abs(weights) <= np.finfo(np.float32).max).all():
        raise ConfigError(f"{node.where} contains a weight that is not a finite 32-bit number.")
    return weights.astype(np.float32)


def _metadata(root: Node) -> Mapping[str, Any]:
    metadata = root.get("metadata", {})
    metadata.keys()
    try:
        # Must be writable again: no infinities.
        json.dumps(metadata.value, allow_nan=False)
    except ValueError:
        raise ConfigError(f"{metadata.where} contains a number that is not finite.") from None
    assert isinstance(metadata.value, dict)
    return metadata.value
