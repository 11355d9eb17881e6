"""Does the window stay quick while it trains, and does it stay small?

QT_QPA_PLATFORM=offscreen python benchmarks/responsive.py ticks
QT_QPA_PLATFORM=offscreen python benchmarks/responsive.py hour

``ticks``: how late the ticks of a 60 Hz timer come in the window's thread, without a training
and during a real one (the demo's recording, default settings) in the app's own thread.
``hour``: the events of one hour of training, as fast as the window takes them.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import psutil
from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from nam_engine.control import RunControl
from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Saved,
    Started,
    StepsDone,
    SubmodelMetrics,
    SubmodelResult,
    TrainEvent,
    TrainResult,
)
from nam_engine.presets import A2_CHANNELS
from nam_engine.train_job import TrainJob
from nam_gui import tasks
from nam_gui.controller import Controller
from nam_gui.garbage import GarbageCollector
from nam_gui.job import JobState
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings

TICK_MS, LATE_MS = 1000 / 60, 33.0
EPOCHS, SECONDS_PER_EPOCH, EVENTS_PER_SECOND = 900, 4, 10
STEPS_PER_EPOCH = SECONDS_PER_EPOCH * EVENTS_PER_SECOND
MAX_UNSEEN = 100
"""Events that may wait for the window: a real training never gets ahead of it."""


class Ticks(QObject):
    """How late a timer's ticks come, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []
        self._latest = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(round(TICK_MS))

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, 1000 * (now - self._latest) - round(TICK_MS)))
        self._latest = now

    def tell(self, title: str) -> None:
        self._timer.stop()
        late = np.array(self.late_ms)
        print(
            f"{title}: {len(late)} ticks, {np.mean(late > LATE_MS):.2%} late by more than"
            f" {LATE_MS:.0f} ms; median {np.median(late):.1f}, 99% {np.percentile(late, 99):.1f},"
            f" worst {late.max():.0f} ms"
        )


class FakeHour(QObject):
    """Stands for the engine; goes no faster than the window."""

    def __init__(self) -> None:
        super().__init__()
        self._room = threading.Semaphore(MAX_UNSEEN)
        self.seen = 0

    @Slot(int, object)
    def note(self, _job_id: int, _event: TrainEvent) -> None:
        self.seen += 1
        self._room.release()

    def train(self, job: TrainJob, _control: RunControl) -> Generator[TrainEvent, None, None]:
        for event in _hour(job):
            self._room.acquire()
            yield event


def _hour(job: TrainJob) -> Generator[TrainEvent, None, None]:
    submodels = tuple(A2_CHANNELS)
    rng = np.random.default_rng(0)
    figures = {"loss": 0.1, "mse": 0.1, "mrstft": 0.1, "gradient_norm": 1.0, "learning_rate": 0.004}
    rates = {"skipped_steps": 0, "steps_per_second": float(EVENTS_PER_SECOND)}
    yield Started(
        "hour", submodels, EPOCHS, 0, 0, STEPS_PER_EPOCH, "cpu", "a processor", 48_000, 170.0, 9.0
    )
    best = [1.0, 1.0]
    for epoch in range(1, EPOCHS + 1):
        left = float((EPOCHS - epoch) * SECONDS_PER_EPOCH)
        for step in range((epoch - 1) * STEPS_PER_EPOCH, epoch * STEPS_PER_EPOCH):
            yield StepsDone(step + 1, **figures, **rates, seconds_left=left)
        esr = [float((0.01 + 1 / epoch) * rng.uniform(0.9, 1.1)) for _ in submodels]
        metrics = tuple(SubmodelMetrics(e, 0.0, 0.0) for e in esr)
        done = {"memory_mb": 500.0, "seconds": float(SECONDS_PER_EPOCH), "seconds_left": left}
        yield EpochDone(epoch, epoch * STEPS_PER_EPOCH, metrics, **figures, **rates, **done)
        for index, value in enumerate(esr):
            if value < best[index]:
                best[index] = value
                yield BestImproved(index, epoch, value)
        if epoch % 5 == 0:
            yield Saved(job.outdir / "hour" / "hour.nam", is_final=False)
    weights = np.zeros(4, np.float32)
    metrics = tuple(SubmodelMetrics(e, 0.0, 0.0) for e in best)
    results = tuple(
        SubmodelResult(name, weights, EPOCHS, EPOCHS * STEPS_PER_EPOCH, figure)
        for name, figure in zip(submodels, metrics, strict=True)
    )
    yield Finished(FinishReason.COMPLETED, TrainResult(results, 48_000, EPOCHS))


def wait(app: QApplication, until: Callable[[], bool], seconds: float) -> None:
    """Lets the window live as ``app.exec`` does."""
    end = time.monotonic() + seconds
    timer = QTimer()
    timer.setInterval(50)

    @Slot()
    def look() -> None:
        if until() or time.monotonic() > end:
            app.exit()

    timer.timeout.connect(look)
    timer.start()
    app.exec()
    timer.stop()


def load_demo(app: QApplication, window: MainWindow) -> None:
    controller = window.controller
    controller.load_demo()
    wait(app, lambda: any(j.state is JobState.READY for j in controller.queue.jobs()), 120)
    window.queue_view.select_job(controller.queue.jobs()[0].id)


def ticks(app: QApplication, window: MainWindow, seconds: float) -> None:
    controller = window.controller
    load_demo(app, window)
    beside = Ticks()
    wait(app, lambda: False, seconds)
    beside.tell("without a training")
    controller.train()
    # PyTorch is loaded once in the life of the program; that is told apart from the training.
    loading = Ticks()
    wait(app, lambda: any(run.device_name for run in controller.runs.values()), 120)
    loading.tell("until the training has begun (PyTorch is loaded)")
    training = Ticks()
    wait(app, lambda: False, seconds)
    training.tell("while it trains")


def hour(app: QApplication, window: MainWindow) -> None:
    controller = window.controller
    load_demo(app, window)
    fake = FakeHour()
    tasks.load_engine = lambda: fake.train
    controller.happened.connect(fake.note)
    process = psutil.Process()
    in_all = EPOCHS * (STEPS_PER_EPOCH + 1)
    before = process.memory_info().rss
    started = time.perf_counter()
    controller.train()
    wait(app, lambda: fake.seen > in_all / 10, 600)
    tenth = process.memory_info().rss
    wait(app, lambda: not controller.is_training, 3600)
    end = process.memory_info().rss
    seconds = time.perf_counter() - started
    sizes = " / ".join(f"{size / 1e6:.0f}" for size in (before, tenth, end))
    print(f"{fake.seen} events in {seconds:.0f} s; {sizes} MB before / at 10% / at the end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("ticks", "hour"))
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    GarbageCollector(app)  # as in the app
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(output_folder=Path(folder), epochs=1000)
        if options.what == "hour":
            settings = Settings(output_folder=Path(folder), epochs=EPOCHS)
        window = MainWindow(Controller(settings))
        window.show()
        if options.what == "ticks":
            ticks(app, window, options.seconds)
        else:
            hour(app, window)
        window.controller.shut_down()
        wait(app, lambda: not window.controller.is_training, 60)


if __name__ == "__main__":
    main()
