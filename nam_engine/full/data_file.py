"""data.json: which recordings, and which part of them, train and validate."""

from __future__ import annotations

import json
from pathlib import Path

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full.description import (
    DEFAULT_PRE_SILENCE_SECONDS,
    DataDescription,
    PairDescription,
)
from nam_engine.full.json_file import JsonFile, integer_or_none
from nam_engine.json_node import Node, quoted

__all__ = ["parse_data"]

MAX_PAIRS = 1000
MAX_SAMPLES = 10**10  # two days at 48 kHz
MAX_SECONDS = 1e6
MAX_GAIN_DB = 200.0
MAX_SCALE = 1e6
MAX_SHOWN = 300
MAX_RATE_HZ = 1_000_000

NORMALIZE = "nam.data.normalize_joint_dataset_output"

TOP_LEVEL = ("type", "common", "train", "validation", "joint")
PLACES = {
    "start": ("start", "start_samples", "start_seconds"),
    "stop": ("stop", "stop_samples", "stop_seconds"),
}
PAIR = (
    "x_path",
    "y_path",
    *PLACES["start"],
    *PLACES["stop"],
    "delay",
    "nx",
    "ny",
    "y_scale",
    "input_gain",
    "sample_rate",
    "y_preroll",
    "allow_unequal_lengths",
    "require_input_pre_silence",
)


def parse_data(file: JsonFile) -> DataDescription:
    """What the data file asks for; all recordings that it names exist."""
    root = file.root
    file.warn_of_unknown(root, TOP_LEVEL)
    if root.get("type", "dataset").text() != "dataset":
        raise UnsupportedError(
            f"type is {quoted(root['type'].text())}; other kinds of data need code of their own.",
            'Remove it, or write "dataset".',
        )
    common = root.get("common", {})
    file.warn_of_unknown(common, PAIR)
    level = None
    for hook in root.get("joint", []):
        level = _level(hook)
    return DataDescription(
        train=_pairs(file, common, "train"),
        validation=_pairs(file, common, "validation"),
        level_rms_dbfs=level,
    )


def _level(hook: Node) -> float:
    """The level that a normalisation of all targets brings them to."""
    if hook["name"].text() != NORMALIZE:
        raise UnsupportedError(
            f"{hook.where}.name is {quoted(hook['name'].text())}; anything but {NORMALIZE} would"
            " run code that the file names.",
            "Remove it, and change the recordings beforehand where that is needed.",
        )
    args, kwargs = list(hook.get("args", [])), hook.get("kwargs", {})
    if extra := sorted(set(kwargs.keys()) - {"level_rms_dbfs"}):
        raise ConfigError(f"{kwargs[extra[0]].where} is not known; level_rms_dbfs is.")
    if len(args) + len(kwargs.keys()) > 1:
        raise ConfigError(f"{hook.where} gives more than one level; it needs one.")
    level = args[0] if args else kwargs["level_rms_dbfs"]
    return level.between(-MAX_GAIN_DB, MAX_GAIN_DB)


def _pairs(file: JsonFile, common: Node, split: str) -> tuple[PairDescription, ...]:
    node = file.root[split]
    entries = list(node) if isinstance(node.value, list) else [node]
    if not 1 <= len(entries) <= MAX_PAIRS:
        raise ConfigError(f"{split} has {len(entries)} entries; 1 to {MAX_PAIRS} are possible.")
    views = [_Pair(file, common, entry) for entry in entries]
    pairs = tuple(view.parse(ny_required=split == "train") for view in views)
    for view, pair in zip(views, pairs, strict=True):
        if pair.ny != pairs[0].ny:
            raise ConfigError(
                f"{view.get('ny').where} is {_count(pair.ny)} but that of {pairs[0].where} is"
                f" {_count(pairs[0].ny)}; all entries of {split} must agree."
            )
    return pairs


def _count(ny: int | None) -> str:
    return "null" if ny is None else str(ny)


class _Pair:
    """An entry over what is common: its own keys come first, even where they are null."""

    def __init__(self, file: JsonFile, common: Node, entry: Node) -> None:
        self._file, self._common, self._entry = file, common, entry
        file.warn_of_unknown(entry, PAIR)

    def _owner(self, key: str) -> Node:
        own = self._entry.has(key) or not self._common.has(key)
        return self._entry if own else self._common

    def has(self, key: str) -> bool:
        return key in self._owner(key)

    def get(self, key: str, default: object = None) -> Node:
        return self._owner(key).get(key, default)

    def needed(self, key: str) -> Node:
        return self._owner(key)[key]

    def parse(self, *, ny_required: bool) -> PairDescription:
        if self.has("nx"):
            self._file.warn(
                f"{self.get('nx').where} has no effect: the network's receptive field counts."
            )
        ny = self.needed("ny") if ny_required else self.get("ny")
        scale = self.get("y_scale", 1.0)
        if scale.between(-MAX_SCALE, MAX_SCALE) == 0:
            raise ConfigError(f"{scale.where} is 0, which would silence the output.")
        return PairDescription(
            where=self._entry.where,
            x_path=self._recording("x_path"),
            y_path=self._recording("y_path"),
            start=self._place("start"),
            stop=self._place("stop"),
            delay_samples=self.get("delay", 0).integer(-MAX_SAMPLES, MAX_SAMPLES),
            ny=integer_or_none(ny, 1, MAX_SAMPLES),
            y_scale=scale.number(),
            input_gain_db=self.get("input_gain", 0.0).between(-MAX_GAIN_DB, MAX_GAIN_DB),
            sample_rate_hz=integer_or_none(self.get("sample_rate"), 1000, MAX_RATE_HZ),
            y_preroll_samples=self.get("y_preroll", 0).integer(0, MAX_SAMPLES),
            allow_unequal_lengths=self.get("allow_unequal_lengths", False).boolean(),
            pre_silence_seconds=self._pre_silence(),
        )

    def _place(self, which: str) -> int | float | None:
        """Samples as int, seconds as float."""
        given = [key for key in PLACES[which] if self.has(key)]
        if len(given) > 1:
            raise ConfigError(
                f"{self.get(given[1]).where} stands beside {self.get(given[0]).where};"
                " only one of them can count."
            )
        if not given:
            return None
        (key,) = given
        node = self.get(key)
        if key.endswith("_seconds"):
            return node.between(-MAX_SECONDS, MAX_SECONDS)
        if key == which:
            self._file.warn(f"{node.where} is an old name; call it {key}_samples.")
        return node.integer(-MAX_SAMPLES, MAX_SAMPLES)

    def _pre_silence(self) -> float | None:
        key = "require_input_pre_silence"
        if not self._owner(key).has(key):
            return DEFAULT_PRE_SILENCE_SECONDS
        node = self.needed(key)
        if node.value is None or node.value is False:  # the official trainer itself writes false
            return None
        return node.between(0, MAX_SECONDS)

    def _recording(self, key: str) -> Path:
        """An existing file: from where the program was started, or beside the data file."""
        node = self.needed(key)
        path = Path(node.text())
        for folder in (Path(), self._file.path.parent):
            if (found := _existing(folder, path)) is not None:
                return found
        shown = json.dumps(node.text()[:MAX_SHOWN], ensure_ascii=False)
        raise ConfigError(
            f"{node.where}: {shown} does not exist, or is no file.",
            "Relative paths count from the current folder or from that of the data file.",
        )


def _existing(folder: Path, path: Path) -> Path | None:
    try:
        candidate = folder / path.expanduser()
        return candidate.absolute() if candidate.is_file() else None
    except (OSError, RuntimeError, ValueError):  # too long, nobody's home, a zero in it
        return None
