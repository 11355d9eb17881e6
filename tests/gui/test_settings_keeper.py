"""What is chosen is on the disk at once, not when the program ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_gui.controller import Controller
from nam_gui.settings import Settings, load
from nam_gui.settings_keeper import SettingsKeeper


def test_a_change_survives_a_crash(app: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    controller = Controller(Settings())
    keeper = SettingsKeeper(controller, path)
    controller.settings = replace(controller.settings, output_folder=tmp_path, epochs=7)
    qtbot.waitUntil(path.is_file)
    assert load(path) == (keeper._controller.settings, "")


def test_what_cannot_be_saved_is_said_once(app: QApplication, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    controller = Controller(Settings())
    keeper = SettingsKeeper(controller, tmp_path / "file" / "settings.json")
    said: list[str] = []
    controller.said.connect(said.append)
    keeper.save()
    keeper.save()
    assert len(said) == 1
    assert said[0].startswith("The settings cannot be saved (")
