"""The folder of one training: its files, whole at any moment, in memory where it fails."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import filelock

from nam_engine.atomic import atomic_write
from nam_engine.checkpoint import TrainState, read_checkpoint
from nam_engine.errors import CheckpointError, DamagedCheckpointError, NamFileError
from nam_engine.events import Warned
from nam_engine.job_file import JOB

__all__ = ["JobFolder", "file_name"]

# It stands twice in a path, of which Windows allows 260 characters.
MAX_NAME_BYTES = 80
# Names that Windows reserves.
DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)
LEFT_OVER = re.compile(r"\.lock|\..+\.\d+\.part")
LAST, PREVIOUS, DAMAGED = "last.ckpt", "previous.ckpt", "damaged.ckpt"
NEWEST = "newest.ckpt"
MODEL, LOG = "model.nam", "log.txt"
MAX_LOG_BYTES = 16 * 1024 * 1024


class JobFolder:
    """A folder that this process alone writes to, until :meth:`close`.

    :meth:`put` takes the newest content of a file, :meth:`flush` writes what is not written
    yet. Contents stay in memory, so that all files can be written elsewhere too. The model's
    file is called ``model_file`` or, without that, after the folder.
    """

    def __init__(self, path: Path, model_file: str | None = None) -> None:
        """Take an existing folder. Raises NamFileError where another program writes to it."""
        self.path = path
        self._model_file = model_file
        self._lock = filelock.FileLock(path / ".lock", blocking=False, thread_local=False)
        self._contents: dict[str, bytes | None] = {}
        self._unwritten: set[str] = set()
        self._log = ""
        self._is_new = False
        try:
            self._take_lock()
        except filelock.Timeout as error:
            raise NamFileError(
                f"Another program is training in {path}.", "Wait for it or stop it."
            ) from error
        with contextlib.suppress(OSError):
            for file in path.iterdir():  # of a process that was killed while writing
                if file.suffix == ".part" and LEFT_OVER.fullmatch(file.name):
                    file.unlink()

    @classmethod
    def create(cls, outdir: Path, name: str, model_file: str | None = None) -> JobFolder:
        """A new folder called ``name``, with a number where that is taken.

        Raises NamFileError where it cannot be made or written to.
        """
        try:
            outdir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(outdir, error) from error
        number = 1
        while True:
            path = outdir / (name if number == 1 else f"{name} ({number})")
            try:
                path.mkdir(exist_ok=_is_left_over(path))
                folder = cls(path, model_file)
            except (FileExistsError, NamFileError):
                number += 1
            except OSError as error:
                raise _unwritable(outdir, error) from error
            else:
                folder._is_new = True
                return folder

    @staticmethod
    def earlier(outdir: Path, name: str) -> list[Path]:
        """The folders that hold a state of a training of this name, the most recent first."""
        numbered = re.compile(re.escape(name) + r"( \(\d+\))?")
        times: dict[Path, float] = {}
        for file in (LAST, PREVIOUS):
            for checkpoint in outdir.glob(f"*/{file}"):
                if numbered.fullmatch(checkpoint.parent.name):
                    with contextlib.suppress(OSError):
                        times.setdefault(checkpoint.parent, checkpoint.stat().st_mtime)
        return sorted(times, key=times.__getitem__, reverse=True)

    @staticmethod
    def is_in_use(path: Path) -> bool:
        """Whether a training, of this program or another one, writes to a folder now."""
        try:
            JobFolder(path).close()
        except NamFileError:
            return True
        return False

    @staticmethod
    def newest_state(path: Path) -> TrainState:
        """What a training would go on from. Raises CheckpointError where it cannot."""
        for file in (LAST, PREVIOUS):
            if (path / file).exists():
                with contextlib.suppress(DamagedCheckpointError):
                    return read_checkpoint(path / file)
        raise CheckpointError(f"The training in {path} cannot be continued: its state is gone.")

    @property
    def model_path(self) -> Path:
        return self.path / (self._model_file or f"{self.path.name}.nam")

    def restore(self, adopt: Callable[[TrainState], None]) -> list[Warned]:
        """Give the newest state to ``adopt``, which may raise DamagedCheckpointError.

        Where it is damaged, the one before it is taken, and a sentence says so. Raises
        CheckpointError where there is none, or one that belongs to others or other versions.
        """
        problems: list[str] = []
        for file in (LAST, PREVIOUS):
            path = self.path / file
            if not path.exists():
                continue
            try:
                state = read_checkpoint(path)
                adopt(state)
            except DamagedCheckpointError as error:
                problems.append(error.message)
                continue
            if problems:
                # Out of the way of the next save, which would else push out the good one.
                with contextlib.suppress(OSError):
                    os.replace(self.path / LAST, self.path / DAMAGED)
            self._log = _read_log(self.path / LOG)
            epoch = state.position.epochs_done + 1
            return [
                Warned(f"{problem} Training goes on from the state before it, in epoch {epoch}.")
                for problem in problems
            ]
        raise CheckpointError(
            f"The training in {self.path} cannot be continued."
            f" {' '.join(problems) or 'Its state is gone.'}",
            "Train without --resume to start anew.",
        )

    def put(self, file: str, content: bytes | None) -> None:
        """The newest content of a file, to be written at the next flush.

        None deletes it, once all else is written: something may have come in its place.
        """
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
        if not self._contents:
            return
        if not self.path.is_dir():  # gone, and with it all that was in it
            self._unwritten = set(self._contents)
            self._lock.release()
            self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._take_lock()
        except filelock.Timeout as error:
            raise OSError(errno.EBUSY, "another program writes there") from error
        failure: OSError | None = None
        for file in sorted(self._unwritten, key=self._turn):
            if file == JOB and self._unwritten & {LAST, MODEL}:
                continue  # nothing is over before what counts is written
            content = self._contents[file]
            if content is None and failure:
                continue  # what takes its place may be what failed
            try:
                self._write(file, content)
            except OSError as error:  # perhaps only this one: open in another program
                failure = failure or error
            else:
                self._unwritten.discard(file)
        if failure:
            raise failure

    def _take_lock(self) -> None:
        """Unless it is held. Raises filelock.Timeout where another program holds it."""
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise
        except (NotImplementedError, OSError):
            pass  # some network drives cannot lock

    def _turn(self, file: str) -> int:
        """No model is newer than its state, and how it ended comes after all else."""
        if self._contents[file] is None:
            return 2
        return {LAST: 0, JOB: 3}.get(file, 1)

    def _write(self, file: str, content: bytes | None) -> None:
        path = self._path_of(file)
        if content is None:
            path.unlink(missing_ok=True)
            return
        if file != LAST:
            with atomic_write(path) as stream:
                stream.write(content)
            return
        newest = self.path / NEWEST
        with atomic_write(newest) as stream:
            stream.write(content)
        # Killed between the two renames, the previous one is there.
        if path.exists():
            os.replace(path, self.path / PREVIOUS)
        os.replace(newest, path)

    def _path_of(self, file: str) -> Path:
        return self.model_path if file == MODEL else self.path / file

    def lacks(self, file: str) -> bool:
        """Whether the newest content of a file is not on the disk."""
        return file in self._unwritten

    def move_to(self, outdir: Path) -> None:
        """Write to a new folder from now on: all files, at the next flush.

        Raises NamFileError where that cannot be made.
        """
        moved = JobFolder.create(outdir, self.path.name)
        self.close()
        self.path, self._lock = moved.path, moved._lock
        self._unwritten = set(self._contents)

    def discard_if_new(self) -> None:
        """Delete the folder and what was put into it, if it was made by :meth:`create`.

        A file of anybody else's keeps it.
        """
        if not self._is_new:
            return
        files, self._contents, self._unwritten = list(self._contents), {}, set()
        self.close()  # Windows deletes no lock that is held
        with contextlib.suppress(OSError):
            for file in (*files, ".lock"):
                self._path_of(file).unlink(missing_ok=True)
            self.path.rmdir()

    def close(self) -> None:
        """Let others write."""
        self._lock.release()


def file_name(name: str) -> str:
    """A name without the characters that file systems forbid, and short enough for them."""
    kept = "".join(c for c in name if c.isprintable() and c not in '<>:"/\\|?*').strip(" .")
    kept = kept.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .") or "model"
    return f"{kept}_" if DEVICES.fullmatch(kept.split(".")[0]) else kept


def _is_left_over(path: Path) -> bool:
    """Whether a folder holds nothing but what a process that was killed at once leaves."""
    try:
        return all(LEFT_OVER.fullmatch(file.name) for file in path.iterdir())
    except OSError:
        return False


def _unwritable(folder: Path, error: OSError) -> NamFileError:
    return NamFileError(
        f"Nothing can be written to {folder} ({error.strerror}).", "Choose another folder."
    )


def _read_log(path: Path) -> str:
    """The end of a log, where it is very long."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MAX_LOG_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
