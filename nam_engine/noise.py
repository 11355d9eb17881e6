"""The output's noise floor, the ESR that it allows, and the gate that hides it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nam_engine.audio import rms_dbfs
from nam_engine.effects import find_gate, quiet_spans
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.pair import Pair

__all__ = ["Noise", "check_gate", "check_noise", "noise_floor"]

INFO, WARN = Severity.INFO, Severity.WARN

MAX_NOISE_ESR = 0.01
QUIET_MARGIN_SECONDS = 0.3


@dataclass(frozen=True)
class Noise:
    """The output's level where the input is silent, and its share of what validates."""

    level_dbfs: float
    esr: float


def noise_floor(pair: Pair) -> Noise | None:
    """The output's noise where the input has long been silent; None where it never is."""
    margin = round(QUIET_MARGIN_SECONDS * pair.sample_rate_hz)
    powers = []
    for span in quiet_spans(pair.x, pair.sample_rate_hz):
        rest = pair.y[span.start + margin : span.stop]
        frames = rest[: len(rest) // 512 * 512].reshape(-1, 512)
        powers.append(np.var(frames, axis=1, dtype=np.float64))
    every = np.concatenate(powers) if powers else np.zeros(0)
    target_dbfs = rms_dbfs(pair.validation.of(pair.y))
    if len(every) < 2 or target_dbfs == -np.inf:
        return None
    noise = float(np.median(every))
    level_dbfs = 10 * float(np.log10(noise)) if noise > 0 else -np.inf
    return Noise(level_dbfs, 10 ** ((level_dbfs - target_dbfs) / 10))


def check_noise(pair: Pair) -> list[Finding]:
    noise = noise_floor(pair)
    if noise is None:
        return []
    if noise.esr == 0:
        return [Finding(Kind.NOISE, INFO, f"{pair.output_name} has no noise in its pauses.")]
    loud = noise.esr > MAX_NOISE_ESR
    message = (
        f"The noise of {pair.output_name} is {noise.level_dbfs:.0f} dBFS;"
        f" no model can get below an ESR of {noise.esr:.1g} on it."
    )
    return [
        Finding(
            Kind.NOISE,
            WARN if loud else INFO,
            message,
            {"noise_dbfs": noise.level_dbfs, "esr_floor": noise.esr},
        )
    ]


def check_gate(pair: Pair) -> list[Finding]:
    gate = find_gate(pair.levels)
    if gate is None:
        return []
    message = (
        f"Below {gate.threshold_db:.0f} dBFS of {pair.input_name} the sound of"
        f" {pair.output_name} falls by {min(gate.drop_db, 99):.0f} dB at once."
    )
    numbers = {"threshold_dbfs": gate.threshold_db, "drop_db": gate.drop_db}
    picture = {"input_db": pair.levels.input_db, "output_db": pair.levels.output_db}
    return [Finding(Kind.NOISE_GATE, WARN, message, numbers, picture)]
