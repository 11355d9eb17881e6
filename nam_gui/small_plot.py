"""A plot among text: thin lines on the window's own background, as large as its text asks for."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from nam_gui import style

__all__ = ["SmallPlot"]


class _View(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Asks for no more room than it needs."""

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.minimumSize())


class SmallPlot(QWidget):
    """Lines over an x axis, with a caption above that names them.

    ``item`` is the pyqtgraph PlotItem, ``view`` the widget that shows it. The mouse wheel
    is left to what the plot lies in. It is ``text_lines`` high; one that ``grows`` is higher
    where there is room.
    """

    def __init__(
        self, parent: QWidget | None = None, *, text_lines: int = 9, grows: bool = False
    ) -> None:
        super().__init__(parent)
        self._text_lines, self._grows = text_lines, grows
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        self._caption.hide()
        self.view = _View(background=None, enableMenu=False)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.viewport().setAutoFillBackground(False)
        # Else the colour of the window as it was first stays behind the lines.
        self.view.setCacheMode(pg.GraphicsView.CacheModeFlag.CacheNone)
        self.view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.item = self.view.getPlotItem()
        self.item.setMouseEnabled(False, False)
        self.item.hideButtons()
        self._labels = {"bottom": "", "left": ""}
        if not grows:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(style.SPACING)
        layout.addWidget(self._caption)
        layout.addWidget(self.view, stretch=1)
        self._restyle()

    def set_labels(self, x_label: str, y_label: str = "") -> None:
        """Name the axes, with units; a y axis without a name is not shown."""
        self._labels = {"bottom": x_label, "left": y_label}
        self.item.showAxis("left", show=bool(y_label))
        self._restyle()

    def set_caption(self, *lines: tuple[str, str, str]) -> None:
        """Name the lines: (colour, a sign that looks like the line, what it is) of each."""
        named = (
            f'<span style="color:{colour}">{sign}</span>&nbsp;{text}'
            for colour, sign, text in lines
        )
        self._caption.setText(" &nbsp; ".join(named))
        self._caption.show()

    def add_line(
        self,
        x: ArrayLike = (),
        y: ArrayLike = (),
        *,
        colour: str,
        width: float = 1.5,
        dashed: bool = False,
    ) -> pg.PlotDataItem:
        """A line through the points (x, y), drawn by its peaks where it is dense."""
        pen = pg.mkPen(colour, width=width)
        if dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        line = self.item.plot(np.asarray(x), np.asarray(y), pen=pen, antialias=True)
        line.setDownsampling(auto=True, method="peak")
        line.setClipToView(True)
        return line

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._restyle()

    def _restyle(self) -> None:
        colours, line = style.scheme(), self.fontMetrics().lineSpacing()
        size = f"{self.font().pointSizeF():g}pt"
        for side, label in self._labels.items():
            axis = self.item.getAxis(side)
            axis.setPen(colours.faint)
            axis.setTextPen(colours.text)
            axis.setTickFont(self.font())
            axis.setStyle(maxTickLevel=0)
            axis.enableAutoSIPrefix(False)
            axis.setLabel(label, **{"font-size": size, "color": colours.text})
        # pyqtgraph would find out only while it draws, too late for the first picture.
        self.item.getAxis("bottom").setHeight(2 * line + style.SPACING)
        self.view.setMinimumHeight(self._text_lines * line)
        if not self._grows:
            self.view.setMaximumHeight(self._text_lines * line)
