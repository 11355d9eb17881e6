from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_gui import settings
from nam_gui.settings import Settings, default_output_folder, default_path, load, save

METADATA = UserMetadata(
    name="Twin",
    modeled_by="Zoë",
    gear_make="Fender",
    gear_model="65",
    gear_type=GearType.AMP_CAB,
    tone_type=ToneType.CLEAN,
    input_level_dbu=12.25,
    output_level_dbu=-3.0,
)
OTHER = Settings(
    device="cuda",
    epochs=300,
    target_esr=0.004,
    output_folder=Path("/captures").absolute(),
    export_folder=Path("/models").absolute(),
    name_template="{recording} A2",
    theme="dark",
    text_percent=150,
    metadata=METADATA,
    window_geometry="AdnQywADAAA=",
    recent_folders=(Path("/one").absolute(), Path("/two").absolute()),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def write(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({"schema": 1, **values}))


def test_what_is_saved_is_loaded(path: Path) -> None:
    assert save(path, OTHER) == ""
    assert load(path) == (OTHER, "")
    same = [
        f.name for f in fields(Settings) if getattr(OTHER, f.name) == getattr(Settings(), f.name)
    ]
    assert same == []


def test_first_start_has_defaults_and_nothing_to_say(path: Path) -> None:
    assert load(path) == (Settings(), "")
    assert not path.exists()


def test_saving_makes_the_folder_and_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "settings.json"
    assert save(path, Settings()) == ""
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]
    assert load(path) == (Settings(), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"null",
        b'{"epochs": 20}',
        b'{"schema": "one"}',
        b'{"schema": 0}',
        b'{"schema": true}',
        b'{"schema": 1' + b"0" * 400 + b"}",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"schema": 1, "theme": "dark"}' + b" " * settings.MAX_BYTES,
    ],
)
def test_broken_file_is_set_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    loaded, sentence = load(path)
    assert loaded == Settings()
    assert "settings.broken.json" in sentence
    assert not path.exists()
    assert path.with_name("settings.broken.json").read_bytes() == content
    assert load(path) == (Settings(), "")


def test_newer_file_is_never_touched(path: Path) -> None:
    path.write_text('{"schema": 2, "theme": "dark"}')
    loaded, sentence = load(path)
    assert loaded == Settings()
    assert "newer version" in sentence
    assert "newer version" in save(path, OTHER)
    assert path.read_text() == '{"schema": 2, "theme": "dark"}'


def test_older_file_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(document: dict[str, Any]) -> dict[str, Any]:
        return {"theme": document["colours"]}

    monkeypatch.setattr(settings, "SCHEMA", 2)
    monkeypatch.setattr(settings, "MIGRATIONS", {1: rename})
    write(path, colours="dark")
    assert load(path) == (Settings(theme="dark"), "")


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("device", "abacus"),
        ("device", 1),
        ("epochs", 0),
        ("epochs", 1.5),
        ("epochs", True),
        ("epochs", "100"),
        ("target_esr", 0),
        ("target_esr", float("nan")),
        ("output_folder", "relative"),
        ("output_folder", "/nul\0"),
        ("output_folder", ""),
        ("export_folder", []),
        ("name_template", " "),
        ("name_template", "x" * 5_000),
        ("theme", None),
        ("text_percent", 99),
        ("text_percent", 1e400),
        ("metadata", ["name"]),
        ("window_geometry", "not base64!"),
        ("window_geometry", "é"),
        ("recent_folders", "text"),
        ("recent_folders", ["relative"]),
    ],
)
def test_wrong_value_loses_only_its_key(path: Path, key: str, wrong: Any) -> None:
    write(path, **{**OTHER.to_json(), key: wrong})
    assert load(path) == (replace(OTHER, **{key: getattr(Settings(), key)}), "")


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("name", 5),
        ("gear_type", "banjo"),
        ("tone_type", []),
        ("input_level_dbu", 61),
        ("output_level_dbu", "12"),
    ],
)
def test_wrong_metadata_loses_only_its_key(path: Path, key: str, wrong: Any) -> None:
    write(path, metadata={**METADATA.to_json(), key: wrong})
    assert load(path)[0].metadata == replace(METADATA, **{key: None})


def test_unknown_keys_are_kept_out(path: Path) -> None:
    write(path, theme="dark", surprise=1, metadata={"name": "Twin", "surprise": 2})
    loaded, sentence = load(path)
    assert (loaded, sentence) == (Settings(theme="dark", metadata=UserMetadata(name="Twin")), "")
    save(path, loaded)
    assert "surprise" not in path.read_text()


def test_recent_folders_are_few_and_unlike() -> None:
    remembered = Settings()
    for number in [*range(12), 5]:
        remembered = remembered.with_recent_folder(Path(f"/{number}"))
    assert [f.name for f in remembered.recent_folders] == list("5") + [
        str(n) for n in (11, 10, 9, 8, 7, 6, 4, 3, 2)
    ]


def test_hand_written_list_of_folders_is_cut(path: Path) -> None:
    write(path, recent_folders=[str(Path(f"/{n}").absolute()) for n in range(20)])
    assert len(load(path)[0].recent_folders) == 10


def test_folder_in_the_way_is_told(path: Path) -> None:
    path.mkdir()
    loaded, sentence = load(path)
    assert loaded == Settings()
    assert sentence.startswith("The settings cannot be read")
    assert save(path, Settings()).startswith("The settings cannot be saved")
    assert path.is_dir()


def test_full_disk_is_told_and_costs_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, OTHER)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in save(path, Settings())
    assert load(path) == (OTHER, "")
    assert len(list(path.parent.iterdir())) == 1


def test_broken_file_that_cannot_be_moved_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("{")

    def refuse(_source: Path, _target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    loaded, sentence = load(path)
    assert loaded == Settings()
    assert "Permission denied" in sentence
    assert path.exists()


def test_default_places() -> None:
    assert default_path().name == "settings.json"
    assert default_path().is_absolute()
    assert default_output_folder().name == "NAM captures"


def test_settings_load_no_widgets_and_no_torch() -> None:
    code = (
        "import sys, nam_gui.settings;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'PySide6.QtWidgets', 'PySide6.QtGui')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
