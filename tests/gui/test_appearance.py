from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFont, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from nam_gui import appearance, style
from nam_gui.drop_zone import DropZone
from nam_gui.settings import Settings
from nam_gui.small_plot import SmallPlot


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    font = QFont(qapp.font())
    yield qapp
    qapp.styleHints().unsetColorScheme()
    qapp.setPalette(QPalette())
    qapp.setFont(font)


def points(app: QApplication) -> float:
    return QFontInfo(app.font()).pointSizeF()


def test_text_grows_from_the_systems_size(app: QApplication) -> None:
    appearance.apply(app, Settings())
    usual = points(app)
    for _ in range(2):
        appearance.apply(app, Settings(text_percent=200))
        assert points(app) == pytest.approx(2 * usual)
    appearance.apply(app, Settings(text_percent=150))
    assert points(app) == pytest.approx(1.5 * usual)
    appearance.apply(app, Settings())
    assert points(app) == pytest.approx(usual)


def test_windows_that_are_open_follow(app: QApplication, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    usual = widget.font().pointSizeF()
    appearance.apply(app, Settings(theme="dark", text_percent=200))
    app.processEvents()
    assert widget.font().pointSizeF() == pytest.approx(2 * usual)
    assert widget.palette().window().color().lightness() < 128


@pytest.mark.parametrize(("theme", "scheme"), [("dark", style.DARK), ("light", style.LIGHT)])
def test_theme_is_that_of_the_drawings(app: QApplication, theme: str, scheme: style.Scheme) -> None:
    appearance.apply(app, Settings(theme=theme))
    app.processEvents()
    assert style.scheme() is scheme
    palette = app.palette()
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Disabled):
        ground = palette.color(group, QPalette.ColorRole.Window).lightness()
        text = palette.color(group, QPalette.ColorRole.WindowText).lightness()
        assert abs(ground - text) > 60


def test_the_systems_theme_comes_back(app: QApplication) -> None:
    appearance.apply(app, Settings())
    usual = app.palette().color(QPalette.ColorRole.Window)
    appearance.apply(app, Settings(theme="dark"))
    appearance.apply(app, Settings(theme="system"))
    app.processEvents()
    assert app.palette().color(QPalette.ColorRole.Window) == usual


def test_the_same_again_disturbs_no_window(app: QApplication, qtbot: QtBot) -> None:
    class Disturbances(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.kinds: list[QEvent.Type] = []

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            self.kinds.append(event.type())
            return super().eventFilter(watched, event)

    settings = Settings(theme="dark", text_percent=125)
    appearance.apply(app, settings)
    widget = QWidget()
    qtbot.addWidget(widget)
    disturbances = Disturbances()
    widget.installEventFilter(disturbances)
    appearance.apply(app, settings)
    changes = {QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.PaletteChange}
    assert not changes.intersection(disturbances.kinds)


def test_style_is_the_same_everywhere(app: QApplication) -> None:
    appearance.apply(app, Settings())
    assert app.style().name() == "fusion"


def luminance(colour: str) -> float:
    """Of WCAG 2: how bright #rrggbb looks, 0 to 1."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """From 1 to 21; small text wants 4.5, a line 3."""
    dark, bright = sorted((luminance(first), luminance(second)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("theme", "scheme"), [("dark", style.DARK), ("light", style.LIGHT)])
def test_every_colour_can_be_read(app: QApplication, theme: str, scheme: style.Scheme) -> None:
    appearance.apply(app, Settings(theme=theme))
    fields = app.palette().color(QPalette.ColorRole.Base).name()
    for ground in (scheme.background, fields):
        for text in (scheme.text, scheme.faint, scheme.good, scheme.warn, scheme.stop):
            assert contrast(ground, text) >= 4.5, (ground, text)
        for line in (*scheme.submodels, scheme.recording):
            assert contrast(ground, line) >= 3, (ground, line)
    assert contrast("#ffffff", scheme.selected) >= 4.5


def test_what_is_drawn_follows_as_well(app: QApplication, qtbot: QtBot) -> None:
    appearance.apply(app, Settings(theme="light"))
    plot, zone = SmallPlot(), DropZone()
    for widget in (plot, zone):
        qtbot.addWidget(widget)
        widget.show()
    plot.set_labels("ms")
    title = zone.findChildren(QLabel)[0]
    usual = title.font().pointSizeF()
    appearance.apply(app, Settings(theme="dark", text_percent=200))
    app.processEvents()
    assert plot.item.getAxis("bottom").labelStyle["color"] == style.DARK.text
    assert title.font().pointSizeF() == pytest.approx(2 * usual)


def test_lines_keep_no_ground_of_another_theme(app: QApplication, qtbot: QtBot) -> None:
    plot = SmallPlot()
    qtbot.addWidget(plot)
    plot.show()
    for theme in ("light", "dark"):
        appearance.apply(app, Settings(theme=theme))
        app.processEvents()
        corner = plot.grab().toImage().pixelColor(0, 0)
        assert corner == plot.palette().window().color()
