from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF

from nam_gui.label_places import label_places

AREA = QRectF(0, 0, 600, 200)
SIZE = QSizeF(200, 30)
DOT = 20.0


def placed(*marks: tuple[float, float]) -> list[QRectF]:
    points = [QPointF(x, y) for x, y in marks]
    return [QRectF(p, SIZE) for p in label_places(points, [SIZE] * len(points), AREA, DOT)]


def dots(*marks: tuple[float, float]) -> list[QRectF]:
    return [QRectF(x - DOT / 2, y - DOT / 2, DOT, DOT) for x, y in marks]


def test_the_lowest_is_named_below_others_above() -> None:
    above, below = placed((100, 80), (100, 120))
    assert above.bottom() <= 80 - DOT / 2
    assert below.top() >= 120 + DOT / 2


@pytest.mark.parametrize(
    "marks",
    [
        ((300, 95), (304, 105)),  # close to one another
        ((300, 5), (300, 40)),  # at the top
        ((300, 160), (300, 195)),  # at the bottom
        ((590, 95), (590, 110)),  # at the end
        ((300, 100), (300, 100)),  # one on the other
        ((10, 100), (60, 95)),  # where the curves begin
    ],
)
def test_names_cover_neither_dots_nor_one_another(marks: tuple[tuple[float, float], ...]) -> None:
    labels = placed(*marks)
    assert all(AREA.contains(label) for label in labels)
    assert not any(label.intersects(dot) for label in labels for dot in dots(*marks))
    assert not any(one.intersects(other) for one, other in combinations(labels, 2))


def test_without_any_room_names_stay_inside() -> None:
    (label,) = label_places([QPointF(15, 15)], [SIZE], QRectF(0, 0, 210, 31), DOT)
    assert QRectF(0, 0, 210, 31).contains(QRectF(label, SIZE))


def test_no_marks_no_names() -> None:
    assert label_places([], [], AREA, DOT) == []
