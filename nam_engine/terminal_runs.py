"""Trainings run on a terminal: progress, Ctrl-C, lost output, failures and the exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from nam_engine.errors import NamEngineError, NothingTrainedError

if TYPE_CHECKING:
    from nam_engine.control import RunControl
    from nam_engine.events import TrainEvent
    from nam_engine.summary import Outcome

__all__ = ["EXIT_ERROR", "EXIT_OK", "TerminalRun", "discard_output", "report_error", "run_all"]

EXIT_OK, EXIT_ERROR = 0, 1


@dataclass(frozen=True)
class TerminalRun:
    """A training to be run: ``title`` is what it is called, ``start`` makes its events."""

    title: str
    start: Callable[[RunControl], Generator[TrainEvent, None, None]]


def run_all(runs: Sequence[TerminalRun], *, as_json: bool) -> int:
    """Run one after the other; a failure is not the others' fault. Returns the exit status."""
    from nam_engine.control import RunControl
    from nam_engine.json_text import to_json
    from nam_engine.summary import Outcome, print_outcomes

    outcomes = []
    control = RunControl()
    with _stop_on_interrupt(control):
        for i, run in enumerate(runs):
            outcome = Outcome(run.title)
            outcomes.append(outcome)
            try:
                _run(run, control, outcome, as_json=as_json)
            except NothingTrainedError as error:  # a stop is no failure
                outcome.findings += (error.message,)
                report_error(error)
            except NamEngineError as error:
                outcome.failure = error.message
                report_error(error)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001 - of ours; the others are not to blame
                fault = NamEngineError(
                    f"A fault of this program ended the training of {run.title}"
                    f" ({type(error).__name__}: {error}).",
                    "Please report it, with the log.txt of the training's folder if there is one.",
                )
                outcome.failure = fault.message
                report_error(fault)
            if control.should_stop() and (left := runs[i + 1 :]):
                names = ", ".join(run.title for run in left)
                report_error(NamEngineError(f"Not trained: {names}."))
                break
    if len(runs) > 1:
        if as_json:
            for outcome in outcomes:
                print(to_json(outcome.to_json()))
        else:
            print_outcomes(outcomes)
    has_all = len(outcomes) == len(runs) and not any(o.failure for o in outcomes)
    return EXIT_OK if has_all else EXIT_ERROR


def _run(run: TerminalRun, control: RunControl, outcome: Outcome, *, as_json: bool) -> None:
    from nam_engine.progress import JsonLines, TerminalProgress

    show = JsonLines() if as_json else TerminalProgress(run.title)
    lost = False
    with closing(show), closing(run.start(control)) as events:
        for event in events:
            outcome.note(event)
            try:
                if not lost:
                    show(event)
            except (OSError, SystemExit) as error:
                lost = True
                discard_output()
                # The reader has left (rich exits then): stop. A full disk: carry on unseen.
                if isinstance(error, (BrokenPipeError, SystemExit)):
                    control.stop()
    if lost:
        raise NamEngineError(
            f"The progress of training on {run.title} could not be printed to its end.",
            f"The best model was saved as {outcome.path}.",
        )


@contextmanager
def _stop_on_interrupt(control: RunControl) -> Iterator[None]:
    """The first Ctrl-C stops the run, the second one interrupts for good."""

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        if control.should_stop():
            raise KeyboardInterrupt
        control.stop()

    previous = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def discard_output() -> None:
    """Keep what is still buffered from failing once more when the program ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_error(error: NamEngineError) -> int:
    """Tell the user; returns the exit status."""
    print(f"nam-engine: {error}", file=sys.stderr)
    return EXIT_ERROR
