"""The program as a process of its own, without a screen, for a user with a home of his own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WAIT_SECONDS = 60.0
COMMAND = (sys.executable, "-m", "nam_gui.app")


def environment(home: Path) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return known | {
        "HOME": str(home),
        "QT_QPA_PLATFORM": "offscreen",
        "CUDA_VISIBLE_DEVICES": "",
    }


@contextmanager
def started(
    home: Path, *arguments: str | Path, command: Sequence[str] = COMMAND, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Ends with the block, by force if need be."""
    process = subprocess.Popen(
        [*command, *map(str, arguments)], env=environment(home), cwd=cwd, stdin=subprocess.DEVNULL
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def end(process: subprocess.Popen[bytes]) -> int:
    """As a session ends; returns the exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(WAIT_SECONDS)


def log_of(home: Path) -> str:
    """What the windows have said."""
    return "".join(path.read_text(encoding="utf-8") for path in home.rglob("log.txt"))


def wait_until(is_reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)
