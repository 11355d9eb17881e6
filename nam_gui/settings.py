"""What the window remembers from one start to the next: one JSON file, read with suspicion."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_path, user_documents_path
from PySide6.QtCore import QCoreApplication

from nam_engine.atomic import atomic_write
from nam_engine.device_report import DEVICES
from nam_engine.errors import ConfigError
from nam_engine.json_node import Node
from nam_engine.json_text import to_json
from nam_engine.metadata import MAX_LEVEL_DBU, GearType, ToneType, UserMetadata
from nam_engine.presets import RECIPES

__all__ = [
    "EPOCH_PRESETS",
    "MAX_EPOCHS",
    "MAX_TEXT",
    "NAME_TEMPLATE",
    "TEXT_PERCENTS",
    "THEMES",
    "Settings",
    "default_output_folder",
    "default_path",
    "load",
    "save",
]

EPOCH_PRESETS = {name: RECIPES[name].epochs for name in ("draft", "standard", "best")}
"""How long to train, by name."""

THEMES = ("system", "light", "dark")
NAME_TEMPLATE = "{recording}"
TEXT_PERCENTS = (100, 110, 125, 150, 175, 200)

SCHEMA = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By schema: what turns a document of it into one of the next."""

MAX_BYTES = 1_000_000
MAX_EPOCHS = 100_000
MAX_RECENT_FOLDERS = 10
MAX_TEXT = 4_096


@dataclass(frozen=True)
class Settings:
    """Everything that is remembered. Folders are absolute.

    ``output_folder`` None is :func:`default_output_folder`, ``export_folder`` None none in
    particular. ``name_template`` is what exported files are called, see ``export.py``.
    ``metadata`` is what new recordings begin with. ``window_geometry`` is Qt's, as base64;
    the latest of the ``recent_folders`` is the first.
    """

    device: str = "auto"
    epochs: int = EPOCH_PRESETS["standard"]
    target_esr: float | None = None
    output_folder: Path | None = None
    export_folder: Path | None = None
    name_template: str = NAME_TEMPLATE
    theme: str = "system"
    text_percent: int = 100
    metadata: UserMetadata = field(default_factory=UserMetadata)
    window_geometry: str = ""
    recent_folders: tuple[Path, ...] = ()

    def with_recent_folder(self, folder: Path) -> Settings:
        """``folder`` comes first; the oldest is forgotten when there are too many."""
        others = [known for known in self.recent_folders if known != folder]
        return replace(self, recent_folders=(folder, *others)[:MAX_RECENT_FOLDERS])

    def to_json(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("output_folder", "export_folder"):
            values[name] = None if values[name] is None else str(values[name])
        values["recent_folders"] = [str(folder) for folder in self.recent_folders]
        values["metadata"] = self.metadata.to_json()
        return {"schema": SCHEMA, **values}


def default_path() -> Path:
    """Where the system wants the settings of this user's programs."""
    return user_config_path("nam-a2-trainer", appauthor=False) / "settings.json"


def default_output_folder() -> Path:
    """Where captures go if the user wants them nowhere else."""
    return user_documents_path() / "NAM captures"


def load(path: Path) -> tuple[Settings, str]:
    """The settings in ``path`` and a sentence for the user if not all is well, else ``""``.

    Raises nothing. A value of the wrong type falls back to its default alone; a file that is
    no settings file of ours at all is renamed to ``settings.broken.json``; one of a newer
    version of the program is left alone.
    """
    try:
        document = _read(path)
        return _from_json(document), ""
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), _tr("The settings cannot be read ({reason}).").format(
            reason=error.strerror
        )
    except _NewerError:
        return Settings(), _newer_sentence()
    except ConfigError:
        return Settings(), _set_aside(path)


def save(path: Path, settings: Settings) -> str:
    """Write ``settings`` to ``path``; returns a sentence for the user if that failed, else ``""``.

    Raises nothing. A file that a newer version of the program wrote, or that cannot be read,
    is left alone.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _may_be_replaced(path):
            with atomic_write(path) as file:
                file.write(to_json(settings.to_json(), indent=2).encode() + b"\n")
            return ""
    except OSError as error:
        return _tr("The settings cannot be saved ({reason}).").format(reason=error.strerror)
    return _newer_sentence()


class _NewerError(Exception):
    """The file is of a schema after ours."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Settings", text)


def _newer_sentence() -> str:
    return _tr(
        "The settings are those of a newer version of this program. They are left as they are,"
        " and this one uses its own until it is closed."
    )


def _set_aside(path: Path) -> str:
    aside = path.with_name(f"{path.stem}.broken{path.suffix}")
    try:
        os.replace(path, aside)
    except OSError as error:
        return _tr("The settings are damaged and cannot be set aside ({reason}).").format(
            reason=error.strerror
        )
    return _tr("The settings were damaged. They are kept as {name}, and all is as new.").format(
        name=aside.name
    )


def _may_be_replaced(path: Path) -> bool:
    """Raises OSError where that cannot be told."""
    try:
        _read(path)
    except _NewerError:
        return False
    except (FileNotFoundError, ConfigError):
        pass
    return True


def _read(path: Path) -> Node:
    """The document in ``path``, in our schema. Raises OSError, ConfigError or _NewerError."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConfigError("The settings are too large.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError("The settings are no JSON.") from error
    schema = Node(document, "")["schema"].integer(1, 10**9)
    if schema > SCHEMA:
        raise _NewerError
    for older in range(schema, SCHEMA):
        document = MIGRATIONS[older](document)
    return Node(document, "")


def _from_json(document: Node) -> Settings:
    return Settings(**_values(document, _SETTINGS))


def _metadata(node: Node) -> UserMetadata:
    return UserMetadata(**_values(node, _METADATA))


def _values(node: Node, readers: Mapping[str, Callable[[Node], object]]) -> dict[str, Any]:
    """What can be read at the readers' keys; what is absent, null or wrong is left out."""
    values = {}
    for key in filter(node.__contains__, readers):
        try:
            values[key] = readers[key](node[key])
        except ConfigError:
            continue
    return values


def _text(node: Node) -> str:
    text = node.text()
    if not text.strip() or len(text) > MAX_TEXT:
        raise node.wrong(f"a text of at most {MAX_TEXT} characters")
    return text


def _folder(node: Node) -> Path:
    text = node.text()
    if len(text) > MAX_TEXT or "\0" in text or not Path(text).is_absolute():
        raise node.wrong("an absolute path")
    return Path(text)


def _recent_folders(node: Node) -> tuple[Path, ...]:
    return tuple(map(_folder, node))[:MAX_RECENT_FOLDERS]


def _geometry(node: Node) -> str:
    try:
        base64.b64decode(node.text(), validate=True)
    except ValueError:
        raise node.wrong("base64") from None
    return node.text()


def _esr(node: Node) -> float:
    esr = node.number()
    if not 0 < esr < 1:
        raise node.wrong("between 0 and 1")
    return esr


def _level(node: Node) -> float:
    level_dbu = node.number()
    if abs(level_dbu) > MAX_LEVEL_DBU:
        raise node.wrong(f"between -{MAX_LEVEL_DBU:g} and {MAX_LEVEL_DBU:g} dBu")
    return level_dbu


def _one_of(choices: tuple[str, ...]) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        if node.text() not in choices:
            raise node.wrong(f"one of {', '.join(choices)}")
        return node.text()

    return read


def _gear_type(node: Node) -> GearType:
    return GearType(_one_of(tuple(gear.value for gear in GearType))(node))


def _tone_type(node: Node) -> ToneType:
    return ToneType(_one_of(tuple(tone.value for tone in ToneType))(node))


_METADATA: dict[str, Callable[[Node], object]] = {
    "name": _text,
    "modeled_by": _text,
    "gear_make": _text,
    "gear_model": _text,
    "gear_type": _gear_type,
    "tone_type": _tone_type,
    "input_level_dbu": _level,
    "output_level_dbu": _level,
}
_SETTINGS: dict[str, Callable[[Node], object]] = {
    "device": _one_of(DEVICES),
    "epochs": lambda node: node.integer(1, MAX_EPOCHS),
    "target_esr": _esr,
    "output_folder": _folder,
    "export_folder": _folder,
    "name_template": _text,
    "theme": _one_of(THEMES),
    "text_percent": lambda node: node.integer(100, 200),
    "metadata": _metadata,
    "window_geometry": _geometry,
    "recent_folders": _recent_folders,
}
