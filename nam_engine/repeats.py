"""Does the rig play the same passage the same way twice?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import rms_dbfs
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.noise import noise_floor
from nam_engine.pair import Pair
from nam_engine.timing import check_clock

__all__ = ["check_replicates", "replicate_esr"]

Samples = NDArray[np.float32]

WARN = Severity.WARN

MAX_REPLICATE_ESR = 0.01
MAX_LEVEL_CHANGE_DB = 0.5


def replicate_esr(pair: Pair) -> float | None:
    """ESR between the two times that the same passage was played; None without one."""
    if pair.replicates is None:
        return None
    first, second = (span.of(pair.y) for span in pair.replicates)
    return _esr(first, second)


def _esr(target: Samples, other: Samples) -> float | None:
    power = float(np.dot(target, target))
    difference = target - other
    return float(np.dot(difference, difference)) / power if power > 0 else None


def check_replicates(pair: Pair) -> list[Finding]:
    """Does the rig repeat itself? Its level, its noise and the clocks are other findings."""
    esr = replicate_esr(pair)
    if esr is None or pair.replicates is None:
        return []
    first, second = (span.of(pair.y) for span in pair.replicates)
    findings = []
    change_db = rms_dbfs(second) - rms_dbfs(first)
    if change_db == -np.inf:
        change_db = 0.0  # nothing was played the second time
    if abs(change_db) > MAX_LEVEL_CHANGE_DB:
        than = "louder" if change_db > 0 else "softer"
        message = (
            f"{pair.output_name} is {abs(change_db):.1f} dB {than} at its end than at its start."
        )
        findings.append(Finding(Kind.LEVEL_CHANGED, WARN, message, {"change_db": change_db}))
    if check_clock(pair):
        return findings
    noise = noise_floor(pair)
    expected = 2 * 10 ** ((noise.level_dbfs - rms_dbfs(first)) / 10) if noise else 0.0
    at_equal_level = _esr(first, np.float32(10 ** (-change_db / 20)) * second)
    if (at_equal_level or 0.0) - expected > MAX_REPLICATE_ESR:
        message = (
            f"The passage that is played twice differs in {pair.output_name} (ESR {esr:.2g};"
            f" {MAX_REPLICATE_ESR:g} or less is good)."
        )
        picture = {"first": first, "second": second}
        findings.append(Finding(Kind.NOT_REPEATABLE, WARN, message, {"esr": esr}, picture))
    return findings
