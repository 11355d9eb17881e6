"""How a cell of the queue is painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from nam_gui import style
from nam_gui.figures import percent_text
from nam_gui.job import Job, JobState
from nam_gui.queue_model import Column, QueueModel

__all__ = ["JobDelegate"]

Index = QModelIndex | QPersistentModelIndex

PADDING = style.SPACING // 2  # as in the header
BAR_HEIGHT = style.SPACING // 4
MARK_WIDTH = style.SPACING // 2
WIDEST_SHAPE = "▲"
SHOWS_PROGRESS = (JobState.TRAINING, JobState.PAUSED)
SUBMODELS = {Column.LITE: 0, Column.FULL: 1}


class JobDelegate(QStyledItemDelegate):
    """The state as shape and word over a thin bar; the figure of a submodel by its colour."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        text, cell.text = cell.text, ""
        widget = cell.widget
        painter.save()
        QApplication.style().drawControl(
            QStyle.ControlElement.CE_ItemViewItem, cell, painter, widget
        )
        painter.setFont(cell.font)
        job: Job = index.data(QueueModel.JOB_ROLE)
        column = Column(index.column())
        selected = bool(cell.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        ink = cell.palette.color(_group(cell), role)
        area = cell.rect.adjusted(PADDING, 0, -PADDING, 0)
        if column is Column.STATE:
            colour = ink if selected else QColor(getattr(style.scheme(), job.state.colour))
            self._paint_state(painter, area, job, colour, ink)
        elif column in SUBMODELS and text:
            colour = ink if selected else QColor(style.scheme().submodels[SUBMODELS[column]])
            mark = QRect(area.left(), area.top(), MARK_WIDTH, cell.fontMetrics.capHeight())
            mark.moveTop(area.center().y() - mark.height() // 2)
            painter.fillRect(mark, colour)
            _write(painter, area, text, ink, cell.displayAlignment)
        else:
            _write(painter, area, text, ink, cell.displayAlignment)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """The height; how wide the columns are is not the rows' to say."""
        return QSize(0, option.fontMetrics.height() + 2 * style.SPACING)

    @staticmethod
    def width_of(column: Column, text: str, metrics: QFontMetrics) -> int:
        """The room that a text needs with all that is painted beside it."""
        # A letter more, or rounding leaves out the last one.
        width = metrics.horizontalAdvance(text) + metrics.averageCharWidth() + 2 * PADDING
        if column is Column.STATE:
            width += metrics.horizontalAdvance(WIDEST_SHAPE) + style.SPACING
        elif column in SUBMODELS:
            width += MARK_WIDTH + style.SPACING
        return width

    def _paint_state(
        self, painter: QPainter, area: QRect, job: Job, colour: QColor, ink: QColor
    ) -> None:
        shape_width = painter.fontMetrics().horizontalAdvance(WIDEST_SHAPE)
        shape_area = QRect(area.left(), area.top(), shape_width, area.height())
        _write(painter, shape_area, job.state.shape, colour, Qt.AlignmentFlag.AlignHCenter)
        word_area = area.adjusted(shape_width + style.SPACING, 0, 0, 0)
        word = _state_text(job)
        if word != job.word and _is_wider(painter, word, word_area):
            word = percent_text(job.progress)  # the shape says the rest
        _write(painter, word_area, word, ink, Qt.AlignmentFlag.AlignLeft)
        if job.state in SHOWS_PROGRESS:
            bar = QRect(
                word_area.left(), area.bottom() - 2 * BAR_HEIGHT, word_area.width(), BAR_HEIGHT
            )
            rest = QColor(ink)
            rest.setAlphaF(0.2)
            painter.fillRect(bar, rest)
            bar.setWidth(round(bar.width() * job.progress))
            painter.fillRect(bar, ink)


def _state_text(job: Job) -> str:
    if job.is_preparing or job.state not in SHOWS_PROGRESS:
        return job.word
    return f"{job.word} {percent_text(job.progress)}"


def _group(cell: QStyleOptionViewItem) -> QPalette.ColorGroup:
    active = cell.state & QStyle.StateFlag.State_Active
    return QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive


def _is_wider(painter: QPainter, text: str, area: QRect) -> bool:
    return painter.fontMetrics().horizontalAdvance(text) > area.width()


def _write(
    painter: QPainter, area: QRect, text: str, colour: QColor, alignment: Qt.AlignmentFlag
) -> None:
    painter.setPen(colour)
    elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, alignment | Qt.AlignmentFlag.AlignVCenter, elided)
