"""The wheel and the source archive contain what they should and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nam_engine", "nam_gui")
INFO = "nam_a2_trainer-"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both archives."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def sources(*folders: str) -> set[str]:
    """Every file in them but caches, which git does not see either."""
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    names = {path.relative_to(ROOT).as_posix() for path in files}
    return {name for name in names if "cache" not in name}


def test_wheel_has_every_file_of_both_packages_and_the_icon(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith(INFO)}
    assert names == sources(*PACKAGES) | {"nam_gui/icon.svg"}
    assert {"nam_engine/py.typed", "nam_gui/py.typed"} <= names


def test_wheel_brings_both_commands_and_the_licence(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        info = {
            name.partition("/")[2]: name for name in archive.namelist() if name.startswith(INFO)
        }
        commands = archive.read(info["entry_points.txt"]).decode()
    assert "nam-engine = nam_engine.cli:main" in commands
    assert "nam-gui = nam_gui.app:main" in commands
    assert "licenses/LICENSE" in info


def test_source_archive_builds_tests_and_packs_the_program(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert sources(*PACKAGES, "resources", "packaging") <= names
    wanted = ("pyproject.toml", "LICENSE", "README.md", "docs/packaging.md", "tests/conftest.py")
    assert names.issuperset(wanted)
