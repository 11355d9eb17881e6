"""Where a model differs from the recording: the waveform to look into, the spectrum below."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QScrollBar, QStackedWidget, QVBoxLayout, QWidget

from nam_engine.levels import loudest_span
from nam_gui import style
from nam_gui.plots import Charts, Plot, quiet_label, submodel_colour, swatch_text
from nam_gui.spectrum_plot import SpectrumPlot
from nam_gui.trace_plot import TracePlot

__all__ = ["WaveformView"]

Samples = NDArray[np.float32]

FIRST_SECONDS = 0.05
ZOOM = 0.7
STEP = 0.1  # of what is in view, by an arrow key
PAGE = 0.9
WAVE_LINES, SPECTRUM_LINES = 9, 8  # least heights, in lines of text


class WaveformView(Charts):
    """The recording and the models' predictions of the passage kept for checking.

    Left, Right, Page Up, Page Down, Home and End and the scroll bar move through the passage;
    the wheel, + and - zoom.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target: Samples = np.empty(0, np.float32)
        self._predictions: dict[str, Samples] = {}
        self._sample_rate_hz = 1
        self._is_spectrum_due = False
        self._trace = TracePlot()
        self._spectrum = SpectrumPlot()
        self._build()
        self.restyle()

    def set_audio(
        self, target: Samples, predictions: Mapping[str, Samples], sample_rate_hz: int
    ) -> None:
        """Show a recording and predictions of it, by submodel name, all float32 (time,).

        For the recording shown already the view stays where it is; another one begins at
        its loudest 50 ms. One shorter than that is not shown. Raises ValueError where the
        lengths differ.
        """
        if any(len(samples) != len(target) for samples in predictions.values()):
            raise ValueError("predictions are as long as the recording")
        is_same = sample_rate_hz == self._sample_rate_hz and np.array_equal(target, self._target)
        if not is_same:
            self._target, self._sample_rate_hz = target, sample_rate_hz
        self._predictions = dict(predictions)
        first_samples = round(FIRST_SECONDS * sample_rate_hz)
        if len(target) < first_samples:
            self.clear()
            return
        self._stack.setCurrentWidget(self._charts)
        self._trace.set_traces(self._target, self._predictions, sample_rate_hz)
        if not is_same:
            span = loudest_span(target, first_samples)
            self._trace.show_seconds(span.start / sample_rate_hz, span.stop / sample_rate_hz)
        self._follow_view()
        self._write_legends()
        self._is_spectrum_due = True
        self._draw_spectrum()

    def clear(self) -> None:
        """Back to the empty place."""
        self._target, self._predictions = np.empty(0, np.float32), {}
        self._is_spectrum_due = False
        self._trace.show_place(None)
        self._stack.setCurrentWidget(self._empty)

    def seconds_in_view(self) -> tuple[float, float]:
        """Where the visible part of the passage starts and ends."""
        return self._trace.seconds_in_view()

    def show_seconds(self, start: float, stop: float) -> None:
        """Bring this part of the passage into view."""
        self._trace.show_seconds(start, stop)

    def show_place(self, seconds: float) -> None:
        """Mark what was heard last."""
        self._trace.show_place(seconds)

    def _build(self) -> None:
        self.setAccessibleName(self.tr("Waveform and spectrum"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._trace.setLabel("left", self.tr("level (1 is full)"))
        self._trace.setLabel("bottom", self.tr("time (s)"))
        self._trace.setToolTip(self.tr("Wheel, + and -: zoom. Drag or arrow keys: move."))
        self._trace.view.sigXRangeChanged.connect(self._follow_view)
        self._spectrum.setLabel("left", self.tr("level (dBFS)"))
        self._spectrum.setLabel("bottom", self.tr("frequency (Hz)"))
        self._bar = QScrollBar(Qt.Orientation.Horizontal)
        self._bar.setAccessibleName(self.tr("Place in the passage"))
        self._bar.valueChanged.connect(self._scroll)
        self._wave_legend, self._spectrum_legend = QLabel(), QLabel()
        for legend in (self._wave_legend, self._spectrum_legend):
            legend.setTextFormat(Qt.TextFormat.RichText)
            legend.setWordWrap(True)
            legend.setContentsMargins(style.SPACING, 0, style.SPACING, 0)
        self._charts = QWidget()
        charts = QVBoxLayout(self._charts)
        charts.setContentsMargins(0, 0, 0, 0)
        charts.setSpacing(style.SPACING)
        charts.addWidget(self._wave_legend)
        charts.addWidget(self._trace, 3)
        charts.addWidget(self._bar)
        charts.addWidget(self._spectrum_legend)
        charts.addWidget(self._spectrum, 2)
        self._empty = quiet_label(self.tr("The waveform appears when a model has been trained."))
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._charts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def _write_legends(self) -> None:
        recording = swatch_text("━━", style.scheme().recording, self.tr("recording"))
        waves, errors = [recording], [recording]
        for place, name in enumerate(self._predictions):
            colour, title = submodel_colour(name, place), style.submodel_title(name)
            waves.append(swatch_text("──", colour, title))
            errors.append(swatch_text("╌╌", colour, self.tr("error of {0}").format(title)))
        self._wave_legend.setText(" &nbsp; ".join(waves))
        self._spectrum_legend.setText(" &nbsp; ".join(errors))

    def _draw_spectrum(self) -> None:
        """Only where it is seen: it is what takes time here."""
        if self._is_spectrum_due and self.isVisible():
            self._is_spectrum_due = False
            self._spectrum.set_audio(self._target, self._predictions, self._sample_rate_hz)

    def _follow_view(self) -> None:
        """The scroll bar, which counts samples, says what is in view."""
        start, stop = (round(s * self._sample_rate_hz) for s in self.seconds_in_view())
        self._bar.blockSignals(True)
        self._bar.setRange(0, max(0, len(self._target) - (stop - start)))
        self._bar.setPageStep(stop - start)
        self._bar.setSingleStep(max(1, round(STEP * (stop - start))))
        self._bar.setValue(start)
        self._bar.blockSignals(False)

    def _scroll(self, sample: int) -> None:
        start, stop = self.seconds_in_view()
        seconds = sample / self._sample_rate_hz
        self.show_seconds(seconds, seconds + stop - start)

    def _move(self, by: float) -> None:
        """By a part of what is in view, as far as the passage goes."""
        start, stop = self.seconds_in_view()
        self._bar.setValue(self._bar.value() + round(by * (stop - start) * self._sample_rate_hz))

    def _zoom(self, factor: float) -> None:
        start, stop = self.seconds_in_view()
        middle, half = (start + stop) / 2, factor * (stop - start) / 2
        end = len(self._target) / self._sample_rate_hz
        self.show_seconds(max(0.0, middle - half), min(end, middle + half))

    def keyboard_plot(self) -> Plot:
        return self._trace

    def restyle(self) -> None:
        line = self.fontMetrics().height()
        self._trace.setMinimumHeight(WAVE_LINES * line)
        self._spectrum.setMinimumHeight(SPECTRUM_LINES * line)
        self._trace.restyle(self.font())
        self._spectrum.restyle(self.font())
        self._write_legends()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._draw_spectrum()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_Left:
                self._move(-STEP)
            case Qt.Key.Key_Right:
                self._move(STEP)
            case Qt.Key.Key_PageUp:
                self._move(-PAGE)
            case Qt.Key.Key_PageDown:
                self._move(PAGE)
            case Qt.Key.Key_Home:
                self._bar.setValue(0)
            case Qt.Key.Key_End:
                self._bar.setValue(self._bar.maximum())
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(ZOOM)
            case Qt.Key.Key_Minus:
                self._zoom(1 / ZOOM)
            case _:
                super().keyPressEvent(event)
