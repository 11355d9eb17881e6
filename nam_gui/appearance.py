"""Light or dark, and how large the text is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from nam_gui.settings import Settings
from nam_gui.style import DARK, LIGHT

__all__ = ["apply"]

STYLE = "fusion"
COLOR_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
SCHEMES = {"light": LIGHT, "dark": DARK}


def apply(app: QApplication, settings: Settings) -> None:
    """Give all windows the theme and the text size; may be called as often as one likes."""
    # Every widget is polished anew by a new style or font, even by the same one.
    if app.style().name() != STYLE:
        app.setStyle(STYLE)
    _apply_theme(app, settings.theme)
    _apply_text_size(app, settings.text_percent)


def _apply_theme(app: QApplication, theme: str) -> None:
    wanted, hints = COLOR_SCHEMES[theme], app.styleHints()
    hints.setColorScheme(wanted)
    # A desktop that Qt knows nothing of cannot be asked: there the colours are ours.
    is_deaf = theme in SCHEMES and hints.colorScheme() is not wanted
    palette = QPalette(QColor(SCHEMES[theme].background)) if is_deaf else QPalette()
    app.setPalette(palette)


def _apply_text_size(app: QApplication, percent: int) -> None:
    # The system's own, whatever the application's is by now.
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPointSizeF(QFontInfo(font).pointSizeF() * percent / 100)
    if font != app.font():
        app.setFont(font)
