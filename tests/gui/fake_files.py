"""The recordings and their checks without files."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from queue_jobs import report

from nam_engine.audio import Recording
from nam_engine.errors import AudioError
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.intake import CaptureReport, Choices, Intake


@dataclass
class FakeFiles:
    """Sound files that are not there, and what the checks say about them.

    ``findings`` are stops, by the recording's stem, ``unreadable`` its paths. While ``gate``
    is closed, nothing can be read.
    """

    findings: dict[str, Finding] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    checked: list[tuple[str, str, Choices]] = field(default_factory=list)

    def read(self, path: Path, channel: int | None = None) -> Recording:
        assert self.gate.wait(5)
        if path.stem in self.unreadable:
            raise AudioError(f"{path.name} cannot be read.", "Export it again.")
        return Recording(np.zeros(48_000, np.float32), 48_000, path)

    def take_in(self, source: Recording, output: Recording, choices: Choices) -> Intake:
        self.checked.append((source.path.stem, output.path.stem, choices))
        found = self.findings.get(output.path.stem)
        return Intake(_report(source.path.name, found), None)


def _report(input_name: str, found: Finding | None) -> CaptureReport:
    plain = replace(report(), input_name=input_name)
    return plain if found is None else replace(plain, findings=(*plain.findings, found))


def stop(*, overridable: bool = True) -> Finding:
    return Finding(Kind.CLIPPED, Severity.STOP, "It clips.", overridable=overridable)
