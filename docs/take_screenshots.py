"""Writes docs/screenshots: the window in its states, light and dark, with small and large text.

    python docs/take_screenshots.py

Trains the demo for a few epochs; takes about a minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from nam_gui.appearance import apply
from nam_gui.controller import Controller
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

FOLDER = Path(__file__).with_name("screenshots")
SIZES = {"": (1280, 720), "_wide": (1920, 1080)}


def main() -> None:
    app = QApplication(sys.argv)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as outdir:
        settings = Settings(theme="light", epochs=4, output_folder=Path(outdir))
        controller = Controller(settings)
        window = MainWindow(controller)
        window.show()

        def wait(until: Callable[[], bool], seconds: float) -> None:
            end = time.monotonic() + seconds
            while not until() and time.monotonic() < end:
                app.processEvents()
                time.sleep(0.01)

        def take(name: str) -> None:
            for theme in ("light", "dark"):
                for percent in (100, 200):
                    apply(app, replace(settings, theme=theme, text_percent=percent))
                    for suffix, size in SIZES.items():
                        window.resize(*size)
                        wait(lambda: False, 0.3)
                        text = "" if percent == 100 else f"_{percent}"
                        window.grab().save(str(FOLDER / f"{name}_{theme}{text}{suffix}.png"))
            apply(app, settings)

        take("empty")
        controller.load_demo()
        wait(lambda: any(j.state is JobState.READY for j in controller.queue.jobs()), 60)
        (job,) = controller.queue.jobs()
        window.queue_view.select_job(job.id)
        for page, name in ((window.page.checks, "checks"), (window.page.alignment, "delay")):
            window.page.tabs.setCurrentWidget(page)
            wait(lambda: False, 2)
            take(name)
        window.page.tabs.setCurrentIndex(window.page.tabs.count() - 1)
        take("info")
        window.page.tabs.setCurrentWidget(window.page.curves)
        controller.train()
        wait(lambda: len(controller.runs[job.id].history) >= 2, 120)
        take("training")
        wait(lambda: not controller.is_training, 300)
        take("done")
        window.page.tabs.setCurrentWidget(window.page.waveform)
        wait(lambda: False, 5)
        take("waveform")
        window.close()
        wait(lambda: not window.isVisible(), 20)


if __name__ == "__main__":
    main()
