"""One finding, told like a colleague would: how bad it is, what it is, what to do, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from nam_engine.findings import Finding, Severity
from nam_engine.intake import CaptureReport
from nam_gui import style
from nam_gui.finding_picture import picture_of
from nam_gui.sentence import sentence
from nam_gui.severity_mark import SeverityMark, severity_colour

__all__ = ["FindingRow", "wrapped"]

SMALL = 0.9


def wrapped(text: str) -> QLabel:
    """Plain text that wraps and can be copied with the mouse."""
    label = QLabel(sentence(text))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class FindingRow(QWidget):
    """A finding of a report, with its picture where it has one."""

    def __init__(
        self, finding: Finding, report: CaptureReport, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        word = self._word(finding.severity)
        self.setAccessibleName(f"{word}: {finding.message}")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(style.SPACING)
        layout.setVerticalSpacing(style.SPACING // 2)
        layout.setColumnStretch(1, 1)
        layout.addWidget(SeverityMark(finding.severity), 0, 0)
        title = QLabel(word)
        title.setFont(_changed(self.font(), bold=True))
        palette = title.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(severity_colour(finding.severity)))
        title.setPalette(palette)
        cause = wrapped(finding.cause)
        cause.setFont(_changed(self.font(), scale=SMALL))
        is_fine = finding.severity is Severity.INFO  # then there is nothing to be done
        remedy = wrapped(
            finding.remedy if is_fine else self.tr("What to do: {0}").format(finding.remedy)
        )
        rows: list[QWidget] = [title, wrapped(finding.message), remedy, cause]
        picture = picture_of(finding, report)
        if picture is not None:
            picture.setContentsMargins(0, style.SPACING, 0, 0)
            rows.append(picture)
        for row, widget in enumerate(rows):
            layout.addWidget(widget, row, 1)

    def _word(self, severity: Severity) -> str:
        return {
            Severity.STOP: self.tr("Stop"),
            Severity.WARN: self.tr("Look at this"),
            Severity.INFO: self.tr("Fine"),
        }[severity]


def _changed(font: QFont, *, scale: float = 1.0, bold: bool = False) -> QFont:
    font = QFont(font)
    font.setPointSizeF(scale * font.pointSizeF())
    font.setBold(bold)
    return font
