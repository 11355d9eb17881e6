"""Reports for tests of the queue."""

from __future__ import annotations

import numpy as np

from nam_engine.alignment import Alignment, Confidence
from nam_engine.audio import Span
from nam_engine.capture import Split
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.intake import CaptureReport


def report(*kinds: Kind, latency_samples: int = 0, seconds: float = 190.0) -> CaptureReport:
    """Of a pair at 48 kHz with a warning of each kind."""
    picture = {"wave": np.zeros(3)}
    findings = [
        Finding(kind, Severity.WARN, f"{kind.name} was found.", picture=picture) for kind in kinds
    ]
    return CaptureReport(
        input_name="input.wav",
        output_name="Twin.wav",
        sample_rate_hz=48_000,
        seconds=seconds,
        recognised=None,
        alignment=Alignment(
            delay_samples=latency_samples,
            polarity=1,
            confidence=Confidence.HIGH,
            explanation="",
            agreement=1.0,
            drift_ppm=None,
            jumps=(),
            blips=None,
            end_blips=None,
            correlation=None,
        ),
        latency_samples=latency_samples,
        split=Split(Span(0, 1), Span(1, 2)),
        replicate_esr=None,
        noise_floor_dbfs=None,
        esr_floor=None,
        findings=(Finding(Kind.OWN_INPUT, Severity.INFO, "It is yours."), *findings),
    )
