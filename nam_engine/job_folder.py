"""The folder of one training: its files, whole at any moment, in memory where it fails."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import filelock

from nam_engine.atomic import atomic_write
from nam_engine.checkpoint import TrainState, read_checkpoint
from nam_engine.errors import CheckpointError, NamFileError
from nam_engine.events import Warned

__all__ = ["JobFolder", "file_name"]

MAX_NAME_BYTES = 200  # file systems allow 255; room for " (2)", ".nam" and a temporary name
LAST, PREVIOUS, DAMAGED = "last.ckpt", "previous.ckpt", "damaged.ckpt"
NEWEST = "newest.ckpt"
MODEL, LOG = "model.nam", "log.txt"
MAX_LOG_BYTES = 16 * 1024 * 1024


class JobFolder:
    """A folder that this process alone writes to, until :meth:`close`.

    :meth:`put` takes the newest content of a file, :meth:`flush` writes what is not written
    yet. Contents stay in memory, so that all files can be written elsewhere too. The model's
    file is called after the folder.
    """

    def __init__(self, path: Path) -> None:
        """Take an existing folder. Raises NamFileError where another program writes to it."""
        self.path = path
        self._lock = filelock.FileLock(path / ".lock", blocking=False, thread_local=False)
        self._contents: dict[str, bytes] = {}
        self._unwritten: set[str] = set()
        self._log = ""
        try:
            self._lock.acquire()
        except filelock.Timeout as error:
            raise NamFileError(
                f"Another program is training in {path}.", "Wait for it or stop it."
            ) from error
        except (NotImplementedError, OSError):
            pass  # some network drives cannot lock
        for leftover in path.glob(".*.part"):  # of a process that was killed while writing
            leftover.unlink(missing_ok=True)

    @classmethod
    def create(cls, outdir: Path, name: str) -> JobFolder:
        """A new folder called ``name``, with a number where that is taken.

        Raises NamFileError where it cannot be made or written to.
        """
        number = 1
        while True:
            path = outdir / (name if number == 1 else f"{name} ({number})")
            try:
                path.mkdir(parents=True, exist_ok=_is_empty(path))
                return cls(path)
            except (FileExistsError, NamFileError):
                number += 1
            except OSError as error:
                raise NamFileError(
                    f"Nothing can be written to {outdir} ({error.strerror}).",
                    "Choose another folder.",
                ) from error

    @classmethod
    def latest(cls, outdir: Path, name: str) -> JobFolder | None:
        """The folder of the most recent training of this name that can be continued."""
        numbered = re.compile(re.escape(name) + r"( \(\d+\))?")
        kept = [
            checkpoint
            for file in (LAST, PREVIOUS)
            for checkpoint in outdir.glob(f"*/{file}")
            if numbered.fullmatch(checkpoint.parent.name)
        ]
        if not kept:
            return None
        folder = cls(max(kept, key=lambda path: path.stat().st_mtime).parent)
        folder._log = _read_log(folder.path / LOG)
        return folder

    @property
    def model_path(self) -> Path:
        return self.path / f"{self.path.name}.nam"

    def read_state(self) -> tuple[TrainState, list[Warned]]:
        """The newest state that can be read, and what was wrong with a newer one.

        Raises CheckpointError where none can be read.
        """
        problems: list[str] = []
        for file in (LAST, PREVIOUS):
            path = self.path / file
            if not path.exists():
                continue
            try:
                state = read_checkpoint(path)
            except CheckpointError as error:
                problems.append(error.message)
                # Out of the way of the next save, which would else push out the good one.
                with contextlib.suppress(OSError):
                    os.replace(path, self.path / DAMAGED)
                continue
            epoch = state.position.epochs_done
            return state, [
                Warned(f"{p} Training goes on from the state before it, in epoch {epoch + 1}.")
                for p in problems
            ]
        raise CheckpointError(
            f"The training in {self.path} cannot be continued: {' '.join(problems)}",
            "Train without --resume to start anew.",
        )

    def put(self, file: str, content: bytes) -> None:
        """The newest content of a file, to be written at the next flush."""
        self._contents[file] = content
        self._unwritten.add(file)

    def log(self, lines: Iterable[str]) -> None:
        """More lines for the log, to be written at the next flush."""
        more = "".join(f"{line}\n" for line in lines)
        if not more:
            return
        self._log += more
        self.put(LOG, self._log.encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Write everything that is not written yet.

        Raises OSError after trying each file; what could not be written stays due.
        """
        if not self.path.is_dir():  # gone, and with it all that was in it
            self._unwritten = set(self._contents)
            self.path.mkdir(parents=True)
        failure: OSError | None = None
        for file in sorted(self._unwritten, key=lambda file: file != LAST):
            try:
                self._write(file)
            except OSError as error:  # perhaps only this one: open in another program
                failure = failure or error
            else:
                self._unwritten.discard(file)
        if failure:
            raise failure

    def _write(self, file: str) -> None:
        path = self.model_path if file == MODEL else self.path / file
        if file != LAST:
            with atomic_write(path) as stream:
                stream.write(self._contents[file])
            return
        newest = self.path / NEWEST
        with atomic_write(newest) as stream:
            stream.write(self._contents[file])
        # Killed between the two renames, the previous one is there.
        if path.exists():
            os.replace(path, self.path / PREVIOUS)
        os.replace(newest, path)

    def is_written(self, file: str) -> bool:
        """Whether the newest content of a file is on the disk."""
        return file in self._contents and file not in self._unwritten

    def move_to(self, outdir: Path) -> None:
        """Write to a new folder from now on: all files, at the next flush.

        Raises NamFileError where that cannot be made.
        """
        moved = JobFolder.create(outdir, self.path.name)
        self.close()
        self.path, self._lock = moved.path, moved._lock
        self._unwritten = set(self._contents)

    def close(self) -> None:
        """Let others write."""
        self._lock.release()


def file_name(name: str) -> str:
    """A name without the characters that file systems forbid, and short enough for them."""
    kept = "".join(c for c in name if c.isprintable() and c not in '<>:"/\\|?*').strip(" .")
    return kept.encode()[:MAX_NAME_BYTES].decode(errors="ignore") or "model"


def _is_empty(path: Path) -> bool:
    """Whether a folder holds nothing but what a process that was killed at once leaves."""
    try:
        return all(file.name.startswith(".") for file in path.iterdir())
    except OSError:
        return False


def _read_log(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LOG_BYTES).decode(errors="replace")
    except OSError:
        return ""
