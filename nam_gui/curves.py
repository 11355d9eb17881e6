"""How a training goes: the curves of both submodels, drawn while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from nam_engine.atomic import atomic_write
from nam_engine.events import EpochDone
from nam_gui import style
from nam_gui.axes import three_digits
from nam_gui.epoch_plot import EpochPlot, Line
from nam_gui.epoch_table import EpochTable
from nam_gui.esr_plot import AIM_HIGH, AIM_LOW, Best, EsrPlot
from nam_gui.figures import esr_text
from nam_gui.plots import Charts, Plot, quiet_label, submodel_colour, swatch_text, translucent
from nam_gui.rig_picture import RigPicture

__all__ = ["Curves"]

REDRAW_MS = 100
FEWEST_EPOCHS = 4  # a chart of one point has no width
X_MARGIN = 0.02
EARLIER_ALPHA = 80
ZOOM = 0.8
MAIN_LINES, DETAIL_LINES = 8, 3  # least heights of the charts, in lines of text


class Curves(Charts):
    """Validation ESR over epochs; on request training loss and learning rate below it.

    The chart follows the run until the user zooms or drags, and again after "Show all".
    Left and Right step through the epochs, + and - zoom. ``picture_requested`` asks for a
    place to save to: answer with :meth:`save_picture`.
    """

    picture_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = EpochTable()
        self._earlier: list[EpochTable] = []
        self._epochs_planned = 0
        self._row: int | None = None
        self._follows = True
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self._redraw)
        self._main = EsrPlot()
        self._details = (EpochPlot(), EpochPlot())
        self._plots: tuple[EpochPlot, ...] = (self._main, *self._details)
        self._build()
        self.clear_all()
        self.restyle()

    def start(self, submodels: tuple[str, ...], epochs: int) -> None:
        """A new run of at most ``epochs`` begins; the one before stays faintly behind."""
        if len(self._run):
            self._earlier = [self._run]
        self._epochs_planned = epochs
        self._show_run(EpochTable(submodels))

    def add_epoch(self, event: EpochDone) -> None:
        """Add an epoch to the run. Raises ValueError where it is not of as many submodels."""
        self._run.append(event)
        self._redraw_soon()

    def set_history(self, rows: Sequence[EpochDone], submodels: tuple[str, ...]) -> None:
        """Show these epochs instead of the present run's; more may be added.

        Room for the epochs that ``start`` announced stays. Raises ValueError as
        :meth:`add_epoch`.
        """
        self._show_run(EpochTable.of(rows, submodels))

    def set_earlier(self, histories: Sequence[Sequence[EpochDone]]) -> None:
        """Show these runs faintly behind, instead of any other; submodels smallest first."""
        # Their places decide the colours; the names are never shown.
        self._earlier = [
            EpochTable.of(rows, ("",) * len(rows[0].metrics)) for rows in histories if rows
        ]
        self._redraw_soon()

    def clear_all(self) -> None:
        """Forget everything: back to the empty place."""
        self._earlier = []
        self._epochs_planned = 0
        self._show_run(EpochTable())

    def show_all(self) -> None:
        """Everything into view, and follow the run again."""
        self._follows = True
        self._redraw()

    def save_picture(self, path: Path) -> None:
        """Write the charts as they are seen as PNG. An existing file is replaced.

        Raises OSError.
        """
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._charts.grab().save(buffer, "PNG")
        with atomic_write(path) as file:
            file.write(buffer.data().data())

    def _build(self) -> None:
        self.setAccessibleName(self.tr("Curves of the training"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._charts = QWidget()
        below = QVBoxLayout(self._charts)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        for plot in self._plots:
            below.addWidget(plot, 3 if plot is self._main else 1)
            plot.hovered.connect(self._point_at)
            plot.left.connect(self._point_nowhere)
            plot.moved.connect(self._hold_view)
        captions = (self.tr("training loss"), self.tr("learning rate"))
        for plot, caption in zip(self._details, captions, strict=True):
            plot.add_caption(caption)
            plot.setXLink(self._main.getPlotItem())
            plot.axes["bottom"].setStyle(showValues=False)
            plot.hide()
        self._empty = QWidget()
        about = QVBoxLayout(self._empty)
        about.setSpacing(3 * style.SPACING)
        about.addStretch()
        about.addWidget(RigPicture())
        about.addWidget(quiet_label(self.tr("The curves appear when training starts.")))
        about.addStretch()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._charts)
        self._details_box = QCheckBox(self.tr("&Details"))
        self._details_box.setToolTip(self.tr("Training loss and learning rate"))
        self._details_box.toggled.connect(self._show_details)
        self._all_button = QPushButton(self.tr("Show &all"))
        self._all_button.setToolTip(self.tr("All epochs into view"))
        self._all_button.clicked.connect(self.show_all)
        self._picture_button = QPushButton(self.tr("Save &picture…"))
        self._picture_button.clicked.connect(self.picture_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(style.SPACING)
        buttons.addWidget(self._details_box)
        buttons.addStretch()
        buttons.addWidget(self._all_button)
        buttons.addWidget(self._picture_button)
        layout = QVBoxLayout(self)
        side = 2 * style.SPACING  # as on the other pages
        layout.setContentsMargins(side, side, side, style.SPACING)
        layout.setSpacing(style.SPACING)
        layout.addWidget(self._stack, 1)
        layout.addLayout(buttons)

    def _show_run(self, run: EpochTable) -> None:
        self._run = run
        self._follows = True
        self._point_nowhere()
        self._redraw_soon()

    def _redraw_soon(self) -> None:
        """At most ten times a second, however fast epochs come."""
        self._update_emptiness()
        if not self._timer.isActive():
            self._timer.start()

    def _update_emptiness(self) -> None:
        has_charts = bool(self._run.submodels or self._earlier)
        self._stack.setCurrentWidget(self._charts if has_charts else self._empty)
        for button in (self._details_box, self._all_button, self._picture_button):
            button.setVisible(has_charts)

    def _redraw(self) -> None:
        self._timer.stop()
        if not self.isVisible():
            return  # showEvent makes up for it
        run, details_colour = self._run, QColor(style.scheme().text)
        self._main.show_lines(
            [
                *(line for old in self._earlier for line in _esr_lines(old, EARLIER_ALPHA, 1.0)),
                *_esr_lines(run, 255, 2.0),
            ]
        )
        for plot, values in zip(self._details, (run.losses, run.learning_rates), strict=True):
            plot.show_lines([Line(run.epochs, values, details_colour, 1.0)])
            plot.fit_height()
        self._main.show_best(self._bests())
        self.setAccessibleDescription("; ".join(best.text for best in self._bests()))
        if self._follows:
            last = [int(table.epochs[-1]) for table in (run, *self._earlier) if len(table)]
            right = max(FEWEST_EPOCHS, self._epochs_planned, *last)
            self._main.setXRange(0, right, padding=X_MARGIN)
            self._main.fit_height(AIM_LOW, AIM_HIGH)

    def _bests(self) -> list[Best]:
        found = []
        for place, name in enumerate(self._run.submodels):
            row = self._run.best_row(place)
            if row is not None:
                esr, epoch = self._run.esrs(place)[row], int(self._run.epochs[row])
                title = style.submodel_title(name)
                text = self.tr("{0} {1}, epoch {2}").format(title, esr_text(esr), epoch)
                found.append(Best(text, submodel_colour(name, place), epoch, esr))
        return found

    def _show_details(self, is_shown: bool) -> None:
        for plot in self._details:
            plot.setVisible(is_shown)
        self._redraw()

    def _hold_view(self) -> None:
        self._follows = False

    def _point_at(self, epoch: float) -> None:
        row = self._run.nearest_row(epoch)
        if row is None:
            self._point_nowhere()
        else:
            self._point_at_row(row)

    def _point_at_row(self, row: int) -> None:
        self._row = row
        epoch = float(self._run.epochs[row])
        self._main.show_readout(epoch, self._readout(row))
        for plot in self._details:
            plot.set_cursor(epoch)

    def _point_nowhere(self) -> None:
        self._row = None
        self._main.show_readout(None)
        for plot in self._details:
            plot.set_cursor(None)

    def _readout(self, row: int) -> str:
        """Everything that is known of an epoch, as HTML; the lines are as in the chart."""
        run = self._run
        lines = [self.tr("epoch {0}").format(int(run.epochs[row]))]
        for place, name in enumerate(run.submodels):
            text = f"{style.submodel_title(name)} {esr_text(run.esrs(place)[row])}"
            lines.append(swatch_text("━", submodel_colour(name, place), text))
        lines.append(self.tr("training loss {0}").format(three_digits(run.losses[row])))
        lines.append(self.tr("learning rate {0}").format(three_digits(run.learning_rates[row])))
        return "<br>".join(lines)

    def keyboard_plot(self) -> Plot:
        return self._main

    def restyle(self) -> None:
        line = self.fontMetrics().height()
        for plot in self._plots:
            plot.restyle(self.font())
            plot.setMinimumHeight(
                round((MAIN_LINES if plot is self._main else DETAIL_LINES) * line)
            )
        # The band's words take their room in all charts, so that epochs line up.
        for plot in self._details:
            plot.getPlotItem().layout.setContentsMargins(0, 0, self._main.words_width(), 0)
        self._redraw_soon()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._redraw()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        last = len(self._run) - 1
        row = last if self._row is None else self._row
        match event.key():
            case Qt.Key.Key_Left if last >= 0:
                self._point_at_row(max(0, row - (self._row is not None)))
            case Qt.Key.Key_Right if last >= 0:
                self._point_at_row(min(last, row + 1))
            case Qt.Key.Key_Home if last >= 0:
                self._point_at_row(0)
            case Qt.Key.Key_End if last >= 0:
                self._point_at_row(last)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(ZOOM)
            case Qt.Key.Key_Minus:
                self._zoom(1 / ZOOM)
            case _:
                super().keyPressEvent(event)

    def _zoom(self, factor: float) -> None:
        """Around the epoch pointed at, else around the middle."""
        self._hold_view()
        left, right = self._main.view.viewRange()[0]
        centre = (left + right) / 2 if self._row is None else float(self._run.epochs[self._row])
        self._main.view.scaleBy(x=factor, center=(centre, 0))


def _esr_lines(run: EpochTable, alpha: int, width: float) -> list[Line]:
    return [
        Line(run.epochs, run.esrs(place), translucent(submodel_colour(name, place), alpha), width)
        for place, name in enumerate(run.submodels)
    ]
