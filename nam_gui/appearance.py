"""Light or dark, and how large the text is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from nam_gui.settings import Settings
from nam_gui.style import DARK, LIGHT, Scheme

__all__ = ["apply"]

STYLE = "fusion"
COLOR_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
FIELD_LIGHTER_PERCENT = 170
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
    app.setPalette(_palette(SCHEMES[theme]) if is_deaf else QPalette())


def _palette(scheme: Scheme) -> QPalette:
    background, faint = QColor(scheme.background), QColor(scheme.faint)
    # Qt works out all shades from one; what is faint it makes too dark to be read on black.
    palette = QPalette(background)
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.All, role, QColor(scheme.text))
        palette.setColor(QPalette.ColorGroup.Disabled, role, faint)
    palette.setColor(QPalette.ColorRole.PlaceholderText, faint)
    palette.setColor(QPalette.ColorRole.Highlight, QColor(scheme.selected))
    palette.setColor(QPalette.ColorRole.HighlightedText, Qt.GlobalColor.white)
    # On black, fields and buttons are seen by their areas: their outlines are darker still.
    palette.setColor(QPalette.ColorRole.Base, background.lighter(FIELD_LIGHTER_PERCENT))
    if scheme is DARK:
        palette.setColor(QPalette.ColorRole.Accent, QColor(scheme.selected).lighter())
        palette.setColor(QPalette.ColorRole.Button, background.lighter(FIELD_LIGHTER_PERCENT))
    return palette


def _apply_text_size(app: QApplication, percent: int) -> None:
    # The system's own, whatever the application's is by now.
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPointSizeF(QFontInfo(font).pointSizeF() * percent / 100)
    if font != app.font():
        app.setFont(font)
