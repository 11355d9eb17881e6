from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
from gui.fields import field, turn_wheel
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from nam_engine.job_file import JOB, Ending, encode_job, read_job
from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_engine.train_job import TrainJob
from nam_gui import coloured_label
from nam_gui.level_field import LevelField
from nam_gui.metadata_form import MetadataForm
from nam_gui.style import DARK
from nam_gui.voltage_calculator import VoltageCalculator, dbu_from_volts, parse_number

METADATA = UserMetadata(
    name="Twin",
    modeled_by="Zoë",
    gear_make="Fender",
    gear_model="65",
    gear_type=GearType.AMP_CAB,
    tone_type=ToneType.CLEAN,
    input_level_dbu=12.123456789,
    output_level_dbu=-3.0,
)


@pytest.fixture
def form(qtbot: QtBot) -> MetadataForm:
    form = MetadataForm()
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    return form


def edit(form: MetadataForm, name: str) -> QLineEdit:
    return field(form, QLineEdit, name)


def wheel(widget: QWidget) -> bool:
    """Down, up, down; returns whether the widget took the last."""
    return [turn_wheel(widget, notches) for notches in (-120, 120, -120)][-1]


def button(form: QWidget, text: str) -> QPushButton:
    (found,) = [b for b in form.findChildren(QPushButton) if b.text() == text]
    return found


def complaint(form: MetadataForm) -> list[str]:
    return [
        label.text()
        for label in form.findChildren(QLabel)
        if label.isVisible() and label.text().startswith("Write a number")
    ]


def test_untouched_form_says_nothing(form: MetadataForm, qtbot: QtBot) -> None:
    """Not by being shown, closed, walked through, scrolled over or filled with nothing."""
    with qtbot.assertNotEmitted(form.changed):
        visited = set()
        for _ in range(40):
            qtbot.keyClick(QApplication.focusWidget() or form, Qt.Key.Key_Tab)
            visited.add(QApplication.focusWidget())
        form.setFocus()
        for widget in form.findChildren(QWidget):
            if not widget.hasFocus():
                wheel(widget)
        form.set_metadata(form.metadata())
        form.close()
        form.show()
    assert len(visited) >= 12
    assert form.metadata() == UserMetadata()
    assert all(getattr(form.metadata(), f.name) is None for f in fields(UserMetadata))


def test_enter_in_every_field_says_nothing(form: MetadataForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.changed):
        for line in form.findChildren(QLineEdit):
            qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.metadata() == UserMetadata()


def test_choices_begin_with_not_set(form: MetadataForm) -> None:
    for name, kind in (("Gear", GearType), ("Tone", ToneType)):
        box = field(form, QComboBox, name)
        assert box.currentText() == box.itemText(0) == "Not set"
        assert box.count() == len(kind) + 1


def test_what_is_set_comes_back_exactly(form: MetadataForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.changed):
        form.set_metadata(METADATA)
    assert form.metadata() == METADATA
    assert edit(form, "Name").text() == "Twin"
    edit(form, "Name").setText("Other")
    assert form.metadata() == replace(METADATA, name="Other")
    form.set_metadata(UserMetadata())
    assert form.metadata() == UserMetadata()
    assert edit(form, "Name").text() == ""


@pytest.mark.parametrize("gear", GearType)
def test_every_gear_is_shown_and_read(form: MetadataForm, gear: GearType) -> None:
    form.set_metadata(UserMetadata(gear_type=gear))
    box = field(form, QComboBox, "Gear")
    index = box.currentIndex()
    box.setCurrentIndex(0)
    assert form.metadata().gear_type is None
    box.setCurrentIndex(index)
    assert form.metadata().gear_type is gear


def test_every_edit_is_told_once(form: MetadataForm, qtbot: QtBot) -> None:
    changes = []
    form.changed.connect(lambda: changes.append(form.metadata()))
    qtbot.keyClicks(edit(form, "Make"), "Vox ")
    qtbot.keyClick(field(form, QComboBox, "Tone"), Qt.Key.Key_Down)
    qtbot.keyClick(field(form, QComboBox, "Gear"), Qt.Key.Key_P)
    assert [c.gear_make for c in changes] == ["V", "Vo", "Vox", "Vox", "Vox"]
    assert changes[-1] == UserMetadata(
        gear_make="Vox", tone_type=ToneType.CLEAN, gear_type=GearType.PEDAL
    )


def test_emptied_field_is_not_set_again(form: MetadataForm, qtbot: QtBot) -> None:
    form.set_metadata(METADATA)
    for line in (edit(form, "Name"), edit(form, "Input level in dBu")):
        line.selectAll()
        qtbot.keyClicks(line, "  ")
    assert form.metadata() == replace(METADATA, name=None, input_level_dbu=None)
    assert complaint(form) == []


def test_wheel_changes_a_choice_only_with_the_focus(form: MetadataForm) -> None:
    box = field(form, QComboBox, "Gear")
    wheel(box)
    assert not box.hasFocus()
    assert box.currentIndex() == 0
    box.setFocus()
    wheel(box)
    assert box.currentIndex() == 1


def test_wheel_over_a_choice_is_left_to_the_page(form: MetadataForm) -> None:
    box = field(form, QComboBox, "Gear")
    assert not wheel(box)
    box.setFocus()
    assert wheel(box)


@pytest.mark.parametrize(
    ("text", "level_dbu"),
    [
        ("12.5", 12.5),
        ("12,5", 12.5),
        (" +4 ", 4.0),
        ("-60", -60.0),
        ("\N{MINUS SIGN}.5", -0.5),
        ("60", 60.0),
    ],
)
def test_levels_are_read_as_people_write_them(
    form: MetadataForm, qtbot: QtBot, text: str, level_dbu: float
) -> None:
    edit(form, "Output level in dBu").setText(text)
    qtbot.keyClick(edit(form, "Output level in dBu"), Qt.Key.Key_Return)
    assert form.metadata() == UserMetadata(output_level_dbu=level_dbu)
    assert complaint(form) == []


@pytest.mark.parametrize(
    "text",
    ["loud", "60.1", "-61", "1.2.3", "nan", "inf", "1e1", "1_0", "-", "\N{ARABIC-INDIC DIGIT ONE}"],
)
def test_wrong_level_is_told_when_left_and_left_out(
    form: MetadataForm, qtbot: QtBot, text: str
) -> None:
    line = edit(form, "Input level in dBu")
    line.setFocus()
    line.setText("5")
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    line.setText(text)
    assert complaint(form) == []
    qtbot.keyClick(line, Qt.Key.Key_Tab)
    assert complaint(form) == [line.accessibleDescription()]
    assert form.metadata() == UserMetadata()
    line.setText("4")
    assert complaint(form) == []
    assert line.accessibleDescription() == ""


def test_other_metadata_take_the_complaint_away(form: MetadataForm, qtbot: QtBot) -> None:
    line = edit(form, "Input level in dBu")
    line.setText("loud")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    form.set_metadata(METADATA)
    assert complaint(form) == []


def test_volts_become_a_level(form: MetadataForm, qtbot: QtBot) -> None:
    level = form.findChildren(LevelField)[0]
    opener = field(form, QToolButton, "Input level from volts")
    calculator = level.findChildren(VoltageCalculator)[0]
    assert not calculator.isVisible()
    with qtbot.assertNotEmitted(form.changed):
        qtbot.keyClick(opener, Qt.Key.Key_Space)
        volts = QApplication.focusWidget()
        assert volts is calculator.focusProxy()
        assert not button(calculator, "Use").isEnabled()
        qtbot.keyClicks(volts, "3,16")
        assert any(w.text() == "= 12.2 dBu" for w in calculator.findChildren(QLabel))
    qtbot.keyClick(volts, Qt.Key.Key_Return)
    assert form.metadata() == UserMetadata(input_level_dbu=12.2)
    assert not calculator.isVisible()
    assert edit(form, "Input level in dBu").hasFocus()


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1000000", "0.0000001"])
def test_no_level_from_what_is_no_voltage(qtbot: QtBot, text: str) -> None:
    calculator = VoltageCalculator("Measure.")
    qtbot.addWidget(calculator)
    line = field(calculator, QLineEdit, "Measured voltage at 0 dBFS")
    line.setText(text)
    assert not button(calculator, "Use").isEnabled()
    with qtbot.assertNotEmitted(calculator.used):
        qtbot.keyClick(line, Qt.Key.Key_Return)


def test_peak_voltage_is_three_decibels_less(qtbot: QtBot) -> None:
    assert dbu_from_volts(0.7746, is_peak=False) == pytest.approx(0.0)
    assert dbu_from_volts(0.7746 * math.sqrt(2), is_peak=True) == pytest.approx(0.0)
    calculator = VoltageCalculator("Measure.")
    qtbot.addWidget(calculator)
    field(calculator, QLineEdit, "Measured voltage at 0 dBFS").setText("7.746")
    field(calculator, QComboBox, "How the voltage was measured").setCurrentIndex(1)
    with qtbot.waitSignal(calculator.used) as used:
        button(calculator, "Use").click()
    assert used.args == [17.0]


def test_parse_number_refuses_what_is_none() -> None:
    assert [parse_number(t) for t in ("", ".", ",", "+", "1,2,3", "0x1", "1 2")] == [None] * 7


def test_requests_are_signals(form: MetadataForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.changed):
        with qtbot.waitSignal(form.apply_to_all_requested):
            button(form, "Use for all recordings").click()
        with qtbot.waitSignal(form.remember_requested):
            button(form, "Use these for new recordings").click()


def test_every_control_has_a_name(form: MetadataForm) -> None:
    for kind in (QLineEdit, QComboBox):
        assert all(widget.accessibleName() for widget in form.findChildren(kind))


@pytest.mark.parametrize("percent", [100, 200])
def test_captions_stand_beside_their_lines(form: MetadataForm, percent: int) -> None:
    font = form.font()
    font.setPointSizeF(font.pointSizeF() * percent / 100)
    form.setFont(font)
    form.resize(700, form.layout().totalHeightForWidth(700))
    QApplication.processEvents()
    for caption in form.findChildren(QLabel):
        if caption.buddy() is not None:
            line = caption.buddy().focusProxy() or caption.buddy()
            middle = line.mapTo(form, line.rect().center()).y()
            assert abs(caption.geometry().center().y() - middle) <= 1


def test_complaint_follows_the_appearance(
    form: MetadataForm, monkeypatch: pytest.MonkeyPatch, app: QApplication
) -> None:
    (label, _) = form.findChildren(coloured_label.ColouredLabel)
    monkeypatch.setattr(coloured_label, "scheme", lambda: DARK)
    palette = form.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(DARK.background))
    form.setPalette(palette)
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(DARK.stop)


def test_no_text_is_longer_than_the_training_can_remember(
    form: MetadataForm, tmp_path: Path
) -> None:
    for title in ("Name", "Modeled by", "Make", "Model"):
        field(form, QLineEdit, title).setText("\N{GUITAR}" * 9_000)
    user = form.metadata()
    job = TrainJob(Path("in.wav"), Path("out.wav"), tmp_path, user=user)
    (tmp_path / JOB).write_bytes(encode_job(job, Ending.DONE))
    assert read_job(tmp_path).job.user == user
