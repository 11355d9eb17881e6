from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gui.drops import drag_enter, drop, files
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDragLeaveEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from nam_gui.drop import FileDrops
from nam_gui.elided_label import ElidedLabel
from nam_gui.queue_model import Column, JobState, QueueModel
from nam_gui.queue_view import QueueView

# Qt 6.12 would rather have a QPointF, which Qt 6.11 does not take.
pytestmark = pytest.mark.filterwarnings("ignore:Function. 'QDragEnterEvent:DeprecationWarning")

Key = Qt.Key
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def model(app: QApplication) -> QueueModel:
    return QueueModel()


@pytest.fixture
def view(model: QueueModel, qtbot: QtBot) -> Iterator[QueueView]:
    view = QueueView(model)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    view.activateWindow()
    return view


def dropped(view: QueueView, data: QMimeData) -> list[Path]:
    """What the view says was dropped on it."""
    told: list[list[Path]] = []
    view.files_dropped.connect(told.append)
    entered, event = drag_enter(view, data), drop(view, data)
    view.files_dropped.disconnect(told.append)
    assert entered.isAccepted() == event.isAccepted() == bool(told)
    return told[0] if told else []


def press(qtbot: QtBot, view: QueueView, key: Key, modifier: Qt.KeyboardModifier) -> None:
    view.table.setFocus()
    qtbot.keyClick(view.table, key, modifier)


# Drops


def test_files_are_taken_whatever_they_are(view: QueueView, tmp_path: Path) -> None:
    """Which of them are of use is not told by their names alone."""
    paths = [tmp_path / name for name in ("Twin.wav", "a folder", "notes.txt", "Motörhead #1.flac")]
    assert dropped(view, files(*paths)) == paths


def test_fifty_files_are_taken_in_their_order(view: QueueView, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:02}.wav" for number in reversed(range(50))]
    assert dropped(view, files(*paths)) == paths


def test_what_is_no_file_is_left_alone(view: QueueView) -> None:
    words, page = QMimeData(), QMimeData()
    words.setText("Twin.wav")
    page.setUrls([QUrl("https://example.org/Twin.wav")])
    assert dropped(view, words) == dropped(view, page) == dropped(view, QMimeData()) == []


def test_files_are_copied_never_moved(view: QueueView, tmp_path: Path) -> None:
    data = files(tmp_path / "Twin.wav")
    assert drag_enter(view, data).dropAction() is Qt.DropAction.CopyAction
    assert drop(view, data).dropAction() is Qt.DropAction.CopyAction


def test_files_fall_through_the_table_to_the_view(
    view: QueueView, model: QueueModel, qtbot: QtBot, tmp_path: Path
) -> None:
    model.add([tmp_path / "a.wav"])
    data, viewport = files(tmp_path / "b.wav"), view.table.viewport()
    with qtbot.waitSignal(view.files_dropped) as told:
        assert drag_enter(viewport, data).isAccepted()
        drop(viewport, data)
    assert told.args == [[tmp_path / "b.wav"]]


def test_any_widget_takes_files_for_what_lies_in_it(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    label = QLabel("within")
    QVBoxLayout(window).addWidget(label)
    drops = FileDrops(window)
    hovering: list[bool] = []
    drops.hovering.connect(hovering.append)
    data = files(tmp_path / "Twin.wav")
    with qtbot.waitSignal(drops.dropped) as told:
        assert drag_enter(label, data).isAccepted()
        drop(label, data)
    assert told.args == [[tmp_path / "Twin.wav"]]
    drag_enter(window, data)
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert hovering == [True, False, True, False]


# Nothing there yet


def test_three_doors_while_there_is_nothing(
    view: QueueView, model: QueueModel, qtbot: QtBot
) -> None:
    zone = view.zone
    assert zone.isVisible()
    assert not view.table.isVisible()
    for button, signal in (
        (zone.add_button, view.add_requested),
        (zone.signal_button, view.signal_requested),
        (zone.demo_button, view.demo_requested),
    ):
        with qtbot.waitSignal(signal):
            qtbot.keyClick(button, Key.Key_Space)
    ids = model.add([Path("Twin.wav")])
    assert view.table.isVisible()
    with qtbot.waitSignal(view.add_requested):
        view.add_button.click()
    model.remove(ids)
    assert zone.isVisible()


def test_the_input_is_named(view: QueueView, qtbot: QtBot) -> None:
    def shown() -> list[str]:
        row = view.input_row
        labels = [*row.findChildren(QLabel), *row.findChildren(ElidedLabel)]
        return [label.text() for label in labels]

    assert shown() == ["Input", "", "None yet"]
    view.set_input("input.wav", 190, "NAM input v3.0.0")
    assert shown() == ["Input", "3:10, NAM input v3.0.0", "input.wav"]
    view.set_input("mine.wav", 65, "")
    assert shown() == ["Input", "1:05, an input of your own", "mine.wav"]
    with qtbot.waitSignal(view.input_requested):
        view.input_row.button.click()
    view.clear_input()
    assert shown()[2] == "None yet"


# Jobs


@pytest.fixture
def ids(model: QueueModel, view: QueueView) -> list[int]:
    ids = model.add(Path(f"{name}.wav") for name in "abcd")
    view.select_job(ids[1])
    return ids


def names(model: QueueModel) -> str:
    return "".join(job.name for job in model.jobs())


def test_the_job_that_is_looked_at(
    view: QueueView, model: QueueModel, ids: list[int], qtbot: QtBot
) -> None:
    job = view.selected_job()
    assert job is not None
    assert job.id == ids[1]
    with qtbot.waitSignal(view.table.selected_job_changed) as told:
        qtbot.keyClick(view.table, Key.Key_Down)
    assert told.args == [ids[2]]
    model.remove(ids)
    assert view.selected_job() is None


def test_none_is_looked_at_once_all_are_gone(
    view: QueueView, model: QueueModel, qtbot: QtBot
) -> None:
    ids = model.add([Path("a.wav")])
    view.select_job(ids[0])
    with qtbot.waitSignal(view.table.selected_job_changed) as told:
        model.remove(ids)
    assert told.args == [-1]


def test_jobs_are_moved_by_keyboard(
    view: QueueView, model: QueueModel, ids: list[int], qtbot: QtBot
) -> None:
    press(qtbot, view, Key.Key_Down, ALT)
    assert names(model) == "acbd"
    for _ in range(4):
        press(qtbot, view, Key.Key_Up, ALT)
    assert names(model) == "bacd"
    job = view.selected_job()
    assert job is not None
    assert job.id == ids[1]


def test_a_job_is_renamed_by_keyboard(
    view: QueueView, model: QueueModel, ids: list[int], qtbot: QtBot
) -> None:
    press(qtbot, view, Key.Key_F2, Qt.KeyboardModifier.NoModifier)
    (editor,) = view.table.findChildren(QLineEdit)
    assert editor.text() == "b"
    qtbot.keyClicks(editor, "Twin crunch")
    with qtbot.waitSignal(model.renamed) as told:
        qtbot.keyClick(editor, Key.Key_Return)
    assert told.args == [ids[1], "Twin crunch"]


def test_keys_ask_for_the_selected_jobs(
    view: QueueView, model: QueueModel, ids: list[int], qtbot: QtBot
) -> None:
    asked: list[tuple[str, int | list[int]]] = []
    asked_of = {
        "remove": view.table.remove_requested,
        "retry": view.table.retry_requested,
        "train more": view.table.train_more_requested,
        "skip": view.table.skip_requested,
        "show": view.table.show_requested,
        "export": view.table.export_requested,
    }
    for what, signal in asked_of.items():
        signal.connect(lambda job, what=what: asked.append((what, job)))
    model.update(ids[1], state=JobState.TRAINING)
    model.update(ids[2], state=JobState.DONE, model_path=Path("c.nam"))
    press(qtbot, view, Key.Key_Down, SHIFT)
    press(qtbot, view, Key.Key_R, CTRL)
    press(qtbot, view, Key.Key_K, CTRL)
    press(qtbot, view, Key.Key_T, CTRL | SHIFT)
    press(qtbot, view, Key.Key_E, CTRL)
    press(qtbot, view, Key.Key_R, CTRL | SHIFT)
    press(qtbot, view, Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    assert asked == [
        ("retry", ids[2]),
        ("skip", ids[1]),
        ("train more", ids[2]),
        ("export", [ids[2]]),
        ("show", ids[2]),
        ("remove", ids[1]),
        ("remove", ids[2]),
    ]
    assert names(model) == "abcd"  # whether to remove is for others to decide


def test_the_menu_offers_what_can_be_done(
    view: QueueView, model: QueueModel, ids: list[int]
) -> None:
    def offered() -> list[str]:
        actions = view.table.make_menu().actions()
        return [a.text() for a in actions if a.isEnabled() and not a.isSeparator()]

    order = ["Rename", "Move up", "Move down"]
    assert offered() == [*order, "Remove"]
    model.update(ids[1], state=JobState.TRAINING)
    assert offered() == ["Skip", *order]
    model.update(ids[1], state=JobState.DONE, model_path=Path("b.nam"))
    assert offered() == ["Export…", "Show in folder", "Train again", "Train more", *order, "Remove"]
    view.select_job(ids[0])
    assert "Move up" not in offered()


def test_columns_give_way_to_the_name(view: QueueView, ids: list[int], app: QApplication) -> None:
    def shown() -> set[Column]:
        return {column for column in Column if not view.table.isColumnHidden(column)}

    assert shown() == set(Column) - {Column.PROGRESS}
    view.resize(420, 500)
    app.processEvents()
    assert shown() == {Column.RECORDING, Column.STATE, Column.LITE, Column.FULL}
    view.resize(200, 500)
    app.processEvents()
    assert shown() == {Column.RECORDING, Column.STATE}


def test_the_totals_follow(view: QueueView, model: QueueModel, ids: list[int]) -> None:
    model.update(ids[0], state=JobState.DONE)
    assert view.totals.text() == "4 recordings, 1 done"


def test_a_row_is_painted_in_every_state(
    view: QueueView, model: QueueModel, ids: list[int], app: QApplication
) -> None:
    pictures = set()
    for state in JobState:
        model.update(ids[0], state=state, progress=0.5, esr=(0.01, 0.004))
        pictures.add(view.table.viewport().grab().toImage().constBits().tobytes())
    assert len(pictures) == len(JobState)
