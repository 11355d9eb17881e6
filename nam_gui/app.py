"""The start of the desktop app."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication

from nam_gui import settings
from nam_gui.appearance import apply
from nam_gui.controller import Controller
from nam_gui.main_window import MainWindow

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """``nam-gui [FILES...] [--demo]``: open the window; returns the exit status."""
    parser = argparse.ArgumentParser(prog="nam-gui", description="Train NAM captures of your amp.")
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="input, recordings and models"
    )
    parser.add_argument("--demo", action="store_true", help="load the built-in recordings")
    options = parser.parse_args(arguments)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("NAM A2 Trainer")
    app.setQuitOnLastWindowClosed(True)
    path = settings.default_path()
    remembered, problem = settings.load(path)
    apply(app, remembered)
    controller = Controller(remembered, app)
    window = MainWindow(controller)
    window.show()
    if problem:
        window.say(problem)
    if options.files:
        controller.add_files(options.files)
    if options.demo:
        controller.load_demo()
    controller.look_back()
    status = app.exec()
    settings.save(path, controller.settings)
    return status


if __name__ == "__main__":
    sys.exit(main())
