"""Training events for people (a terminal) and for programs (JSON lines)."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from nam_engine.events import (
    EpochDone,
    Finished,
    FinishReason,
    Saved,
    Started,
    StepsDone,
    TrainEvent,
)

__all__ = ["JsonLines", "TerminalProgress", "clock"]


def clock(seconds: float) -> str:
    """``0:41``, ``12:05`` or ``1:02:03``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


class JsonLines:
    """Writes each event as one JSON object a line; arrays are left out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.stdout.flush()

    def __call__(self, event: TrainEvent) -> None:
        fields = {"event": type(event).__name__, **_scalars(event)}
        print(json.dumps(fields), flush=True)


def _scalars(event: TrainEvent) -> dict[str, object]:
    if isinstance(event, Saved):
        return {"path": str(event.path)}
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
        self._title = title
        self._console = console or Console()
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(),
            TextColumn("{task.fields[status]}", table_column=Column(no_wrap=True)),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._started: Started | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: TrainEvent) -> None:
        match event:
            case Started():
                self._start(event)
            case StepsDone():
                assert self._task is not None
                self._progress.update(self._task, completed=event.step)
            case EpochDone():
                self._epoch(event)
            case Saved():
                self._print(f"Saved {event.path}")
            case Finished():
                self._finish(event)
            case _:
                pass

    def _start(self, event: Started) -> None:
        self._started = event
        self._print(
            f"{self._title}: {event.train_seconds:.1f} s to train on,"
            f" {event.validation_seconds:.1f} s to validate, on {event.device}"
        )
        total = event.epochs * event.steps_per_epoch
        self._task = self._progress.add_task(self._title, total=total, status="first epoch")

    def _epoch(self, event: EpochDone) -> None:
        assert self._started is not None
        assert self._task is not None
        errors = "  ".join(
            f"{name} {m.esr:.3g}"
            for name, m in zip(self._started.submodels, event.metrics, strict=True)
        )
        status = (
            f"epoch {event.epoch}/{self._started.epochs}  ESR {errors}"
            f"  {clock(event.seconds_left)} left"
        )
        self._progress.update(
            self._task, completed=event.epoch * self._started.steps_per_epoch, status=status
        )
        if not self._console.is_terminal:
            self._print(status)

    def _finish(self, event: Finished) -> None:
        if event.reason is FinishReason.STOPPED:
            self._print("Stopped; the best so far was kept.")
        for submodel in event.result.submodels:
            self._print(f"{submodel.name}: ESR {submodel.metrics.esr:.3g} (epoch {submodel.epoch})")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
