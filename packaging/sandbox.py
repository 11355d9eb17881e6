"""A place where a program has nothing but itself: for smoke_test.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["Sandbox"]

NOBODY = 65534
UNLIKE_ASCII = "Café für 音"


class Sandbox:
    """An empty home and an empty folder to work in, both with a space and foreign letters.

    There is nothing on the PATH. ``is_strict`` where programs run offline and as nobody, which
    only root can arrange for, and only on Linux.
    """

    def __init__(self) -> None:
        # Short: a path on Windows ends at 260 letters.
        self.folder = Path(tempfile.mkdtemp(prefix="nam"))
        self.home, self.work = self.folder / f"{UNLIKE_ASCII} home", self.folder / UNLIKE_ASCII
        self.output = self.folder / "output.txt"
        """What all programs have written, unless it was asked for."""
        self.is_strict = sys.platform == "linux" and os.getuid() == 0
        self._prefix: list[str] = []
        empty = self.folder / "empty"
        for folder in (self.home, self.work, empty):
            folder.mkdir()
        self._environment = self._known(empty)
        if self.is_strict:
            self.folder.chmod(0o755)
            for folder in (self.home, self.work):
                os.chown(folder, NOBODY, NOBODY)
            self._prefix = [*_tool("unshare"), "--net", *_tool("setpriv")]
            self._prefix += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def _known(self, path: Path) -> dict[str, str]:
        home = str(self.home)
        if sys.platform == "win32":
            kept = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "LOCALAPPDATA", "APPDATA")
            return {name: os.environ[name] for name in kept} | {"USERPROFILE": home}
        self.home.chmod(0o700)  # Qt keeps its sockets there and is particular about that
        return {
            "HOME": home,
            "PATH": str(path),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": home,
            "CUDA_VISIBLE_DEVICES": "",
        }

    def start(self, *command: object, **environment: str) -> subprocess.Popen[bytes]:
        """A program that is left to itself."""
        with self.output.open("ab") as output:
            return subprocess.Popen(
                self._command(command),
                cwd=self.work,
                env=self._environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, *command: object, seconds: float = 300) -> str:
        """What a program prints; raises CalledProcessError or TimeoutExpired."""
        with self.output.open("ab") as output:
            done = subprocess.run(
                self._command(command),
                cwd=self.work,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                check=True,
                timeout=seconds,
                encoding="utf-8",
            )
        return done.stdout

    def _command(self, command: Sequence[object]) -> list[str]:
        return [*self._prefix, *map(str, command)]

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            shutil.rmtree(self.folder)
        else:
            print(f"What was written is left in {self.folder}.", file=sys.stderr)


def _tool(name: str) -> list[str]:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is needed for the smoke test.")
    return [path]
