from __future__ import annotations

from PySide6.QtWidgets import QApplication

from nam_gui.icon import icon


def test_icon_is_a_picture_of_any_size(app: QApplication) -> None:
    for size in (16, 256):
        picture = icon().pixmap(size, size).toImage()
        assert picture.width() == size
        assert picture.pixelColor(size // 2, size // 8).name() == "#1c2326"
