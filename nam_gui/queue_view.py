"""The left side of the window: the input and its recordings."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from nam_gui.drop import FileDrops
from nam_gui.drop_zone import DropZone
from nam_gui.input_row import InputRow
from nam_gui.job import Job
from nam_gui.job_table import JobTable
from nam_gui.queue_model import QueueModel
from nam_gui.style import SPACING

__all__ = ["QueueView"]

OUTLINE = SPACING // 4


class QueueView(QWidget):
    """Input, jobs and totals; a place to drop files while there are no jobs.

    What is wanted of single jobs is said by ``table``.
    """

    files_dropped = Signal(list)
    """list[Path]: files and folders."""
    input_requested = Signal()
    add_requested = Signal()
    signal_requested = Signal()
    demo_requested = Signal()
    export_all_requested = Signal()

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._is_hovered = False
        self.input_row = InputRow()
        self.zone = DropZone()
        self.table = JobTable(model)
        self.add_button = QPushButton(self.tr("+ Add…"))
        self.add_button.setAccessibleName(self.tr("Add recordings"))
        self.totals = QLabel()
        self.totals.setWordWrap(True)
        self.export_all_button = QPushButton(self.tr("Export all…"))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._zone_page())
        self._pages.addWidget(self._table_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(2 * SPACING)
        layout.addWidget(self.input_row)
        layout.addWidget(self._pages, 1)
        self._connect()
        self._on_model_changed()

    def set_input(self, name: str, seconds: float, recognised: str) -> None:
        """``recognised`` is the name of a known input, empty for one of the user's own."""
        self.input_row.set_input(name, seconds, recognised)

    def clear_input(self) -> None:
        self.input_row.clear()

    def selected_job(self) -> Job | None:
        """The job that is looked at."""
        return self.table.selected_job()

    def select_job(self, job_id: int) -> None:
        """Raises KeyError where there is none."""
        self.table.select_job(job_id)

    def _zone_page(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it goes to where the keyboard is
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.zone)
        return scroll

    def _table_page(self) -> QWidget:
        page = QWidget()
        head = QHBoxLayout()
        title = QLabel(self.tr("Recordings"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        head.addWidget(title, 1)
        head.addWidget(self.add_button)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.totals, 1)
        foot.addWidget(self.export_all_button, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addLayout(foot)
        return page

    def _connect(self) -> None:
        self.input_row.change_requested.connect(self.input_requested)
        self.add_button.clicked.connect(self.add_requested)
        self.zone.add_requested.connect(self.add_requested)
        self.zone.signal_requested.connect(self.signal_requested)
        self.zone.demo_requested.connect(self.demo_requested)
        self.export_all_button.clicked.connect(self.export_all_requested)
        model = self._model
        for signal in (model.rowsInserted, model.rowsRemoved, model.dataChanged):
            signal.connect(self._on_model_changed)
        drops = FileDrops(self)
        drops.dropped.connect(self.files_dropped)
        drops.hovering.connect(self._on_hovering)

    def _on_model_changed(self) -> None:
        self._pages.setCurrentIndex(1 if self._model.rowCount() else 0)
        self.totals.setText(self._model.summary())
        finished = sum(job.is_finished for job in self._model.jobs())
        self.export_all_button.setVisible(finished > 1)

    def _on_hovering(self, is_hovered: bool) -> None:
        self._is_hovered = is_hovered
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """An outline while files are held over it."""
        if not self._is_hovered:
            return
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().highlight(), OUTLINE))
        half = OUTLINE // 2
        painter.drawRect(self.rect().adjusted(half, half, -half, -half))
