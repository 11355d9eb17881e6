"""The licences of everything that a bundle contains, as one text."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

__all__ = ["licences"]

RULE = "=" * 78
OURS, UNKNOWN = "nam-a2-trainer", "UNKNOWN"
LGPL_3 = [Path(__file__).parent / "texts" / name for name in ("LGPL-3.0.txt", "GPL-3.0.txt")]
"""Qt's packages say that it is theirs and bring no text. The first refers to the second."""


def licences(modules: Iterable[str], libraries: Iterable[Path]) -> str:
    """What is to be said of Python ``modules``, and of ``libraries`` that are from the system.

    Raises CalledProcessError where pip-licenses fails, LookupError for a package without a text.
    """
    known = packages_distributions()
    packages = {name for module in modules for name in known.get(module.split(".")[0], ())}
    sections = [
        "NAM A2 Trainer contains the software of others that is named here, under these licences.",
        _python(),
        *_packages(sorted(packages - {OURS})),
        *_system_packages(libraries),
        *map(_read, LGPL_3),
    ]
    return f"\n\n{RULE}\n".join(sections)


def _python() -> str:
    folders = (Path(os.__file__).parent, Path(sys.base_prefix))
    texts = [path for folder in folders for path in sorted(folder.glob("LICENSE*"))]
    if not texts:
        raise LookupError(f"Python's licence is in none of {', '.join(map(str, folders))}.")
    return f"Python {sys.version.split()[0]}\n\n{_read(texts[0])}"


def _packages(names: list[str]) -> list[str]:
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--with-system"]
    options = ["--with-urls", "--with-license-file", "--no-license-path", "--packages", *names]
    utf8 = {**os.environ, "PYTHONUTF8": "1"}  # or it would write as the system does
    told = subprocess.run([*command, *options], check=True, capture_output=True, env=utf8)
    return [_package(each) for each in json.loads(told.stdout)]


def _package(known: dict[str, str]) -> str:
    text = known["LicenseText"].strip()
    if text == UNKNOWN:
        if not known["License"].startswith("LGPL-3.0"):
            raise LookupError(f"{known['Name']} has no text of its licence.")
        text = "Under the GNU Lesser General Public License 3, which is at the end of this text."
    heading = f"{known['Name']} {known['Version']}: {known['License']}"
    return "\n".join([heading, *(url for url in [known["URL"]] if url != UNKNOWN), "", text])


def _system_packages(libraries: Iterable[Path]) -> list[str]:
    """Debian and its kin know where a library is from; elsewhere none is taken from the system."""
    if shutil.which("dpkg-query") is None:
        return []
    names = set()
    for library in libraries:
        # The list of files may know a library by its place before or after /usr was merged.
        command = ["dpkg-query", "--search", f"*/{library.resolve().name}"]
        found = subprocess.run(command, check=False, capture_output=True, text=True)
        names |= {line.split(":")[0] for line in found.stdout.splitlines()}
    texts = {name: Path("/usr/share/doc", name, "copyright") for name in sorted(names)}
    return [f"{name}\n\n{_read(path)}" for name, path in texts.items() if path.is_file()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
