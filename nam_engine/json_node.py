"""Typed, located access to JSON that comes from others.

A :class:`Node` pairs a decoded JSON value with the path at which it stands, so
that every refusal can say exactly where the file is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from nam_engine.errors import ConfigError

__all__ = ["Node", "describe", "quoted"]

WHOLE = "what it holds"  # stands behind the name of a file
_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def describe(value: object) -> str:
    """A short description of a JSON value for an error message."""
    kind = _KINDS.get(type(value), type(value).__name__)
    return f"{kind} ({quoted(value)})" if isinstance(value, (bool, int, float, str)) else kind


def quoted(value: float | str) -> str:
    """A scalar as JSON, at most 40 characters of it: safe in any message."""
    if isinstance(value, int) and abs(value) >= 10**18:
        return "too large to show"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


@dataclass(frozen=True)
class Node:
    """A decoded JSON ``value`` and ``where`` it stands; empty for the whole of a document."""

    value: object
    where: str

    def wrong(self, expected: str) -> ConfigError:
        """The error for a value that is not what was ``expected`` here."""
        place = self.where or WHOLE
        return ConfigError(f"{place} should be {expected} but is {describe(self.value)}.")

    def _mapping(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def _at(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def keys(self) -> list[str]:
        return list(self._mapping())

    def __contains__(self, key: str) -> bool:
        """Whether ``key`` is present with a value other than null."""
        return self._mapping().get(key) is not None

    def has(self, key: str) -> bool:
        """Whether ``key`` is present, be it with null."""
        return key in self._mapping()

    def __getitem__(self, key: str) -> Node:
        mapping = self._mapping()
        if key not in mapping:
            raise ConfigError(f"{self._at(key)} is missing.")
        return Node(mapping[key], self._at(key))

    def get(self, key: str, default: object = None) -> Node:
        """The value at ``key``, or ``default`` where it is absent or null."""
        value = self._mapping().get(key)
        return Node(default if value is None else value, self._at(key))

    def __iter__(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        for i, item in enumerate(self.value):
            yield Node(item, f"{self.where}[{i}]")

    def __len__(self) -> int:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return len(self.value)

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def number(self) -> float:
        """A finite number. JSON integers too large for a float are refused."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self.wrong("a number")
        try:
            number = float(self.value)
        except OverflowError:
            raise self.wrong("a finite number") from None
        if not math.isfinite(number):
            raise self.wrong("a finite number")
        return number

    def between(self, minimum: float, maximum: float) -> float:
        """A number in ``minimum .. maximum``."""
        number = self.number()
        if not minimum <= number <= maximum:
            raise self.wrong(f"a number between {minimum:g} and {maximum:g}")
        return number

    def integer(self, minimum: int, maximum: int) -> int:
        """An integer in ``minimum .. maximum``; ``2.0`` counts as one."""
        number = self.number()
        if not number.is_integer() or not minimum <= number <= maximum:
            raise self.wrong(f"an integer between {minimum} and {maximum}")
        return int(number)
