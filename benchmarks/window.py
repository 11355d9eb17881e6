"""How soon the window is there, and how long its curves take to draw.

QT_QPA_PLATFORM=offscreen python benchmarks/window.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np
from PySide6.QtWidgets import QApplication

from nam_engine.events import EpochDone, SubmodelMetrics
from nam_gui.curves import Curves

FIRST_WINDOW = """
import sys
from PySide6.QtWidgets import QApplication
from nam_gui.controller import Controller
from nam_gui.main_window import MainWindow
from nam_gui.settings import Settings
app = QApplication([])
window = MainWindow(Controller(Settings()))
window.show()
app.processEvents()
assert "torch" not in sys.modules
"""


def row(epoch: int, rng: np.random.Generator) -> EpochDone:
    esr = (0.01 + 1 / epoch) * rng.uniform(0.9, 1.1, 2)
    metrics = tuple(SubmodelMetrics(float(e), 0.0, 0.0) for e in esr)
    figures = {"loss": 0.1, "mse": 0.1, "mrstft": 0.1, "gradient_norm": 1.0, "learning_rate": 0.004}
    rates = {"skipped_steps": 0, "steps_per_second": 2.0, "memory_mb": 500.0, "seconds": 30.0}
    return EpochDone(epoch, 60 * epoch, metrics, **figures, **rates, seconds_left=60.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=10_000)
    options = parser.parse_args()

    starts = []
    for _ in range(options.rounds):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", FIRST_WINDOW], check=True, capture_output=True)
        starts.append(time.perf_counter() - started)
    print(
        f"process to first window and back: {np.median(starts):.2f} s ({max(starts):.2f} at most)"
    )

    app = QApplication([])
    rng = np.random.default_rng(0)
    curves = Curves()
    curves.resize(1280, 720)
    curves.start(("channels_3", "channels_8"), options.epochs)
    curves.set_history(
        [row(i + 1, rng) for i in range(options.epochs)], ("channels_3", "channels_8")
    )
    curves.show()
    app.processEvents()
    times = []
    for _ in range(options.rounds):
        started = time.perf_counter()
        curves.show_all()
        curves.grab()
        times.append(1000 * (time.perf_counter() - started))
    print(f"{options.epochs} epochs drawn: {np.median(times):.1f} ms ({max(times):.1f} at most)")


if __name__ == "__main__":
    main()
