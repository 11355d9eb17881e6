"""From the queue and the result card to what is heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui.fake_run import SUBMODELS
from gui.fake_sound import FakeOutput
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from support import RATE_HZ, playing

from nam_engine.comparison import Comparison
from nam_gui.controller import Controller
from nam_gui.recording_page import RecordingPage
from nam_gui.run import Run
from nam_gui.settings import Settings

HEARD = Comparison(playing(0.2), {name: playing(0.2) for name in SUBMODELS}, RATE_HZ)


class Rig:
    """Two trained recordings, the first selected; models play when the test answers."""

    def __init__(self, bot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.output, self.asked = FakeOutput(), list[int]()
        monkeypatch.setattr("nam_gui.player.SoundOutput", lambda: self.output)
        self.controller = Controller(Settings())
        monkeypatch.setattr(self.controller, "load_comparison", self.asked.append)
        self.page = RecordingPage(self.controller)
        bot.addWidget(self.page)
        queue = self.controller.queue
        self.first, self.second = queue.add([Path("a.wav"), Path("b.wav")])
        for job in queue.jobs():
            run = Run.begin(Path("di.wav"), job, self.controller.settings)
            self.controller.runs[job.id] = run
            queue.update(job.id, model_path=job.recording.with_suffix(".nam"))
        self.page.show()
        self.page.select(self.first)

    def answer(self, job_id: int) -> None:
        self.controller.comparison_loaded.emit(job_id, HEARD)

    def words(self) -> str:
        labels = self.page.waveform.findChildren(QLabel)
        return " ".join(label.text() for label in labels if label.isVisible())


@pytest.fixture
def rig(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(qtbot, monkeypatch)


def test_the_card_leads_to_the_sound(rig: Rig) -> None:
    assert not rig.asked  # nobody looks
    rig.page.result.listen_requested.emit()
    assert rig.page.tabs.currentWidget() is rig.page.waveform
    assert rig.asked == [rig.first]
    assert rig.words() == "Playing the models…"
    rig.answer(rig.first)
    assert rig.output.is_open
    assert "A2-Full" in rig.words()


def test_another_recording_ends_it(rig: Rig) -> None:
    rig.page.result.listen_requested.emit()
    rig.answer(rig.first)
    rig.page.tabs.setCurrentWidget(rig.page.curves)
    assert rig.output.is_open
    rig.page.select(rig.first)
    assert rig.output.is_open
    rig.page.select(rig.second)
    assert not rig.output.is_open


def test_only_what_is_selected_is_shown(rig: Rig) -> None:
    rig.page.tabs.setCurrentWidget(rig.page.waveform)
    rig.page.select(rig.second)
    rig.answer(rig.first)
    rig.controller.comparison_failed.emit(rig.first, "It is torn.")
    assert rig.words() == "Playing the models…"
    rig.controller.comparison_failed.emit(rig.second, "It is torn.")
    assert rig.words() == "It is torn."


def test_models_that_are_gone_are_not_heard(rig: Rig) -> None:
    rig.page.result.listen_requested.emit()
    rig.answer(rig.first)
    rig.page.tabs.setCurrentWidget(rig.page.curves)
    del rig.controller.runs[rig.first]
    rig.controller.queue.update(rig.first, model_path=None)
    assert not rig.output.is_open
    rig.page.tabs.setCurrentWidget(rig.page.waveform)
    assert rig.words() == "The recording and the models appear after the first epoch."
    rig.answer(rig.first)
    assert "A2-Full" not in rig.words()
