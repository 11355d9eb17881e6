from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gui.fields import field, turn_wheel
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from nam_gui.coloured_label import ColouredLabel
from nam_gui.settings import Settings
from nam_gui.settings_dialog import SettingsDialog

OTHER = Settings(
    device="mps",
    epochs=57,
    target_esr=0.00123456789,
    output_folder=Path("/captures").absolute(),
    export_folder=Path("/models").absolute(),
    theme="dark",
    text_percent=137,
    name_template="{recording} A2",
)


@pytest.fixture
def dialog(qtbot: QtBot) -> SettingsDialog:
    dialog = SettingsDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


@pytest.fixture
def heard(dialog: SettingsDialog) -> list[Settings]:
    heard: list[Settings] = []
    dialog.changed.connect(heard.append)
    return heard


def length(dialog: SettingsDialog) -> QComboBox:
    return field(dialog, QComboBox, "How long to train")


def epochs(dialog: SettingsDialog) -> QLineEdit:
    return field(dialog, QLineEdit, "Number of epochs")


def target(dialog: SettingsDialog) -> QLineEdit:
    return field(dialog, QLineEdit, "Stop when this good")


def complaints(dialog: SettingsDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(ColouredLabel) if label.isVisible()]


@pytest.mark.parametrize("settings", [Settings(), OTHER])
def test_untouched_says_nothing(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot, settings: Settings
) -> None:
    dialog.set_settings(settings)
    for _ in range(20):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert not heard
    assert not complaints(dialog)


def test_what_is_not_touched_stays_as_it_was(dialog: SettingsDialog, heard: list[Settings]) -> None:
    dialog.set_settings(OTHER)
    field(dialog, QComboBox, "Train on").setCurrentText("Processor")
    assert heard == [replace(OTHER, device="cpu")]


@pytest.mark.parametrize(("index", "expected"), [(0, 25), (1, 100), (2, 300)])
def test_named_lengths(
    dialog: SettingsDialog, heard: list[Settings], index: int, expected: int
) -> None:
    dialog.set_settings(OTHER)
    length(dialog).setCurrentIndex(index)
    assert heard == [replace(OTHER, epochs=expected)]
    assert not epochs(dialog).isVisible()


def test_another_length_begins_with_the_present_one(
    dialog: SettingsDialog, heard: list[Settings]
) -> None:
    length(dialog).setCurrentIndex(3)
    assert epochs(dialog).isVisible()
    assert epochs(dialog).text() == "100"
    assert not heard
    epochs(dialog).setText("57")
    assert heard == [Settings(epochs=57)]


def test_typing_survives_the_echo_of_the_settings(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot
) -> None:
    dialog.changed.connect(dialog.set_settings)
    length(dialog).setCurrentIndex(3)
    epochs(dialog).clear()
    qtbot.keyClicks(epochs(dialog), "1000")
    assert epochs(dialog).isVisible()
    assert epochs(dialog).text() == "1000"
    assert heard[-1].epochs == 1000


@pytest.mark.parametrize("text", ["0", "1.5", "100001", "ten", "-3", "9" * 400])
def test_a_wrong_length_leaves_the_last_one(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot, text: str
) -> None:
    length(dialog).setCurrentIndex(3)
    epochs(dialog).setFocus()
    epochs(dialog).setText(text)
    assert not complaints(dialog)
    qtbot.keyClick(epochs(dialog), Qt.Key.Key_Tab)
    assert len(complaints(dialog)) == 1
    assert not heard


@pytest.mark.parametrize(("text", "esr"), [("0.004", 0.004), ("0,004", 0.004), (" .5 ", 0.5)])
def test_target_with_point_or_comma(
    dialog: SettingsDialog, heard: list[Settings], text: str, esr: float
) -> None:
    target(dialog).setText(text)
    assert heard == [Settings(target_esr=esr)]
    target(dialog).setText(" ")
    assert heard[1:] == [Settings()]


@pytest.mark.parametrize("text", ["0", "1", "good", "-0.1", "nan"])
def test_a_wrong_target_is_left_out(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot, text: str
) -> None:
    dialog.set_settings(Settings(target_esr=0.004))
    target(dialog).setFocus()
    target(dialog).setText(text)
    qtbot.keyClick(target(dialog), Qt.Key.Key_Return)
    assert len(complaints(dialog)) == 1
    assert target(dialog).accessibleDescription() == complaints(dialog)[0]
    assert heard == [Settings()]


def test_enter_in_a_field_presses_no_button(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", pytest.fail)
    qtbot.keyClick(target(dialog), Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert not heard


@pytest.mark.parametrize(
    ("title", "name"), [("Captures go to", "output_folder"), ("Exports go to", "export_folder")]
)
def test_folders_are_chosen_and_reset(
    dialog: SettingsDialog,
    heard: list[Settings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    title: str,
    name: str,
) -> None:
    answers = ["", str(tmp_path), str(tmp_path)]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: answers.pop(0))
    choose = field(dialog, QPushButton, f"{title}: choose a folder")
    reset = field(dialog, QPushButton, f"{title}: back to the usual folder")
    assert not reset.isEnabled()
    choose.click()
    assert not heard
    choose.click()
    choose.click()
    assert heard == [replace(Settings(), **{name: tmp_path})]
    reset.click()
    assert heard[1:] == [Settings()]


def test_appearance_and_text_size(dialog: SettingsDialog, heard: list[Settings]) -> None:
    field(dialog, QComboBox, "Appearance").setCurrentText("Dark")
    field(dialog, QComboBox, "Text size").setCurrentText("150 %")
    assert heard == [Settings(theme="dark"), Settings(theme="dark", text_percent=150)]


def test_a_passing_wheel_changes_nothing(dialog: SettingsDialog, heard: list[Settings]) -> None:
    dialog.set_settings(OTHER)
    target(dialog).setFocus()
    for widget in [*dialog.findChildren(QComboBox), epochs(dialog)]:
        for notches in (-120, 120, 120):
            turn_wheel(widget, notches)
    assert not heard
    assert target(dialog).hasFocus()


def test_every_control_has_a_name(dialog: SettingsDialog) -> None:
    for kind in (QLineEdit, QComboBox, QPushButton):
        assert all(widget.accessibleName() for widget in dialog.findChildren(kind))


@pytest.mark.parametrize("percent", [100, 200])
def test_nothing_is_cut_off(dialog: SettingsDialog, qtbot: QtBot, percent: int) -> None:
    font = dialog.font()
    font.setPointSizeF(font.pointSizeF() * percent / 100)
    dialog.setFont(font)
    dialog.set_settings(OTHER)
    target(dialog).setText("7")
    target(dialog).editingFinished.emit()

    def is_whole() -> None:
        for kind in (QLabel, QLineEdit, QComboBox, QPushButton):
            for widget in dialog.findChildren(kind):
                if widget.isVisible():
                    needed = widget.heightForWidth(widget.width())
                    needed = needed if needed > 0 else widget.sizeHint().height()
                    assert widget.height() >= needed, widget

    qtbot.waitUntil(is_whole, timeout=1000)


# The names of exported files


def test_a_name_for_exports_is_typed(
    dialog: SettingsDialog, heard: list[Settings], qtbot: QtBot
) -> None:
    name = field(dialog, QLineEdit, "Their names")
    assert name.text() == "{recording}"
    name.clear()
    assert heard == []  # nothing at all is the recording's name
    qtbot.keyClicks(name, "x")
    assert heard[-1].name_template == "x"
    dialog.set_settings(OTHER)
    assert name.text() == OTHER.name_template


def test_what_may_stand_in_a_name_is_told(dialog: SettingsDialog) -> None:
    hints = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "{recording}, {gear}, {tone}, {date}, {esr}" in hints
