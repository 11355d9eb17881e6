"""The licences of the libraries that this program is made with."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

__all__ = ["installed_libraries", "licences_file", "read_licences"]

MAX_BYTES = 10_000_000
MAX_LICENCE = 100
NAME = re.compile(r"[\w.-]+")
CLASSIFIER = "License ::"


def licences_file() -> Path | None:
    """All the texts in one file, which those who build the installers put beside this module."""
    path = Path(__file__).with_name("LICENCES.txt")
    return path if path.is_file() else None


def read_licences(path: Path) -> str:
    """What is in the file, at most 10 MB of it. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES).decode("utf-8", errors="replace")


def installed_libraries() -> list[str]:
    """Name, version and licence of each library that pip has installed for this program."""
    needed = (need for need in requires("nam-a2-trainer") or () if "extra ==" not in need)
    names = {found.group() for need in needed if (found := NAME.match(need))}
    return [line for name in sorted(names, key=str.lower) if (line := _line(name))]


def _line(name: str) -> str:
    try:
        known = metadata(name)
    except PackageNotFoundError:  # not needed on this system
        return ""
    licences = known.get_all("License-Expression", []) or known.get_all("License", [])
    if not licences or len(licences[0]) > MAX_LICENCE:  # some put the whole text there
        kinds = known.get_all("Classifier", [])
        licences = [c.split(" :: ")[-1] for c in kinds if c.startswith(CLASSIFIER)]
    return f"{known['Name']} {known['Version']}: {', '.join(licences) or '?'}"
