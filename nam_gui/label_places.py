"""Where the names of marks in a chart can be read: off all marks and off one another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

__all__ = ["label_places"]


def label_places(
    marks: Sequence[QPointF], labels: Sequence[QSizeF], area: QRectF, mark_size: float
) -> list[QPointF]:
    """The upper left corners of labels, one for each mark, all in pixels with y downwards.

    Each stands at a corner of its mark, else beside it, where it covers nothing and is in the
    area. That of the lowest mark stands below it if it can, others above: curves fall. Where
    there is no such place it is as near as the area allows.
    """
    room = QSizeF(mark_size, mark_size)
    taken = [QRectF(mark - QPointF(mark_size, mark_size) / 2, room) for mark in marks]
    lowest = max((mark.y() for mark in marks), default=0.0)
    places = []
    for mark, size in zip(marks, labels, strict=True):
        candidates = [
            QRectF(corner, size)
            for corner in _corners(mark, size, mark_size / 2, goes_below=mark.y() == lowest)
        ]
        free = (c for c in candidates if area.contains(c) and not any(map(c.intersects, taken)))
        chosen = next(free, None) or _moved_into(area, candidates[0])
        taken.append(chosen)
        places.append(chosen.topLeft())
    return places


def _corners(mark: QPointF, size: QSizeF, away: float, *, goes_below: bool) -> list[QPointF]:
    """From the best to the worst."""
    right, left = mark.x() + away, mark.x() - away - size.width()
    above, below = mark.y() - away - size.height(), mark.y() + away
    beside = mark.y() - size.height() / 2
    heights = (below, above) if goes_below else (above, below)
    return [QPointF(x, y) for y in (*heights, beside) for x in (right, left)]


def _moved_into(area: QRectF, label: QRectF) -> QRectF:
    x = max(area.left(), min(label.left(), area.right() - label.width()))
    y = max(area.top(), min(label.top(), area.bottom() - label.height()))
    return QRectF(QPointF(x, y), label.size())
