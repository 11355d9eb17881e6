"""When a run's files are written, and what is won in memory where they cannot be."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
import traceback
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from nam_engine.checkpoint import TrainState, encode
from nam_engine.control import RunControl
from nam_engine.errors import NamFileError
from nam_engine.events import EpochDone, Saved, StepsDone, TrainEvent, TrainResult, Warned
from nam_engine.job_file import JOB, Ending
from nam_engine.job_folder import LAST, MODEL, JobFolder
from nam_engine.narration import Narrator, details
from nam_engine.records import Files, Records
from nam_engine.trainer import Trainer

__all__ = ["Keeper"]

CHECKPOINT_SECONDS = 10.0
LONG_EPOCH_SECONDS = 60.0
MODEL_SECONDS = 20.0

# What becomes of that which cannot be written.
AFTER_EPOCHS = "What is won stays in memory, and saving is tried again after every epoch."
AT_THE_END = (
    "It is tried once more at the end; the model and the state to go on from are else saved in a"
    " folder for temporary files."
)

_log = logging.getLogger(__name__)


class Keeper:
    """Saves a trainer's state and its best models into a folder, as ``records`` has them.

    At the end of an epoch the state is saved if the last save is ten seconds ago, within a
    long epoch every minute; the model when it has become better, every twenty seconds at most.
    ``title`` is what the log and the user's sentences call the run.
    """

    def __init__(
        self,
        folder: JobFolder,
        trainer: Trainer,
        records: Records,
        control: RunControl,
        title: str,
    ) -> None:
        self.folder = folder
        self.title = title
        self._trainer = trainer
        self._records = records
        self._control = control
        self._narrator = Narrator(title)
        self._state_saved = time.monotonic()
        self._model_saved = -MODEL_SECONDS
        self._steps_put = -1
        self._saved_steps: list[int] | None = None
        self._is_failing = False
        self._is_to_be_rescued = False  # nothing is won before the beginning

    def begin(self) -> None:
        """Save the beginning, before hours are spent. Raises NamFileError where that fails."""
        self.put_state()
        self.put_ending(Ending.INTERRUPTED)
        try:
            self.folder.flush()
        except OSError as error:
            self.folder.discard_if_new()
            raise NamFileError(
                f"Nothing can be written to {self.folder.path} ({error.strerror}).",
                "Choose another folder.",
            ) from error
        self._is_to_be_rescued = True

    def undo_beginning(self) -> None:
        """Leave nothing of a run in which nothing was trained; an earlier one counts as stopped."""
        self.put_ending(Ending.STOPPED)
        self.folder.discard_if_new()

    def put(self, files: Files) -> None:
        """Have files written at the next flush."""
        for file, content in files.items():
            self.folder.put(file, content)

    def save(self, files: Files) -> Iterator[Warned]:
        """Write what is made of the finished models, if that is possible."""
        self.put(files)
        yield from self._flush(AT_THE_END)

    def log(self, lines: Iterable[str]) -> None:
        """Lines for the log, with the time."""
        now = datetime.now().isoformat(sep=" ", timespec="seconds")
        self.folder.log(f"{now}  {line}" for line in lines)

    def log_fault(self, fault: BaseException) -> None:
        """Where a fault happened, for whoever has to find it."""
        self.log("".join(traceback.format_exception(fault)).splitlines())

    def note(self, event: TrainEvent) -> None:
        """Put an event into the log, an epoch with all of its figures."""
        lines = self._narrator.tell(event)
        if isinstance(event, EpochDone):
            lines = [f"{line}{details(event)}" for line in lines]
        self.log(lines)

    def keep(self, event: TrainEvent) -> Iterator[Saved | Warned]:
        """Save what is due after an event of the trainer."""
        yield from self._move_if_asked()
        if not isinstance(event, StepsDone | EpochDone):
            return
        now = time.monotonic()
        is_epoch = isinstance(event, EpochDone)
        if isinstance(event, EpochDone):
            trainer = self._trainer  # has a copy at hand where the epoch is complete
            state = trainer.good_state if event.is_complete else trainer.state()
            self.put(self._records.epoch(state))
        is_state_due = now - self._state_saved >= (
            CHECKPOINT_SECONDS if is_epoch else LONG_EPOCH_SECONDS
        )
        is_model_due = now - self._model_saved >= MODEL_SECONDS and self._has_better_model()
        if is_state_due or is_model_due:  # no model is newer than the state to go on from
            self.put_state()
        if is_model_due:
            self.put_best_model()
        is_retry = is_epoch and self._is_failing
        if is_state_due or is_model_due or is_retry:
            is_written = yield from self._flush()
            if is_model_due and is_written:
                yield Saved(self.folder.model_path, is_final=False)

    def finish(self, result: TrainResult) -> Iterator[Saved | Warned]:
        """Save everything at the end of a run.

        Where the folder fails, everything goes to a folder of its own, and NamFileError says so.
        """
        yield from self._move_if_asked()
        self._put_model(result)
        if not (yield from self._flush(AT_THE_END)) and self.folder.lacks(MODEL):
            failed = self.folder.path
            self._rescue()
            yield Saved(self.folder.model_path, is_final=True)
            raise NamFileError(
                f"Nothing can be written to {failed} any more.",
                f"The model was saved as {self.folder.model_path} instead.",
            )
        yield Saved(self.folder.model_path, is_final=True)

    def put_best_model(self) -> None:
        """Have the best so far written at the next flush, if it is not the one that was."""
        if self._has_better_model():
            self._put_model(self._trainer.result())

    def put_state(self) -> None:
        """Have the trainer's state written at the next flush. Only between two of its events."""
        self._put_state(self._trainer.state())

    def put_good_state(self) -> None:
        """Have a state written that is sound although training failed in the middle of a step.

        That is the one of the last epoch, unless what was put since is newer.
        """
        good = self._trainer.good_state
        if self._steps_put < good.position.steps_done:
            self._put_state(good)

    def put_ending(self, ending: Ending) -> None:
        """What was trained, and how that ended: interrupted until anything else is known."""
        self.put({JOB: self._records.ending(ending)})

    def close(self) -> None:
        """Write what is due and let others write.

        Where the folder fails, what was won goes to one for temporary files.
        """
        try:
            self.folder.flush()
        except OSError:
            is_missed = self.folder.lacks(LAST) or self.folder.lacks(MODEL)
            if is_missed and self._is_to_be_rescued:
                self._rescue_unheard()
        self.folder.close()

    def _rescue_unheard(self) -> None:
        """Nobody takes events or errors any more; Python's logging does."""
        failed = self.folder.path
        try:
            self._rescue()
        except NamFileError as error:
            _log.warning("%s", error)
        else:
            _log.warning(
                "Nothing can be written to %s; what was trained is saved in %s instead.",
                failed,
                self.folder.path,
            )

    def _rescue(self) -> None:
        """Write everything, or the model at least, to a folder for temporary files; once."""
        failed = self.folder.path
        self._is_to_be_rescued = False
        try:
            self.folder.move_to(Path(tempfile.mkdtemp(prefix="nam-rescued-")))
            self.log([f"Nothing can be written to {failed}; everything is saved here instead."])
            self.folder.flush()
        except (NamFileError, OSError) as error:
            if self.folder.model_path.exists() and not self.folder.lacks(MODEL):
                return
            raise NamFileError(
                f"The model could not be saved: nothing can be written to {failed},"
                f" nor to {tempfile.gettempdir()}.",
                "Free some space and continue the training.",
            ) from error

    def _has_better_model(self) -> bool:
        if not self._trainer.has_best:
            return False
        return self._saved_steps != [s.step for s in self._trainer.result().submodels]

    def _put_state(self, state: TrainState) -> None:
        self.put({LAST: encode(state), **self._records.state(state)})
        self._steps_put = state.position.steps_done
        self._state_saved = time.monotonic()

    def _put_model(self, result: TrainResult) -> None:
        self.put(self._records.model(result))
        self._saved_steps = [best.step for best in result.submodels]
        self._model_saved = time.monotonic()

    def _flush(self, otherwise: str = AFTER_EPOCHS) -> Generator[Warned, None, bool]:
        """Write; a warning when that begins to fail and when it works again. Whether it did."""
        try:
            self.folder.flush()
        except OSError as error:
            if not self._is_failing:
                yield Warned(
                    f"Saving to {self.folder.path} fails ({error.strerror}). {otherwise}",
                    "Free some space, make the folder available again or close its files in"
                    " other programs.",
                )
            self._is_failing = True
            return False
        if self._is_failing:
            yield Warned(f"Saving to {self.folder.path} works again; everything is saved.")
        self._is_failing = False
        return True

    def _move_if_asked(self) -> Iterator[Warned]:
        outdir = self._control.take_outdir()
        if outdir is None:
            return
        left = self.folder.path
        try:
            self.folder.move_to(outdir)
        except NamFileError as error:
            yield Warned(error.message, error.remedy)
            return
        if (yield from self._flush()):
            with contextlib.suppress(OSError):  # else it would seem to be interrupted there
                (left / JOB).unlink()
            yield Warned(f"Everything is saved in {self.folder.path} from now on.")
