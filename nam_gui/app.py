"""The start of the desktop app."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from nam_gui import settings, single_instance
from nam_gui.appearance import apply
from nam_gui.application import Application
from nam_gui.controller import Controller
from nam_gui.faults import Faults
from nam_gui.garbage import GarbageCollector
from nam_gui.icon import icon
from nam_gui.log_files import crash_file, default_log_folder, log_file
from nam_gui.main_window import MainWindow
from nam_gui.session_end import SessionEnd
from nam_gui.settings_keeper import SettingsKeeper
from nam_gui.single_instance import SingleInstance
from nam_gui.start_request import StartRequest
from nam_gui.taskbar import find_taskbar
from nam_gui.tray import Tray

__all__ = ["main"]

ACTIVATION_TOKEN = "XDG_ACTIVATION_TOKEN"  # noqa: S105 - read by Qt when a window is activated


def main(arguments: Sequence[str] | None = None) -> int:
    """``nam-gui [FILES...] [--demo]``: open the window, or hand the files to the one that is open.

    Returns the exit status.
    """
    _have_somewhere_to_print()
    parser = argparse.ArgumentParser(prog="nam-gui", description="Train NAM captures of your amp.")
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="input, recordings and models"
    )
    parser.add_argument(
        "--demo", action="store_true", help="load the built-in recordings, if no files"
    )
    options = parser.parse_args(arguments)
    files = tuple(path.absolute() for path in options.files)
    request = StartRequest(files, options.demo, os.environ.get(ACTIVATION_TOKEN, ""))
    app = Application(sys.argv[:1])
    app.setApplicationName("NAM A2 Trainer")
    app.setDesktopFileName("nam-a2-trainer")
    app.setWindowIcon(icon())
    instance = SingleInstance(single_instance.default_folder(), app)
    if instance.hand_over(request):
        return 0
    # A window that trains in the background is hidden, and the last one all the same.
    app.setQuitOnLastWindowClosed(False)
    path = settings.default_path()
    remembered, problem = settings.load(path)
    apply(app, remembered)
    controller = Controller(remembered, app)
    keeper = SettingsKeeper(controller, path)
    tray = Tray(app) if Tray.is_available() else None
    window = MainWindow(controller, tray, find_taskbar())
    window.gone.connect(app.quit)
    window.closing.agreed.connect(instance.stop)
    instance.requested.connect(partial(_come_forward, window))
    app.files_opened.connect(window.files.add)
    with ExitStack() as at_end:
        at_end.callback(GarbageCollector(app).stop)
        _keep_faults(controller, window, at_end)
        session_end = SessionEnd(app)
        session_end.ending.connect(window.closing.end_now)
        window.gone.connect(session_end.saved)
        window.show()
        for sentence in filter(None, (problem, instance.problem)):
            window.say(sentence)
        _open(window, request)
        controller.look_back()
        window.devices.start()
        status = app.exec()
    keeper.save()
    return status


def _open(window: MainWindow, request: StartRequest) -> None:
    if request.files:
        window.files.add(list(request.files))
    elif request.wants_demo:
        window.controller.load_demo()


def _come_forward(window: MainWindow, request: StartRequest) -> None:
    """What a later start asks for is done here."""
    if request.activation_token:
        os.environ[ACTIVATION_TOKEN] = request.activation_token
    window.presence.show_window()
    _open(window, request)


def _have_somewhere_to_print() -> None:
    """Without a console Windows gives a program none; what prints nevertheless would fail."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - as long as it runs


def _keep_faults(controller: Controller, window: MainWindow, at_end: ExitStack) -> None:
    """On disk and in the log window, until ``at_end``; without a disk in the window alone."""
    faults = Faults(controller)
    faults.happened.connect(window.say)
    faults.recorded.connect(window.log.add_details)
    faults.install()
    at_end.callback(faults.uninstall)
    folder = default_log_folder()
    try:
        at_end.enter_context(log_file(folder))
        crash = at_end.enter_context(crash_file(folder))
    except OSError as error:
        window.log.add(faults.tr("No log can be kept in {0} ({1}).").format(folder, error.strerror))
    else:
        if crash is not None:
            text = faults.tr("The program broke off last time. What to report is in {0}.")
            window.say(text.format(crash))


if __name__ == "__main__":
    sys.exit(main())
