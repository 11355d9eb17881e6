"""The window of a bundle, used by its keys alone: for smoke_test.py."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from sandbox import Sandbox
from screen import Screen, wait_until

__all__ = ["leave", "listen", "open_window", "start_again", "train_and_export"]

TITLE = "NAM A2 Trainer"
EXPORTED = "exported by hand.nam"
EPOCHS = 2


def open_window(
    sandbox: Sandbox, screen: Screen, *command: object
) -> tuple[subprocess.Popen[bytes], float]:
    """The program, and how many seconds it took until its window was painted."""
    begin = time.monotonic()
    program = sandbox.start(*command, DISPLAY=screen.name, QT_QPA_PLATFORM="xcb")
    wait_until(
        lambda: program.poll() is not None or screen.is_painted(TITLE), 60, "the window opens"
    )
    if program.poll() is not None:
        raise ChildProcessError(f"The window ended with {program.returncode}.")
    return program, time.monotonic() - begin


def leave(program: subprocess.Popen[bytes], screen: Screen) -> None:
    """Quit by the key for it; raises where the program does not end well."""
    screen.press(TITLE, "ctrl+q")
    if status := program.wait(timeout=60):
        raise ChildProcessError(f"The window ended with {status}.")


def train_and_export(sandbox: Sandbox, screen: Screen) -> tuple[Path, float]:
    """Train the demo, which the window was opened with; the exported file and the seconds
    from the wish to train to the end of the second epoch."""
    home = sandbox.home
    wait_until(lambda: _found(home, "demo_output.wav"), 120, "the demo is made")

    begin = time.monotonic()

    def begins() -> bool:
        # Until the recording is checked the key does nothing.
        screen.press(TITLE, "ctrl+t")
        time.sleep(0.5)
        return bool(_found(home, "job.json"))

    wait_until(begins, 60, "a training begins")
    wait_until(lambda: _epochs(home) >= EPOCHS, 300, "two epochs are trained")
    seconds = time.monotonic() - begin
    screen.press(TITLE, "ctrl+period")
    wait_until(lambda: _ending(home) != "interrupted", 60, "the training stops")

    def asks() -> bool:
        screen.press(TITLE, "ctrl+e")
        time.sleep(0.5)
        return screen.window("Export the model") is not None

    wait_until(asks, 60, "the window asks where to export")
    screen.press("Export the model", "ctrl+a")
    screen.write(EXPORTED)
    screen.press("Export the model", "Return")
    wait_until(lambda: _found(home, EXPORTED), 30, "the model is exported")
    return _found(home, EXPORTED)[0], seconds


def listen(program: subprocess.Popen[bytes], screen: Screen) -> None:
    """Where there is no sound output the window says so, but QtMultimedia must be loaded."""
    maps = Path("/proc", str(program.pid), "maps")

    def is_loaded() -> bool:
        screen.press(TITLE, "alt+w", "space")
        time.sleep(0.5)
        return "libQt6Multimedia" in maps.read_text()

    wait_until(is_loaded, 60, "QtMultimedia is loaded")


def start_again(sandbox: Sandbox, screen: Screen, program: Path, model: Path) -> float:
    """A second start ends by itself, and the first window opens its file; in so many seconds."""
    begin = time.monotonic()
    if status := sandbox.start(program, model, DISPLAY=screen.name, QT_QPA_PLATFORM="xcb").wait(
        timeout=60
    ):
        raise ChildProcessError(f"The second start ended with {status}.")
    wait_until(lambda: screen.window(model.name), 30, "the first window opens the model")
    return time.monotonic() - begin


def _found(folder: Path, name: str) -> list[Path]:
    return list(folder.rglob(name))


def _epochs(home: Path) -> int:
    histories = _found(home, "history.csv")
    return len(histories[0].read_text().splitlines()) - 1 if histories else 0


def _ending(home: Path) -> str:
    (job,) = _found(home, "job.json")
    return str(json.loads(job.read_text())["ending"])
