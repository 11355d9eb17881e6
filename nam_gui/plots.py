"""What all charts have in common: quiet axes, the app's colours, where the mouse is."""

from __future__ import annotations

import html

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from nam_engine.presets import A2_TITLES
from nam_gui import style

__all__ = [
    "RESTYLED_BY",
    "Charts",
    "Plot",
    "quiet_label",
    "submodel_colour",
    "swatch_text",
    "translucent",
]

GRID_ALPHA = 0.25
RESTYLED_BY = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.ThemeChange)
"""Events of a widget after which its charts want :meth:`Plot.restyle`."""

WIDEST_NUMBER = "0.00001"
_PLACES = tuple(A2_TITLES)


def submodel_colour(name: str, place: int) -> str:
    """The colour of a submodel: its own where it is known, else that of its place in the run."""
    colours = style.scheme().submodels
    return colours[(_PLACES.index(name) if name in _PLACES else place) % len(colours)]


def translucent(colour: str, alpha: int) -> QColor:
    """A colour (#rrggbb) that lets through what is behind it; ``alpha`` up to 255."""
    mixed = QColor(colour)
    mixed.setAlpha(alpha)
    return mixed


def swatch_text(sample: str, colour: str, text: str) -> str:
    """HTML of one entry of a legend: a line as it is drawn, and what it is."""
    return f'<span style="color:{colour}">{sample}</span>&nbsp;{html.escape(text)}'


def quiet_label(text: str) -> QLabel:
    """A sentence in the middle of an empty place."""
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


class Charts(QWidget):
    """Charts that follow font and palette; one of them shows that the keys are theirs.

    Whoever builds on it gives the one that shows it and writes :meth:`restyle`.
    """

    def keyboard_plot(self) -> Plot:
        """The chart that is marked while the widget has the keyboard."""
        raise NotImplementedError

    def restyle(self) -> None:
        """Take over the present font and colours."""
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in RESTYLED_BY:
            self.restyle()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.keyboard_plot().mark_focus(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.keyboard_plot().mark_focus(False)


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """A chart without pyqtgraph's menus and buttons.

    ``hovered`` says the x value under the mouse, ``left`` that the mouse went away,
    ``moved`` that the user zoomed or dragged.
    """

    hovered = Signal(float)
    left = Signal()
    moved = Signal()

    def __init__(self, bottom: pg.AxisItem, left: pg.AxisItem) -> None:
        super().__init__(axisItems={"bottom": bottom, "left": left})
        # Keys belong to the view around it, which moves all of its charts.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMenuEnabled(False)
        self.hideButtons()
        self._caption: pg.TextItem | None = None
        self.axes = {"bottom": bottom, "left": left}
        self.view = self.getViewBox()
        self.view.disableAutoRange()
        self.view.sigRangeChangedManually.connect(self._say_moved)
        self.showGrid(x=True, y=True, alpha=GRID_ALPHA)
        self.scene().sigMouseMoved.connect(self._say_hovered)

    def add_curve(self) -> pg.PlotCurveItem:
        """A line that leaves gaps at NaN and does not decide what is shown."""
        curve = pg.PlotCurveItem(connect="finite", antialias=True)
        self.addItem(curve, ignoreBounds=True)
        return curve

    def add_text(self) -> pg.TextItem:
        """A text over the curves, of their font's size at any zoom."""
        text = pg.TextItem()
        text.setZValue(15)
        self.addItem(text, ignoreBounds=True)
        return text

    def add_caption(self, text: str) -> None:
        """What the chart shows, in its upper right corner, where falling curves are not."""
        self._caption = self.add_text()
        self._caption.setText(text)
        self._caption.setAnchor((1.0, 0.0))
        self.view.sigRangeChanged.connect(self._place_caption)
        self.view.sigResized.connect(self._place_caption)

    def restyle(self, font: QFont) -> None:
        """Take over the present colours, and a font for all texts."""
        colours = style.scheme()
        self.setBackground(colours.background)
        for axis in self.axes.values():
            axis.setPen(pg.mkPen(colours.faint))
            axis.setTickPen(pg.mkPen(colours.faint))
            axis.setTextPen(pg.mkPen(colours.text))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setLabel(axis.labelText)
        if self._caption is not None:
            self._caption.setFont(font)
            self._caption.setColor(colours.text)
            self._place_caption()
        metrics = QFontMetrics(font)
        # One width for all, or charts below one another would not line up.
        width = metrics.horizontalAdvance(WIDEST_NUMBER) + metrics.height() + 2 * style.SPACING
        self.axes["left"].setWidth(width)
        # pyqtgraph learns how high its texts are only while it draws, and forgets a part of it.
        if self.axes["bottom"].labelText:
            self.axes["bottom"].setHeight(2 * metrics.height() + style.SPACING)

    def columns(self) -> int:
        """How many pixels wide the curves' area is."""
        return max(1, int(self.view.width()))

    def mark_focus(self, has_focus: bool) -> None:
        """Show by a line around the curves that keys work here."""
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        self.view.setBorder(pg.mkPen(colour, width=2) if has_focus else None)

    def sizeHint(self) -> QSize:  # noqa: N802
        """No more than it needs: where there is less, its page scrolls."""
        return QSize(self.minimumSize())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self.left.emit()

    def _say_hovered(self, position: object) -> None:
        if self.view.sceneBoundingRect().contains(position):
            self.hovered.emit(self.view.mapSceneToView(position).x())
        else:
            self.left.emit()

    def _place_caption(self) -> None:
        assert self._caption is not None
        (_, right), (_, top) = self.view.viewRange()
        self._caption.setPos(right, top)

    def _say_moved(self, _enabled: object) -> None:
        self.moved.emit()
