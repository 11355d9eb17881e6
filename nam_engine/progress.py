"""Training events for people (a terminal) and for programs (JSON lines)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from nam_engine.events import (
    Checked,
    EpochDone,
    Finished,
    FinishReason,
    Saved,
    Started,
    StepsDone,
    TrainEvent,
)

__all__ = ["JsonLines", "TerminalProgress", "clock", "to_json"]


def clock(seconds: float) -> str:
    """``0:41``, ``12:05`` or ``1:02:03``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def to_json(value: Any) -> str:
    """JSON in which a number that is not finite is null."""
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


class JsonLines:
    """Prints each event as one JSON object a line; arrays are left out."""

    def __call__(self, event: TrainEvent) -> None:
        fields = {"event": type(event).__name__, **_scalars(event)}
        print(to_json(fields), flush=True)

    def close(self) -> None:
        """Nothing is held open."""


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
        self._has_bar = self._console.is_terminal and not self._console.is_dumb_terminal
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None),
            console=self._console,
            transient=True,
            expand=True,
            disable=not self._has_bar,
        )
        self._task = self._progress.add_task("")
        self._epochs = 0
        self._steps_per_epoch = 0

    def __call__(self, event: TrainEvent) -> None:
        match event:
            case Checked():
                self._checked(event)
            case Started():
                self._start(event)
            case StepsDone():
                self._steps(event)
            case EpochDone():
                self._epoch(event)
            case Saved():
                self._print(f"Saved {event.path}")
            case Finished():
                self._finish(event)
            case _:
                pass

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _checked(self, event: Checked) -> None:
        sure = (
            event.confidence if event.confidence == "by hand" else f"{event.confidence} confidence"
        )
        known = f"; input: {event.input}" if event.input else ""
        self._print(f"{self._title}: latency {event.latency_samples} samples ({sure}){known}")
        for warning in event.warnings:
            self._print(f"  ! {warning}")

    def _start(self, event: Started) -> None:
        self._epochs, self._steps_per_epoch = event.epochs, event.steps_per_epoch
        self._print(
            f"{self._title}: {event.train_seconds:.1f} s to train on,"
            f" {event.validation_seconds:.1f} s to validate, on {event.device};"
            f" ESR of {' and '.join(event.submodels)}:"
        )
        total = event.epochs * event.steps_per_epoch
        self._progress.update(self._task, total=total, description="starting")
        self._progress.start()

    def _steps(self, event: StepsDone) -> None:
        self._progress.update(self._task, completed=event.step)
        if event.step < self._steps_per_epoch:
            steps_left = self._epochs * self._steps_per_epoch - event.step
            left = clock(steps_left / event.steps_per_second)
            self._progress.update(self._task, description=f"epoch 1/{self._epochs}  {left} left")

    def _epoch(self, event: EpochDone) -> None:
        errors = "  ".join(f"{m.esr:.3g}" for m in event.metrics)
        left = clock(event.seconds_left)
        status = f"epoch {event.epoch}/{self._epochs}  {left} left  ESR {errors}"
        self._progress.update(
            self._task, completed=event.epoch * self._steps_per_epoch, description=status
        )
        if not self._has_bar:
            self._print(status)

    def _finish(self, event: Finished) -> None:
        if event.reason is FinishReason.STOPPED:
            self._print("Stopped; the best so far was kept.")
        for submodel in event.result.submodels:
            self._print(f"{submodel.name}: ESR {submodel.metrics.esr:.3g} (epoch {submodel.epoch})")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
