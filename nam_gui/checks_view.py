"""What was found out about a recording, the worst first, and whether it may be trained on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from nam_engine.findings import Severity
from nam_engine.intake import CaptureReport
from nam_gui import style
from nam_gui.finding_row import FindingRow, wrapped

__all__ = ["ChecksView"]

# Longer lines are hard to follow.
MAX_LINE_CHARACTERS = 100
MARGIN = 2 * style.SPACING


class ChecksView(QWidget):
    """A verdict and, below it, every finding of a report; it scrolls.

    ``proceed_requested`` says that the user wants to train in spite of what was found.
    """

    proceed_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report: CaptureReport | None = None
        self._proceeding = False
        self._problem = ""
        self._is_stale = False
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroll.setAccessibleName(self.tr("Checks of the recording"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)
        self._show()

    def set_report(
        self, report: CaptureReport | None, *, proceeding: bool = False, problem: str = ""
    ) -> None:
        """Show a report, and a ``problem`` such as why there is none or why training failed.

        ``proceeding`` tells that the user has chosen to train in spite of what was found.
        """
        was = self._report
        if report is was and (proceeding, problem) == (self._proceeding, self._problem):
            return  # whoever reads would lose the place
        self._report, self._proceeding, self._problem = report, proceeding, problem
        self._show()
        if report is not was:
            self._scroll.verticalScrollBar().setValue(0)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._is_stale:
            self._show()

    def _show(self) -> None:
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return  # pictures take long to build: not while nobody looks
        page = QWidget()
        page.setMaximumWidth(MAX_LINE_CHARACTERS * self.fontMetrics().averageCharWidth())
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(3 * style.SPACING)
        if self._problem:
            column.addWidget(wrapped(self._problem))
        if self._report is None and not self._problem:
            column.addWidget(wrapped(self.tr("Drop a recording and its checks appear here.")))
        elif self._report is not None:
            column.addLayout(self._summary(self._report))
            order = list(Severity)
            for finding in sorted(
                self._report.findings, key=lambda f: order.index(f.severity), reverse=True
            ):
                column.addWidget(FindingRow(finding, self._report))
        column.addStretch()
        old = self._scroll.takeWidget()
        if old is not None:
            old.deleteLater()  # later: it may be its button that brought us here
        self._scroll.setWidget(page)

    def _summary(self, report: CaptureReport) -> QVBoxLayout:
        summary = QVBoxLayout()
        summary.setSpacing(style.SPACING)
        verdict = wrapped(self._verdict(report))
        font = QFont(self.font())
        font.setPointSizeF(1.4 * font.pointSizeF())
        verdict.setFont(font)
        summary.addWidget(verdict)
        summary.addWidget(wrapped(self._facts(report)))
        if report.stops:
            self._add_way_on(summary, report)
        return summary

    def _verdict(self, report: CaptureReport) -> str:
        name = report.output_name
        doubts = sum(finding.severity is Severity.WARN for finding in report.findings)
        if report.stops:
            return self.tr("{0} should be recorded again.").format(name)
        if doubts == 1:
            return self.tr("{0} can be trained on; look at one thing first.").format(name)
        if doubts:
            return self.tr("{0} can be trained on; look at {1} things first.").format(name, doubts)
        if self._problem:
            return self.tr("{0} itself is fine, as far as the checks can tell.").format(name)
        return self.tr("{0} is ready for training.").format(name)

    def _facts(self, report: CaptureReport) -> str:
        validation = report.split.validation
        start, stop = (t / report.sample_rate_hz for t in (validation.start, validation.stop))
        known = report.recognised
        return " · ".join(
            [
                self.tr("{0} min").format(_clock(report.seconds)),
                self.tr("{0} kHz").format(f"{report.sample_rate_hz / 1000:g}"),
                self.tr("test signal: {0}").format(
                    known.known.name if known else self.tr("your own")
                ),
                self.tr("how close it sounds is measured from {0} to {1}").format(
                    _clock(start), _clock(stop)
                ),
            ]
        )

    def _add_way_on(self, summary: QVBoxLayout, report: CaptureReport) -> None:
        """The button by which to train in spite of a stop, or why there is none."""
        if not all(stop.overridable for stop in report.stops):
            why_not = self.tr("It cannot be trained on: there is nothing in it to learn.")
            summary.addWidget(wrapped(why_not))
        elif self._proceeding:
            summary.addWidget(wrapped(self.tr("You chose to train anyway.")))
        else:
            button = QPushButton(self.tr("Train anyway"))
            button.setToolTip(self.tr("The model will learn what is wrong with it as well"))
            button.clicked.connect(self.proceed_requested)
            summary.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
