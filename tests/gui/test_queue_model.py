from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from queue_jobs import report

from nam_engine.findings import Kind
from nam_gui import style
from nam_gui.queue_model import Column, JobState, QueueModel

Role = Qt.ItemDataRole
TOP = QModelIndex()
HALF_PAST_TWO = datetime(2024, 5, 1, 14, 40)


@pytest.fixture
def model(app: QApplication) -> Iterator[QueueModel]:
    model = QueueModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    yield model
    del tester


def text(model: QueueModel, row: int, column: Column, role: Role = Role.DisplayRole) -> object:
    return model.index(row, column).data(role)


def names(model: QueueModel) -> str:
    return "".join(job.name for job in model.jobs())


def summary(model: QueueModel) -> str:
    return model.summary(lambda: HALF_PAST_TWO)


def test_a_recording_is_added_once(model: QueueModel) -> None:
    first = model.add([Path("/a/Twin.wav"), Path("/b/Twin.wav"), Path("/a/Twin.wav")])
    assert len(first) == 2
    assert model.add([Path("/a/Twin.wav")]) == []
    assert [job.recording for job in model.jobs()] == [Path("/a/Twin.wav"), Path("/b/Twin.wav")]
    model.remove(first)
    assert model.jobs() == ()
    (again,) = model.add([Path("/a/Twin.wav")])
    assert again not in first
    with pytest.raises(KeyError):
        model.job(first[0])


def test_a_change_is_told_of_its_row_only(model: QueueModel, qtbot: QtBot) -> None:
    _, second = model.add([Path("a.wav"), Path("b.wav")])
    with qtbot.waitSignal(model.dataChanged) as told:
        model.update(second, state=JobState.TRAINING, progress=0.687)
    top_left, bottom_right, *_ = told.args
    assert (top_left.row(), bottom_right.row()) == (1, 1)
    assert (top_left.column(), bottom_right.column()) == (0, Column.FULL)
    assert text(model, 1, Column.STATE) == "training"
    assert text(model, 1, Column.PROGRESS) == "68%"
    assert text(model, 0, Column.STATE) == "waiting"


def test_what_has_not_trained_a_step_is_preparing(model: QueueModel) -> None:
    (job,) = model.add([Path("a.wav")])
    model.update(job, state=JobState.TRAINING, is_preparing=True)
    assert text(model, 0, Column.STATE) == "preparing"


def test_a_row_says_what_is_known(model: QueueModel) -> None:
    (job,) = model.add([Path("Twin crunch.wav")])
    row = [text(model, 0, column) for column in Column]
    assert row == ["Twin crunch", "", "", "", "waiting", "", "", ""]
    found = report(Kind.CLIPPED, Kind.GAP, latency_samples=123)
    model.update(job, report=found, esr=(0.01123, 0.0043))
    row = [text(model, 0, column) for column in Column]
    assert row == [
        "Twin crunch", "3:10", "2 findings", "2.56 ms", "waiting", "", "0.0112", "0.00430",
    ]  # fmt: skip
    model.update(job, latency_samples=48, report=report())
    assert text(model, 0, Column.CHECKS) == "good"
    assert text(model, 0, Column.DELAY) == "1.00 ms, yours"


def test_a_cell_explains_itself(model: QueueModel) -> None:
    (job,) = model.add([Path("Twin.wav")])
    assert "How close it sounds (ESR)" in str(text(model, 0, Column.FULL, Role.ToolTipRole))
    header = model.headerData(Column.LITE, Qt.Orientation.Horizontal, Role.ToolTipRole)
    assert "How close it sounds (ESR)" in header
    assert text(model, 0, Column.FULL, Role.AccessibleTextRole) == "A2-Full: nothing yet"
    model.update(job, state=JobState.FAILED, message="The disk is full.", report=report(Kind.GAP))
    assert text(model, 0, Column.STATE, Role.AccessibleTextRole) == "State: failed"
    for role in (Role.ToolTipRole, Role.AccessibleDescriptionRole):
        assert text(model, 0, Column.STATE, role) == "The disk is full.\nGAP was found."


def test_the_user_renames(model: QueueModel, qtbot: QtBot) -> None:
    (job,) = model.add([Path("Twin.wav")])
    cell = model.index(0, Column.RECORDING)
    assert cell.flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.index(0, Column.STATE).flags() & Qt.ItemFlag.ItemIsEditable
    with qtbot.waitSignal(model.renamed) as told:
        assert model.setData(cell, " Twin clean ")
    assert told.args == [job, "Twin clean"]
    assert not model.setData(cell, "  ")
    assert model.job(job).name == "Twin clean"


@pytest.mark.parametrize(
    ("row", "to", "order"),
    [(0, 1, "bacd"), (0, 3, "bcda"), (3, 0, "dabc"), (2, 1, "acbd"), (1, 1, "abcd"),
     (0, -1, "abcd"), (3, 4, "abcd"), (9, 0, "abcd")],
)  # fmt: skip
def test_rows_move(model: QueueModel, row: int, to: int, order: str) -> None:
    model.add(Path(name) for name in "abcd")
    model.move(row, to)
    assert names(model) == order


@pytest.mark.parametrize(
    ("dragged", "before", "order"),
    [("a", 2, "bacd"), ("a", 4, "bcda"), ("a", -1, "bcda"), ("d", 0, "dabc"), ("b", 1, "abcd"),
     ("b", 2, "abcd"), ("ac", 4, "bdac"), ("bd", 0, "bdac"), ("ad", 2, "badc")],
)  # fmt: skip
def test_rows_are_dragged(model: QueueModel, dragged: str, before: int, order: str) -> None:
    model.add(Path(name) for name in "abcd")
    data = model.mimeData([model.index("abcd".index(name), 0) for name in dragged])
    assert model.dropMimeData(data, Qt.DropAction.MoveAction, before, 0, TOP)
    assert names(model) == order


def test_what_points_to_a_row_stays_with_a_row_that_moves(model: QueueModel) -> None:
    model.add(Path(name) for name in "abc")
    kept = QPersistentModelIndex(model.index(0, 0))
    model.move(0, 2)
    assert kept.row() == 2


def test_other_things_are_not_dropped_between_the_rows(model: QueueModel) -> None:
    data = QMimeData()
    data.setText("a")
    assert not model.canDropMimeData(data, Qt.DropAction.MoveAction, 0, 0, TOP)
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, TOP)


def test_summary(model: QueueModel) -> None:
    assert summary(model) == "0 recordings"
    first, second, third, fourth = model.add(Path(name) for name in "abcd")
    model.remove([fourth])
    assert summary(model) == "3 recordings"
    (fourth,) = model.add([Path("d")])
    model.update(first, state=JobState.DONE, seconds_left=0.0)
    model.update(second, state=JobState.TRAINING, seconds_left=240.0)
    model.update(third, state=JobState.QUEUED, seconds_left=480.0)
    model.update(fourth, state=JobState.BLOCKED)
    expected = "4 recordings, 1 done, 1 to look at, about 12 min left, finished at 14:52"
    assert summary(model) == expected
    model.update(second, state=JobState.PAUSED)
    model.update(fourth, state=JobState.FAILED)
    assert summary(model) == "4 recordings, 1 done, 1 failed, about 12 min left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 s left"), (59.4, "about 59 s left"), (59.6, "about 1 min left"),
     (3569, "about 59 min left"), (3590, "about 1 h 0 min left"), (7500, "about 2 h 5 min left")],
)  # fmt: skip
def test_time_left_is_as_exact_as_it_can_be(model: QueueModel, seconds: float, words: str) -> None:
    (job,) = model.add([Path("a")])
    model.update(job, state=JobState.TRAINING, seconds_left=seconds)
    assert words in summary(model)


def test_a_time_that_is_not_known_is_not_told(model: QueueModel) -> None:
    first, second = model.add([Path("a"), Path("b")])
    model.update(first, state=JobState.TRAINING, seconds_left=60.0)
    model.update(second, state=JobState.QUEUED)
    assert summary(model) == "2 recordings"


def test_states_are_told_apart_without_colour() -> None:
    assert len({state.word for state in JobState}) == len(JobState)
    assert len({state.shape for state in JobState}) == len(JobState)
    for state in JobState:
        assert getattr(style.LIGHT, state.colour).startswith("#")
