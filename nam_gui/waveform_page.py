"""The waveform of the chosen recording: fed by a thread, a sentence while there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nam_engine.train_job import TrainJob
from nam_gui.compare_task import CompareTask
from nam_gui.plots import quiet_label
from nam_gui.style import SPACING
from nam_gui.waveform_view import WaveformView

__all__ = ["WaveformPage"]


class WaveformPage(QWidget):
    """Plays the models of a .nam file beside their recording and shows both.

    ``ended`` is emitted after :meth:`shut_down`, when no thread runs any more.
    """

    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task: CompareTask | None = None
        self._next: CompareTask | None = None  # not started while another one runs
        self._shown: TrainJob | None = None
        self._is_closing = False
        self._view = WaveformView()
        self._sentence = quiet_label("")
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setMargin(2 * SPACING)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._sentence)
        self._stack.addWidget(self._view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.clear()

    def show_model(self, job: TrainJob, model_path: Path) -> None:
        """Play the models of a file that ``job`` has made, and show them when that is done.

        What was asked for before and is not done is dropped. The same job's earlier models
        stay in view until then.
        """
        if self._is_closing:
            return
        self._drop()
        if job != self._shown:
            self._say(self.tr("Playing the models…"))
        task = CompareTask(job, model_path, self)
        task.succeeded.connect(self._show)
        task.failed.connect(self._fail)
        task.finished.connect(self._go_on)
        self._next = task
        self._start_next()

    def clear(self) -> None:
        """Show nothing, and drop what is not done."""
        self._drop()
        self._view.clear()
        self._say(self.tr("The recording and the models appear after the first epoch."))

    def shut_down(self) -> None:
        """Drop what is not done and take no more; ``ended`` is emitted when no thread runs."""
        self._is_closing = True
        self._drop()
        if self._task is None:
            self.ended.emit()

    def _drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._next is not None:
            self._next.deleteLater()
            self._next = None

    def _start_next(self) -> None:
        if self._task is None and self._next is not None:
            self._task, self._next = self._next, None
            self._task.start()

    def _say(self, sentence: str) -> None:
        self._shown = None
        self._sentence.setText(sentence)
        self._stack.setCurrentWidget(self._sentence)

    @Slot(object)
    def _show(self, comparison: Any) -> None:
        """What a ``Comparison`` holds; its type is not imported, for PyTorch's sake."""
        assert self._task is not None
        if self._task.is_cancelled():
            return
        self._shown = self._task.job
        self._stack.setCurrentWidget(self._view)
        self._view.set_audio(comparison.target, comparison.predictions, comparison.sample_rate_hz)

    @Slot(str, str)
    def _fail(self, message: str, remedy: str) -> None:
        assert self._task is not None
        if not self._task.is_cancelled():
            self._say(f"{message} {remedy}".rstrip())

    @Slot()
    def _go_on(self) -> None:
        assert self._task is not None
        self._task.deleteLater()
        self._task = None
        self._start_next()
        if self._is_closing:
            self.ended.emit()
