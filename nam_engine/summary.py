"""How several trainings went, in one table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nam_engine.events import (
    BestImproved,
    Checked,
    Finished,
    Probed,
    Saved,
    Started,
    TrainEvent,
)
from nam_engine.presets import submodel_title

__all__ = ["Outcome", "print_outcomes"]


@dataclass
class Outcome:
    """What became of one recording, as far as its events tell."""

    recording: str
    submodels: tuple[str, ...] = ()
    errors: dict[str, float] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    path: Path | None = None
    failure: str = ""
    seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic, repr=False)

    def note(self, event: TrainEvent) -> None:
        """Take what counts from an event."""
        self.seconds = time.monotonic() - self._started
        match event:
            case Checked():
                self.findings = event.warnings
            case Started():
                self.submodels = event.submodels
            case BestImproved():
                self.errors[self.submodels[event.submodel]] = event.esr
            case Saved(is_final=True):
                self.path = event.path
            case Probed():
                self.findings += event.warnings
            case Finished():
                self.errors = {s.name: s.metrics.esr for s in event.result.submodels}

    def to_json(self) -> dict[str, Any]:
        return {
            "event": "Outcome",
            "recording": self.recording,
            "submodels": self.errors,
            "minutes": self.seconds / 60,
            "findings": list(self.findings),
            "path": None if self.path is None else str(self.path),
            "failure": self.failure or None,
        }


def print_outcomes(outcomes: Sequence[Outcome], console: Console | None = None) -> None:
    """Print a row for each recording, its ESRs from the smallest submodel on."""
    names = max((o.submodels for o in outcomes), key=len)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("recording", overflow="fold")
    for name in names:
        table.add_column(f"ESR {submodel_title(name)}", justify="right")
    table.add_column("minutes", justify="right")
    table.add_column("model", overflow="fold")
    table.add_column("findings")
    for outcome in outcomes:
        errors = [f"{outcome.errors[n]:.3g}" if n in outcome.errors else "-" for n in names]
        failure = [f"failed: {outcome.failure}"] if outcome.failure else []
        table.add_row(
            Text(outcome.recording),
            *errors,
            f"{outcome.seconds / 60:.1f}",
            Text(str(outcome.path or "-")),
            Text("\n".join([*failure, *outcome.findings])),
        )
    (console or Console()).print(table)
