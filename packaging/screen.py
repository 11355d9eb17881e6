"""A screen that nobody sees, with a keyboard: Xvfb and xdotool, for smoke_test.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image, ImageGrab

__all__ = ["Screen", "screen", "wait_until"]

POLL_SECONDS = 0.05


class Screen:
    """``name`` is what DISPLAY must be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def window(self, title: str) -> str | None:
        """The number of a visible window whose title has this in it, if there is one."""
        found = self._xdotool("search", "--onlyvisible", "--name", title, check=False)
        numbers = found.split()
        return numbers[-1] if numbers else None

    def press(self, title: str, *keys: str) -> None:
        """Give the window the keyboard and press keys one after the other."""
        if number := self.window(title):
            self._xdotool("windowfocus", number)
            self._xdotool("key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        """Type into the window that has the keyboard."""
        self._xdotool("type", text)

    def picture(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self.name)

    def is_painted(self, title: str) -> bool:
        """Whether a window of this title is there and not empty."""
        if self.window(title) is None:
            return False
        colours = self.picture().getcolors(maxcolors=16)
        return colours is None  # more than these

    def _xdotool(self, *arguments: str, check: bool = True) -> str:
        environment = {**os.environ, "DISPLAY": self.name}
        told = subprocess.run(
            ["xdotool", *arguments], env=environment, check=check, capture_output=True, text=True
        )
        return told.stdout


@contextmanager
def screen() -> Iterator[Screen | None]:
    """None where Xvfb or xdotool is missing."""
    if shutil.which("Xvfb") is None or shutil.which("xdotool") is None:
        yield None
        return
    told, tells = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tells), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[tells],
        stderr=subprocess.DEVNULL,
    )
    os.close(tells)
    with server, os.fdopen(told) as number:
        try:
            yield Screen(f":{number.readline().strip()}")
        finally:
            server.terminate()


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"In vain for {seconds:.0f} s: {what}.")
        time.sleep(POLL_SECONDS)
