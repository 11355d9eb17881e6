"""One of the three JSON files: read with suspicion, and what is said about it names it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from nam_engine.errors import ConfigError
from nam_engine.json_node import Node, quoted

__all__ = ["JsonFile", "integer_or_none"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_UNKNOWN = 20  # that are named, per object
COMMENT = "_"
TOO_DEEP = f"Lists and objects stand more than {MAX_DEPTH} deep in one another."


class JsonFile:
    """A file's content as it stands (``document``), to be parsed from ``root``.

    Keys that begin with ``_`` are comments and not in ``root``. ``warnings`` are sentences.
    Raises ConfigError where the file cannot be read or is no JSON object.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document = _decoded(_content(path), path.name)
        with self.named():
            self.root = Node(_without_comments(self.document, MAX_DEPTH), "")
        self._warnings: list[str] = []

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._warnings))

    def warn(self, sentence: str) -> None:
        self._warnings.append(f"{self.path.name}: {sentence}")

    def warn_of_unknown(self, node: Node, known: Collection[str]) -> None:
        """Warn of each key of ``node`` that is none of ``known``."""
        prefix = f"{node.where}." if node.where else ""
        unknown = sorted(set(node.keys()) - set(known))
        for key in unknown[:MAX_UNKNOWN]:
            close = get_close_matches(key[:100], known, n=1)
            guess = f"; did you mean {close[0]}?" if close else "."
            shown = prefix + quoted(key).strip('"')
            self.warn(f"{shown} is not known and has no effect{guess}")
        if (more := len(unknown) - MAX_UNKNOWN) > 0:
            self.warn(f"{node.where or 'It'} has {more} more keys that are not known.")

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put the file's name in front of a ConfigError from within."""
        try:
            yield
        except ConfigError as error:
            message = f"{self.path.name}: {error.message}"
            raise type(error)(message, error.remedy) from error


def integer_or_none(node: Node, low: int, high: int) -> int | None:
    return None if node.value is None else node.integer(low, high)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}).", "Check the name and the folder."
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"{path.name} is larger than {MAX_BYTES:,} bytes; no configuration is.",
            "Check that it is the right file.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path.name} is not a text in UTF-8 (byte {error.start:,}).",
            "Save it as UTF-8 in the editor.",
        ) from error


def _decoded(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(
            text,
            parse_constant=_refused_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
        json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            "Often a comma or a quotation mark is missing there, or a comma is one too many.",
        ) from error
    except UnicodeEncodeError as error:
        raise ConfigError(f"{name} has half a character in it (\\ud800 to \\udfff).") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: {TOO_DEEP}") from error
    except ValueError as error:
        raise ConfigError(f"{name} is not usable as JSON: {error}.") from error
    if not isinstance(document, dict):
        raise Node(document, name).wrong("an object")
    return document


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result and not key.startswith(COMMENT):
            raise ValueError(f"the key {quoted(key)} stands twice in one object")
        result[key] = value
    return result


def _without_comments(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ConfigError(TOO_DEEP)
    if isinstance(value, dict):
        items = ((k, v) for k, v in value.items() if not k.startswith(COMMENT))
        return {key: _without_comments(item, depth - 1) for key, item in items}
    if isinstance(value, list):
        return [_without_comments(item, depth - 1) for item in value]
    return value
