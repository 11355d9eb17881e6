"""Real files dropped on the window, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gui.drops import drag_enter, drop, files
from gui.fake_files import FakeFiles
from gui.fake_run import FakeRun
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from nam_engine.audio import write_wav
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

# Qt 6.12 would rather have a QPointF, which Qt 6.11 does not take.
pytestmark = pytest.mark.filterwarnings("ignore:Function. 'QDragEnterEvent:DeprecationWarning")


@pytest.fixture
def window(
    qtbot: QtBot, files: FakeFiles, fake: FakeRun, tmp_path: Path, qt_messages: None
) -> Iterator[MainWindow]:
    """Files are read when they are sorted; their checks are quick."""
    window = MainWindow(Controller(Settings(epochs=2, output_folder=tmp_path / "out")))
    window.show()
    yield window
    fake.release()
    qtbot.waitUntil(lambda: not window.controller.is_training, timeout=5_000)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)


@pytest.fixture
def said(window: MainWindow) -> list[str]:
    sentences: list[str] = []
    window.controller.said.connect(sentences.append)
    return sentences


def sounds(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        write_wav(path, np.zeros(480, np.float32), 48_000)
    return paths


def drop_on(widget: QWidget, *paths: Path) -> None:
    assert drag_enter(widget, files(*paths)).isAccepted()
    assert drop(widget, files(*paths)).isAccepted()


def rows(window: MainWindow) -> list[str]:
    return [job.recording.name for job in window.controller.queue.jobs()]


def all_ready(window: MainWindow, count: int) -> bool:
    states = [job.state for job in window.controller.queue.jobs()]
    return states == [JobState.READY] * count


def test_fifty_recordings_and_their_input(
    window: MainWindow, qtbot: QtBot, said: list[str], tmp_path: Path
) -> None:
    names = [f"amp {number:02}.wav" for number in range(50)]
    paths = sounds(tmp_path / "takes", *names, "input.wav")
    drop_on(window, *paths)
    qtbot.waitUntil(lambda: all_ready(window, 50), timeout=20_000)
    assert rows(window) == names
    assert window.controller.input_path == paths[-1]
    assert window.controller.can_train
    assert not said


def test_a_folder_gives_what_sounds_in_it(
    window: MainWindow, qtbot: QtBot, said: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "takes"
    sounds(folder, "input.wav", "a.wav", "b.flac.wav")
    (folder / "notes.txt").write_text("gain at noon")
    (folder / ".hidden.wav").write_bytes(b"")
    drop_on(window, folder)
    qtbot.waitUntil(lambda: all_ready(window, 2), timeout=5_000)
    assert rows(window) == ["a.wav", "b.flac.wav"]
    assert len(said) == 1
    assert "1 other file was left alone" in said[0]


def test_what_is_no_recording_is_left_out_by_name(
    window: MainWindow, qtbot: QtBot, said: list[str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    wrong = [tmp_path / name for name in ("notes.txt", "amp.mp3", "broken.wav", "gone.wav")]
    for path in wrong[:3]:
        path.write_bytes(b"RIFF, or not")
    drop_on(window, *wrong, empty)
    qtbot.waitUntil(lambda: len(said) == 5, timeout=5_000)
    for path in (*wrong, empty):
        assert any(path.name in sentence for sentence in said)
    assert not rows(window)
    assert window.controller.input_path is None
    assert not window.controller.can_train


def test_wrong_ones_do_not_keep_out_the_right_ones(
    window: MainWindow, qtbot: QtBot, said: list[str], tmp_path: Path
) -> None:
    source, amp = sounds(tmp_path / "takes", "input.wav", "amp.wav")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    drop_on(window, tmp_path / "broken.wav", amp, source)
    qtbot.waitUntil(lambda: all_ready(window, 1), timeout=5_000)
    assert len(said) == 1
    assert "broken.wav" in said[0]


def test_words_and_web_pages_are_no_files(window: MainWindow) -> None:
    words, page = QMimeData(), QMimeData()
    words.setText("amp.wav")
    page.setUrls([QUrl("https://example.org/amp.wav")])
    for data in (words, page):
        assert not drag_enter(window, data).isAccepted()
        assert not drop(window, data).isAccepted()
    assert not rows(window)


def test_wherever_they_fall_they_come_once(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (source,) = sounds(tmp_path, "input.wav")
    drop_on(window, source)
    qtbot.waitUntil(lambda: window.controller.input_path is not None, timeout=5_000)
    places = (
        window.queue_view.zone,
        window.queue_view.table.viewport(),
        window.page.curves,
        window.page.tabs,
        window.run_bar,
        window.menuBar(),
    )
    for number, place in enumerate(places, 1):
        drop_on(place, *sounds(tmp_path, f"{number}.wav"))
        qtbot.waitUntil(lambda: all_ready(window, number), timeout=5_000)  # noqa: B023
    assert rows(window) == [f"{number}.wav" for number in range(1, len(places) + 1)]


def test_what_is_dropped_while_training_waits_in_line(
    window: MainWindow, qtbot: QtBot, fake: FakeRun, tmp_path: Path
) -> None:
    fake.free_epochs = 1
    drop_on(window, *sounds(tmp_path, "input.wav", "a.wav"))
    qtbot.waitUntil(lambda: window.controller.can_train, timeout=5_000)
    window.run_bar.primary.click()
    drop_on(window, *sounds(tmp_path, "b.wav"))
    states = [JobState.TRAINING, JobState.QUEUED]
    queue = window.controller.queue
    qtbot.waitUntil(lambda: [job.state for job in queue.jobs()] == states, timeout=5_000)
    fake.release()
    done = [JobState.DONE] * 2
    qtbot.waitUntil(lambda: [job.state for job in queue.jobs()] == done, timeout=5_000)


def test_closing_while_files_are_sorted(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    drop_on(window, *sounds(tmp_path, "input.wav", *(f"{n}.wav" for n in range(50))))
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)
    assert not rows(window)
