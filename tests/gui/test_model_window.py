from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from support import container_of, small_packed

from nam_engine.demo import write_demo_pair
from nam_engine.errors import AudioError
from nam_engine.nam_file import write_nam
from nam_gui.compare_task import ScoreTask
from nam_gui.main_window import MainWindow
from nam_gui.model_window import ModelWindow
from nam_gui.model_windows import MAX_WINDOWS


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "Their &amp.nam"
    write_nam(path, container_of(small_packed()))
    return path


def opened(window: MainWindow, qtbot: QtBot, *paths: Path) -> list[ModelWindow]:
    window.files.add(list(paths))
    qtbot.waitUntil(lambda: bool(window.models.windows))
    windows = window.models.windows
    qtbot.waitUntil(lambda: not any(w.kind.text() == "Reading…" for w in windows if w.isVisible()))
    return windows


def texts(window: ModelWindow) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def recording(window: MainWindow, tmp_path: Path) -> int:
    (job_id,) = window.controller.queue.add([tmp_path / "demo_output.wav"])
    window.controller.input_path = tmp_path / "demo_input.wav"
    window.queue_view.select_job(job_id)
    return job_id


def test_a_dropped_model_is_shown(window: MainWindow, qtbot: QtBot, model: Path) -> None:
    (shown,) = opened(window, qtbot, model)
    assert shown.isVisible()
    assert not shown.isModal()
    assert "WaveNet 2 and WaveNet 3" in texts(shown)
    assert not shown.problem.isVisible()
    assert shown.try_button.isVisible()
    assert not shown.try_button.isEnabled()
    assert "choose an input and a recording" in texts(shown)


def test_the_same_file_has_one_window_and_is_read_again(
    window: MainWindow, qtbot: QtBot, model: Path
) -> None:
    (shown,) = opened(window, qtbot, model)
    model.write_text("{")
    window.models.open([model])
    qtbot.waitUntil(shown.problem.isVisible)
    assert window.models.windows == [shown]
    assert "not readable as JSON" in texts(shown)
    assert not shown.try_button.isVisible()


def test_a_folder_of_models_opens_a_few(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, model: Path
) -> None:
    said: list[str] = []
    window.controller.said.connect(said.append)
    paths = [tmp_path / f"{number}.nam" for number in range(MAX_WINDOWS + 3)]
    for path in paths:
        path.write_bytes(model.read_bytes())
    windows = opened(window, qtbot, *paths)
    assert len(windows) == MAX_WINDOWS
    assert said == ["6 models are open; 3 more were left out."]
    windows[0].close()
    window.models.open([paths[-1]])
    assert [w.path for w in windows] == [*paths[1:MAX_WINDOWS], paths[-1]]


def test_trying_says_how_close_each_size_comes(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_answer = threading.Event()

    def score(_: ScoreTask) -> dict[str, float]:
        may_answer.wait(10)
        return {"channels_2": 0.2, "channels_3": 0.00512}

    monkeypatch.setattr(ScoreTask, "work", score)
    (shown,) = opened(window, qtbot, model)
    recording(window, tmp_path)
    assert shown.try_button.text() == "Try it on demo_output"
    shown.try_button.click()
    assert not shown.try_button.isEnabled()
    assert "Playing…" in texts(shown)
    window.queue_view.table.clearSelection()
    may_answer.set()
    qtbot.waitUntil(shown.try_button.isEnabled)
    said = texts(shown)
    for part in ("comes to demo_output", "WaveNet 3", "great", "0.00512", "WaveNet 2", "poor"):
        assert part in said


def test_trying_says_why_it_cannot(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: ScoreTask) -> None:
        raise AudioError("It has another rate.", "Convert it.")

    monkeypatch.setattr(ScoreTask, "work", refuse)
    (shown,) = opened(window, qtbot, model)
    job_id = recording(window, tmp_path)
    shown.try_button.click()
    qtbot.waitUntil(lambda: "! It has another rate. Convert it." in texts(shown))
    assert shown.try_button.isEnabled()
    window.controller.remove(job_id)
    assert not shown.try_button.isEnabled()


def test_a_real_recording_is_played(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, model: Path
) -> None:
    """By the engine: what it is handed must be right."""
    write_demo_pair(tmp_path, 8.0)
    (shown,) = opened(window, qtbot, model)
    recording(window, tmp_path)
    shown.try_button.click()
    qtbot.waitUntil(lambda: not shown.is_trying, timeout=30_000)
    assert "comes to demo_output" in texts(shown)
    assert "does not match this recording" in texts(shown)  # its weights are random
