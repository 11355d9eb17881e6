"""What one start of the program asks for, and how it tells an earlier one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from nam_engine.errors import ConfigError
from nam_engine.json_node import Node
from nam_engine.json_text import to_json

__all__ = ["MAX_BYTES", "StartRequest"]

MAX_BYTES = 1_000_000
MAX_TOKEN = 256


@dataclass(frozen=True)
class StartRequest:
    """Open ``files`` (absolute), or load the demo, or with neither only come to the front.

    ``activation_token`` is what a Wayland desktop gives a program that the user has started, so
    that a window of it may come to the front.
    """

    files: tuple[Path, ...] = ()
    wants_demo: bool = False
    activation_token: str = ""

    def to_line(self) -> bytes:
        """One line of JSON."""
        document = {
            "files": [str(path) for path in self.files],
            "demo": self.wants_demo,
            "activation_token": self.activation_token,
        }
        return to_json(document).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> StartRequest:
        """Anybody may have written it. Raises ConfigError where it is no request."""
        try:
            node = Node(json.loads(line), "")
        except (ValueError, RecursionError) as error:
            raise ConfigError("It is no JSON.") from error
        files = tuple(_absolute(file) for file in node["files"])
        return cls(files, node["demo"].boolean(), _token(node["activation_token"]))


def _absolute(node: Node) -> Path:
    path = Path(node.text())
    if not path.is_absolute() or "\0" in node.text():
        raise node.wrong("an absolute path")
    return path


def _token(node: Node) -> str:
    text = node.text()
    if len(text) > MAX_TOKEN or not (text.isascii() and text.isprintable()):
        raise node.wrong("a short printable text")
    return text
