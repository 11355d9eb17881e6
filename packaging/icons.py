"""Every icon of the installers, drawn from the one SVG in resources/."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

__all__ = ["write_icons"]

SVG = Path(__file__).parents[1] / "resources" / "icon.svg"
PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
"""All that Windows asks for; the format ends at 256."""


def write_icons(folder: Path) -> None:
    """``icon_SIZE.png``, ``icon.ico`` for Windows and ``icon.icns`` for macOS, into ``folder``."""
    renderer = QSvgRenderer(str(SVG))
    if not renderer.isValid():
        raise ValueError(f"{SVG} is no picture.")
    folder.mkdir(parents=True, exist_ok=True)
    for size in PNG_SIZES:
        _draw(renderer, size).save(str(folder / f"icon_{size}.png"))
    with Image.open(folder / "icon_1024.png") as largest:
        largest.save(folder / "icon.icns")
    # Each size drawn by itself: scaled ones are blurred.
    smaller = [Image.open(folder / f"icon_{size}.png") for size in ICO_SIZES]
    smaller[-1].save(
        folder / "icon.ico", sizes=[image.size for image in smaller], append_images=smaller
    )


def _draw(renderer: QSvgRenderer, size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image
