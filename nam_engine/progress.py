"""Training events for people (a terminal) and for programs (JSON lines)."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from nam_engine.events import (
    EpochDone,
    Finished,
    Saved,
    Started,
    StepsDone,
    TrainEvent,
)
from nam_engine.json_text import to_json
from nam_engine.method import MAX_EPOCHS
from nam_engine.narration import Narrator

__all__ = ["JsonLines", "TerminalProgress"]


class JsonLines:
    """Prints each event as one JSON object a line; arrays are left out."""

    def __call__(self, event: TrainEvent) -> None:
        fields = {"event": type(event).__name__, **_scalars(event)}
        print(to_json(fields), flush=True)

    def close(self) -> None:
        """Nothing is held open."""


def _scalars(event: TrainEvent) -> dict[str, object]:
    if isinstance(event, Saved):
        return {"path": str(event.path), "is_final": event.is_final}
    if isinstance(event, Finished):
        submodels = [
            {"name": s.name, "epoch": s.epoch, **asdict(s.metrics)} for s in event.result.submodels
        ]
        return {
            "reason": event.reason.value,
            "epochs_done": event.result.epochs_done,
            "submodels": submodels,
        }
    return asdict(event)


class TerminalProgress:
    """A progress bar on a terminal, one line an epoch elsewhere."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._console = console or Console()
        self._has_bar = self._console.is_terminal and not self._console.is_dumb_terminal
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None),
            console=self._console,
            transient=True,
            expand=True,
            disable=not self._has_bar,
        )
        self._task = self._progress.add_task("", total=None)
        self._narrator = Narrator(title)

    def __call__(self, event: TrainEvent) -> None:
        match event:
            case Started():
                self._tell(event)
                if event.epochs < MAX_EPOCHS:
                    total = event.epochs * event.steps_per_epoch
                    self._progress.update(self._task, total=total)
                self._update(event, event.steps_done)
                self._progress.start()
            case StepsDone():
                self._update(event, event.step)
            case EpochDone() if self._has_bar:
                self._update(event, event.step)
            case _:
                self._tell(event)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _update(self, event: Started | StepsDone | EpochDone, completed: int) -> None:
        self._progress.update(
            self._task, completed=completed, description=self._narrator.status(event)
        )

    def _tell(self, event: TrainEvent) -> None:
        for line in self._narrator.tell(event):
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
