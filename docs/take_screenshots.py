"""Writes docs/screenshots: the window in its states, light and dark, with small and large text.

    python docs/take_screenshots.py [FOLDER]

Trains the built-in rig twice, which takes some minutes on a processor, and keeps that in FOLDER,
where another call finds it. The widest, and the light ones with large text, are for looking
only: git ignores them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from nam_engine import session
from nam_engine.audio import write_wav
from nam_engine.demo import SAMPLE_RATE_HZ, amplify, play
from nam_engine.past import read_training
from nam_engine.presets import STANDARD_RECIPE
from nam_engine.train_job import TrainJob
from nam_gui.appearance import apply
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.listen_bar import ListenBar
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings
from nam_gui.style import SPACING

PICTURES = Path(__file__).with_name("screenshots")
SIZES = {"": (1280, 720), "_wide": (1920, 1080)}
SETTINGS = Settings(theme="light")
SHOWN_FOLDER = Path("/home/sam/Music/Captures")  # nobody wants to see a temporary one
EPOCHS = 45
SECONDS = 20.0
CHECKED = (JobState.READY, JobState.HAS_FINDINGS)


def main() -> None:
    app = QApplication(sys.argv[:1])
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary).absolute()
        record(folder)
        for name in ("Clean", "Crunch"):
            train(folder, name)
        window = MainWindow(Controller(replace(SETTINGS, output_folder=Path(temporary))))
        window.show()
        Session(app, window, folder).take_all()
        window.close()
        wait_until(app, lambda: not window.isVisible(), 20)


def record(folder: Path) -> None:
    """An input and what the built-in rig makes of it: soft, loud, and too loud."""
    folder.mkdir(parents=True, exist_ok=True)
    audio = play(SECONDS)
    rig = {
        "input": audio,
        "Clean": amplify(0.15 * audio),
        "Crunch": amplify(audio),
        "Lead": np.clip(1.6 * amplify(2 * audio), -1, 1),
    }
    for name, samples in rig.items():
        if not (folder / f"{name}.wav").exists():
            write_wav(folder / f"{name}.wav", samples.astype(np.float32), SAMPLE_RATE_HZ)


def train(folder: Path, name: str) -> None:
    captures = folder / "Captures"
    if (captures / name / f"{name}.nam").exists():
        return
    job = TrainJob(
        folder / "input.wav",
        folder / f"{name}.wav",
        captures,
        recipe=replace(STANDARD_RECIPE, epochs=EPOCHS),
    )
    with closing(session.train(job)) as events:
        for _ in events:
            pass


def wait_until(app: QApplication, is_reached: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_reached() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)


class Session:
    """A user's evening, in pictures."""

    def __init__(self, app: QApplication, window: MainWindow, folder: Path) -> None:
        self.app, self.window, self.folder = app, window, folder
        self.controller, self.page = window.controller, window.page

    def take_all(self) -> None:
        self.take("empty")
        self.look_at_menus()
        self.be_offered_to_go_on()
        self.look_at_findings()
        self.train()
        self.look_at_result()
        self.look_at_model()
        self.ask_about_gpu()
        self.look_at_about()

    def look_at_menus(self) -> None:
        window = self.window
        menus = (window.file_menu, window.edit_menu, window.view_menu, window.train_menu)
        self.take("menus", (*menus, window.help_menu))

    def be_offered_to_go_on(self) -> None:
        training = read_training(self.folder / "Captures" / "Crunch")
        self.window.offer_bar.offer((replace(training, history=training.history[:28]),))
        self.take("offer")
        self.window.offer_bar.hide()

    def look_at_findings(self) -> None:
        page = self.page
        self.controller.set_input(self.folder / "input.wav")
        self.controller.add_recordings([self.folder / "Lead.wav"])
        self.wait(lambda: self.controller.queue.jobs()[0].state in CHECKED, 60)
        self.select(0)
        for widget, name in ((page.checks, "checks"), (page.alignment, "delay")):
            page.tabs.setCurrentWidget(widget)
            self.wait_seconds(2)
            self.take(name)
        page.tabs.setCurrentIndex(page.tabs.count() - 1)
        self.take("info")

    def train(self) -> None:
        """One more, after two that are done."""
        controller, page = self.controller, self.page
        for name in ("Clean", "Crunch"):
            controller.open_capture(self.folder / "Captures" / name)
            self.wait_seconds(2)
        (lead, *_) = controller.queue.jobs()
        controller.proceed(lead.id)
        self.select(0)
        page.tabs.setCurrentWidget(page.curves)
        controller.train()
        self.wait(lambda: len(controller.runs[lead.id].history) >= 6, 300)
        self.take("training")
        page.curves.set_details_shown(True)
        self.take("details")
        page.curves.set_details_shown(False)
        self.window.close()
        question = self.window.closing.question
        assert question is not None
        self.take("closing", [question])
        question.done(0)
        controller.stop()
        self.wait(lambda: not controller.is_training, 60)

    def look_at_result(self) -> None:
        page, crunch = self.page, self.controller.queue.jobs()[-1]
        self.select(-1)
        page.tabs.setCurrentWidget(page.curves)
        self.take("curves")
        page.tabs.setCurrentWidget(page.waveform)
        self.wait_seconds(5)
        bar = page.waveform.findChild(ListenBar)
        assert bar is not None
        bar.set_reason("")  # here there is no sound output
        bar.set_playing(True)
        self.take("listen")
        path = SHOWN_FOLDER / crunch.name / f"{crunch.name}.nam"
        self.controller.queue.update(crunch.id, model_path=path)
        page.tabs.setCurrentIndex(0)
        self.take("done")

    def look_at_model(self) -> None:
        models = self.window.models
        models.open([self.folder / "Captures" / "Crunch" / "Crunch.nam"])
        self.wait_seconds(2)
        (window,) = models.windows
        window.try_requested.emit()
        self.wait(lambda: not window.is_trying, 30)
        self.take("model", [window])
        window.close()

    def ask_about_gpu(self) -> None:
        window = self.window
        window.help_menu.gpu.trigger()
        self.wait_seconds(5)
        self.take("gpu", [window.gpu_help])
        window.gpu_help.close()
        window.settings_dialog.show()
        self.take("settings", [window.settings_dialog])
        window.settings_dialog.close()

    def look_at_about(self) -> None:
        window = self.window
        window.help_menu.about.trigger()
        self.wait_seconds(5)
        self.take("about", [window.about])
        window.about.close()

    def select(self, row: int) -> None:
        self.window.queue_view.select_job(self.controller.queue.jobs()[row].id)

    def wait(self, is_reached: Callable[[], bool], seconds: float) -> None:
        wait_until(self.app, is_reached, seconds)

    def wait_seconds(self, seconds: float) -> None:
        self.wait(lambda: False, seconds)

    def take(self, name: str, dialogs: Sequence[QWidget] = ()) -> None:
        """Of the window in all sizes, or of ``dialogs``, side by side, in their own."""
        for theme in ("light", "dark"):
            for percent in (100, 200):
                apply(self.app, replace(SETTINGS, theme=theme, text_percent=percent))
                text = "" if percent == 100 else f"_{percent}"
                for suffix, size in SIZES.items() if not dialogs else [("", SIZES[""])]:
                    self.wait_seconds(0.1)  # what the last size needed is forgotten
                    self.window.resize(*size)
                    self.wait_seconds(0.3)
                    picture = side_by_side(dialogs) if dialogs else self.window.grab()
                    picture.save(str(PICTURES / f"{name}_{theme}{text}{suffix}.png"))
        apply(self.app, SETTINGS)


def side_by_side(widgets: Sequence[QWidget]) -> QPixmap:
    pictures = [grab(widget) for widget in widgets]
    width = sum(p.width() + SPACING for p in pictures) - SPACING
    whole = QPixmap(width, max(p.height() for p in pictures))
    whole.fill(widgets[0].palette().window().color())
    painter = QPainter(whole)
    x = 0
    for picture in pictures:
        painter.drawPixmap(QPoint(x, 0), picture)
        x += picture.width() + SPACING
    painter.end()
    return whole


def grab(widget: QWidget) -> QPixmap:
    if isinstance(widget, QMenu):  # open, as they are seen
        widget.popup(QPoint())
        picture = widget.grab()
        widget.close()
        return picture
    widget.resize(widget.sizeHint())  # adjustSize() thinks of how small the screen is
    return widget.grab()


if __name__ == "__main__":
    main()
