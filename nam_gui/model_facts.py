"""What is in a .nam file of whatever origin, as far as it can be told without playing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from nam_engine.errors import ConfigError, NamFileError
from nam_engine.json_node import Node
from nam_engine.nam_file import (
    NamContainer,
    NamFile,
    NamModel,
    parse_nam,
    read_document,
    submodels_of,
)
from nam_engine.presets import A2, A2_TITLES
from nam_engine.wavenet.parse import MAX_SUBMODELS, parse_packed

__all__ = ["ModelFacts", "Size", "read_facts", "shortened"]

T = TypeVar("T")

MAX_CHARACTERS = 200


@dataclass(frozen=True)
class Size:
    """One network of a file; it plays while Slim (0 to 1) is below ``max_value``."""

    title: str
    weights: int
    receptive_field_samples: int
    max_value: float


@dataclass(frozen=True)
class ModelFacts:
    """What is not known is empty or None. A text is one line of at most 200 characters.

    ``sizes``, smallest first, are known of what this program can play, ``weights`` of others.
    ``trained_esr`` is by submodel. ``problem`` says why the file cannot be played.
    """

    path: Path
    architecture: str = ""
    sizes: tuple[Size, ...] = ()
    weights: int | None = None
    sample_rate_hz: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    day: date | None = None
    trained_esr: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""


TEXTS = ("name", "modeled_by", "gear_make", "gear_model", "gear_type", "tone_type")
NUMBERS = ("input_level_dbu", "output_level_dbu", "loudness", "gain")


def read_facts(path: Path) -> ModelFacts:
    """Everything that can be read; what is wrong is told by ``problem``. Raises nothing."""
    try:
        document = read_document(path)
    except NamFileError as error:
        return ModelFacts(path, problem=str(error))
    facts = _loosely(path, document)
    try:
        file = parse_nam(document, path.name)
    except NamFileError as error:
        return replace(facts, problem=str(error))
    return replace(facts, sizes=_sizes(file))


def _sizes(file: NamFile) -> tuple[Size, ...]:
    limits = [e.max_value for e in file.entries] if isinstance(file, NamContainer) else [1.0]
    return tuple(
        Size(_title(model), len(model.weights), model.config.receptive_field, limit)
        for (_, model), limit in zip(submodels_of(file), limits, strict=True)
    )


def _title(model: NamModel) -> str:
    """A2-Lite or A2-Full for what is built exactly so."""
    for preset in parse_packed(A2).submodels:
        if preset.config.layer_arrays == model.config.layer_arrays:
            return A2_TITLES[preset.name]
    return f"WaveNet {model.config.layer_arrays[0].channels}"


def _loosely(path: Path, document: Node) -> ModelFacts:
    """What any version of the format and any architecture has in common."""
    metadata = _part(document, "metadata")
    architecture = _read(document, "architecture", _text) or ""
    texts = {key: _read(metadata, key, _text) for key in TEXTS}
    numbers = {key: _read(metadata, key, Node.number) for key in NUMBERS}
    return ModelFacts(
        path,
        architecture=architecture,
        weights=_read(document, "weights", len) or None,
        sample_rate_hz=_read(document, "sample_rate", _sample_rate),
        texts={key: text for key, text in texts.items() if text},
        numbers={key: number for key, number in numbers.items() if number is not None},
        day=_day(_part(metadata, "date")),
        trained_esr=_trained_esr(_part(metadata, "training"), architecture),
    )


def _read(node: Node, key: str, reader: Callable[[Node], T]) -> T | None:
    """What is absent or not as it should be is not known."""
    try:
        return reader(node[key])
    except ConfigError:
        return None


def _part(node: Node, key: str) -> Node:
    """An object, empty where there is none."""
    part = _read(node, key, lambda value: value)
    return part if part is not None and isinstance(part.value, dict) else Node({}, "")


def _text(node: Node) -> str:
    return _line(node.text())


def _sample_rate(node: Node) -> int:
    return node.integer(1_000, 1_000_000)


def _day(node: Node) -> date | None:
    try:
        return date(*(node[key].integer(1, 9999) for key in ("year", "month", "day")))
    except (ConfigError, ValueError):
        return None


def _trained_esr(training: Node, architecture: str) -> dict[str, float]:
    by_submodel = _part(training, "submodel_validation_esr")
    found = {
        _line(name): _read(by_submodel, name, Node.number)
        for name in by_submodel.keys()[:MAX_SUBMODELS]
    }
    found = found or {architecture: _read(training, "validation_esr", Node.number)}
    return {name: esr for name, esr in found.items() if esr is not None}


def _line(text: str) -> str:
    """Printable, one line, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:10_000]).split())
    return shortened(line, MAX_CHARACTERS)


def shortened(text: str, characters: int) -> str:
    """At most so many characters of a text, and a sign that there were more."""
    return text if len(text) <= characters else f"{text[:characters]}…"
