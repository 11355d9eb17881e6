"""The whole way in a real window: drop, train, export, and the runtime plays the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from runtime_player import Runtime

from nam_engine.demo import write_demo_pair
from nam_gui import exporter
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

SECOND = 1000


def test_dropped_recordings_become_a_file_that_the_runtime_plays(
    app: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = write_demo_pair(tmp_path, 8.0)
    settings = Settings(epochs=2, output_folder=tmp_path / "captures", device="cpu")
    controller = Controller(settings)
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, modifier = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    button = Qt.MouseButton.LeftButton
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(5, 5), action, data, button, modifier))
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), action, data, button, modifier))
    qtbot.waitUntil(lambda: controller.can_train, timeout=60 * SECOND)
    (job,) = controller.queue.jobs()
    assert job.state is JobState.READY
    assert controller.input_path == paths[0]

    qtbot.mouseClick(window.run_bar.primary, Qt.MouseButton.LeftButton)
    assert controller.is_training
    qtbot.waitUntil(lambda: not controller.is_training, timeout=180 * SECOND)
    (job,) = controller.queue.jobs()
    assert job.state is JobState.DONE, job.message
    assert [row.epoch for row in controller.runs[job.id].history] == [1, 2]
    assert window.page.result.isVisible()

    exported = tmp_path / "mine.nam"
    monkeypatch.setattr(exporter, "ask_export_path", lambda *_: exported)
    window.page.result.export_requested.emit()
    qtbot.waitUntil(exported.exists, timeout=10 * SECOND)
    (played,) = runtime([exported], np.zeros(4800, np.float32))
    assert len(played.samples) == 4800
    assert np.isfinite(played.samples).all()

    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=30 * SECOND)
