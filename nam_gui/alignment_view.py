"""How a recording lies on its input, to be seen and, where need be, to be set by hand."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nam_engine.alignment import Alignment, Confidence
from nam_engine.findings import Kind
from nam_engine.intake import CaptureReport
from nam_gui import style
from nam_gui.delay_plot import DelayPlot
from nam_gui.finding_row import wrapped
from nam_gui.overlay import overlay_of
from nam_gui.small_plot import SmallPlot

__all__ = ["AlignmentView"]

Samples = NDArray[np.float32]

MARGIN = 2 * style.SPACING
# What is true of the recording whatever delay is chosen.
MEASURED_KINDS = (Kind.INVERTED, Kind.CLOCK_DRIFT, Kind.JUMP)


class AlignmentView(QWidget):
    """Input and recording over each other at the delay that is measured or chosen.

    ``latency_changed`` has the delay in samples that the user has chosen, None for the
    measured one; ``flip_changed`` whether the user turns the recording upside down.
    """

    latency_changed = Signal(object)
    flip_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: Samples | None = None
        self._output: Samples | None = None
        self._sample_rate_hz = 0
        self._measured_samples = 0
        self._choice: int | None = None
        self._empty = wrapped(self.tr("Drop a recording to see how it lies on the input."))
        self._sentence = wrapped("")
        self._plot = DelayPlot()
        self._plot.moved.connect(self._move)
        self._plot.released.connect(self._choose_shown)
        self._correlation = SmallPlot(text_lines=6)
        self._correlation.set_labels(self.tr("how well it fits, for each delay in samples"))
        self._correlation.setAccessibleName(self.tr("How well the recording fits at each delay"))
        self._curve = self._correlation.add_line(colour=style.scheme().recording)
        self._mark = pg.InfiniteLine(angle=90)
        self._correlation.item.addItem(self._mark, ignoreBounds=True)
        self._delay = QSpinBox()
        self._delay.setSuffix(self.tr(" samples"))
        self._delay.setKeyboardTracking(False)
        self._delay.setAccessibleName(self.tr("Delay in samples"))
        self._delay.setToolTip(self.tr("The latency: how much later the recording is"))
        self._delay.valueChanged.connect(self._choose_shown)
        self._time = QLabel()
        self._use_measured = QPushButton(self.tr("Use the &measured delay"))
        self._use_measured.clicked.connect(self._choose_measured)
        self._flip = QCheckBox(self.tr("Turn &upside down"))
        self._flip.setToolTip(self.tr("Inverts the polarity of the recording"))
        self._flip.clicked.connect(self._choose_flip)
        self._body = QWidget()
        self._scroll = QScrollArea()
        self._lay_out()
        self._recolour()
        self.clear()

    def set_pair(
        self,
        source: Samples,
        output: Samples,
        sample_rate_hz: int,
        report: CaptureReport | None,
    ) -> None:
        """Show an input and its recording, (time,) each, as they were measured for the report.

        Both are at ``sample_rate_hz``, that of the report, and whole: nothing was taken out.
        """
        if not (len(source) and len(output)):
            self.clear()
            return
        if source is not self._source or output is not self._output:
            self._plot.reset_zoom()
        self._source, self._output, self._sample_rate_hz = source, output, sample_rate_hz
        alignment = report.alignment if report is not None else None
        known = alignment is not None and alignment.confidence is not Confidence.NONE
        self._measured_samples = alignment.delay_samples if alignment and known else 0
        self._sentence.setText(self._about(report))
        self._show_correlation(alignment if known else None)
        with QSignalBlocker(self._delay):
            self._delay.setRange(1 - len(source), len(output) - 1)
        overlay = overlay_of(source, output, sample_rate_hz, report)
        self._plot.set_overlay(overlay, self._measured_samples)
        self._empty.hide()
        self._scroll.show()
        self._show()

    def clear(self) -> None:
        """Show that there is nothing to compare."""
        self._source = self._output = None
        self._scroll.hide()
        self._empty.show()

    def set_choice(self, latency_samples: int | None, flip: bool) -> None:
        """Show what was chosen; None is the measured delay."""
        self._choice = latency_samples
        self._flip.setChecked(flip)
        self._show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._recolour()

    def _lay_out(self) -> None:
        label = QLabel(self.tr("&Delay"))
        label.setBuddy(self._delay)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        body.setSpacing(MARGIN)
        body.addWidget(self._sentence)
        body.addWidget(self._plot, stretch=1)
        body.addWidget(self._correlation)
        body.addLayout(_row(label, self._delay, self._time))
        body.addLayout(_row(self._use_measured, self._flip))
        self._empty.setMargin(MARGIN)
        self._scroll.setWidget(self._body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it goes to where the keyboard is
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._empty, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._scroll)

    def _about(self, report: CaptureReport | None) -> str:
        """What was measured, how sure it is, and what else is the matter with the clocks."""
        if report is None:
            return self.tr("The delay has not been measured yet.")
        alignment = report.alignment
        sure = {
            Confidence.HIGH: self.tr("This is sure, to within two samples."),
            Confidence.MEDIUM: self.tr("This is fairly sure, to within a few samples."),
            Confidence.LOW: self.tr("This is uncertain: lay the curves on each other by hand."),
            Confidence.NONE: self.tr("The delay is not known: set it by hand."),
        }[alignment.confidence]
        others = (f.message for f in report.findings if f.kind in MEASURED_KINDS)
        return " ".join([alignment.explanation, sure, *others])

    def _show_correlation(self, alignment: Alignment | None) -> None:
        correlation = alignment.correlation if alignment is not None else None
        self._correlation.setVisible(correlation is not None)
        if correlation is not None:
            self._curve.setData(correlation.lags, correlation.curve)
            first, last = float(correlation.lags[0]), float(correlation.lags[-1])
            self._correlation.item.setXRange(first, last, padding=0)

    def _show(self) -> None:
        """The delay that counts, in numbers and in the pictures."""
        delay = self._measured_samples if self._choice is None else self._choice
        with QSignalBlocker(self._delay):
            self._delay.setValue(delay)
        self._draw()
        self._use_measured.setEnabled(self._choice is not None)

    def _draw(self) -> None:
        if self._source is None:
            return
        delay = self._delay.value()
        self._time.setText(self.tr("{0} ms").format(_figure(1000 * delay / self._sample_rate_hz)))
        self._plot.set_delay(delay, flip=self._flip.isChecked())
        self._mark.setValue(delay)

    def _move(self, samples: int) -> None:
        with QSignalBlocker(self._delay):
            self._delay.setValue(self._delay.value() + samples)
        self._draw()

    def _choose_shown(self) -> None:
        delay = self._delay.value()
        shown = self._measured_samples if self._choice is None else self._choice
        if delay != shown:
            self._choice = delay
            self._show()
            self.latency_changed.emit(delay)

    def _choose_measured(self) -> None:
        self._choice = None
        self._show()
        self.latency_changed.emit(None)

    def _choose_flip(self, flip: bool) -> None:
        self._draw()
        self.flip_changed.emit(flip)

    def _recolour(self) -> None:
        colours = style.scheme()
        self._curve.setPen(pg.mkPen(colours.recording, width=1.5))
        self._mark.setPen(pg.mkPen(colours.text, style=Qt.PenStyle.DashLine))


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(style.SPACING)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch()
    return row


def _figure(value: float) -> str:
    """Three significant digits, or more where it is large."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
