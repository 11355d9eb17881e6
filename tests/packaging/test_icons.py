"""The icons that are drawn from the one SVG, each in every size that its system asks for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("PySide6.QtGui", exc_type=ImportError)  # where the system lacks what Qt needs

PACKAGING = Path(__file__).parents[2] / "packaging"


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sys.path.insert(0, str(PACKAGING))
    try:
        from icons import write_icons
    finally:
        sys.path.remove(str(PACKAGING))
    folder = tmp_path_factory.mktemp("icons")
    write_icons(folder)
    return folder


@pytest.mark.parametrize("size", [16, 48, 256, 512])
def test_pictures_are_as_large_as_they_say_with_clear_corners(icons: Path, size: int) -> None:
    with Image.open(icons / f"icon_{size}.png") as image:
        assert image.size == (size, size)
        assert image.getpixel((0, 0))[3] == 0
        assert image.getpixel((size // 2, size // 2))[3] == 255


def test_windows_gets_all_its_sizes(icons: Path) -> None:
    with Image.open(icons / "icon.ico") as image:
        assert {width for width, _ in image.info["sizes"]} == {16, 24, 32, 48, 64, 128, 256}


def test_macos_gets_sizes_up_to_retina(icons: Path) -> None:
    with Image.open(icons / "icon.icns") as image:
        assert (512, 512, 2) in image.info["sizes"]
