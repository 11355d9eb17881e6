"""What can be told about a pair before it is trained on: all questions together.

Each is a function that takes an aligned :class:`Pair` and returns its findings. Limits
were set so that clean recordings stay clean (``tests/engine/test_clean_pairs.py``); the words
are those of ``findings.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nam_engine.alignment import Confidence
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.gain_staging import check_clipping, check_level, check_silence
from nam_engine.glitches import check_clicks, check_gaps
from nam_engine.noise import check_gate, check_noise
from nam_engine.pair import Pair
from nam_engine.repeats import check_replicates
from nam_engine.timing import check_clock, check_time_effects, delay_swing, modulation

__all__ = ["check_pair"]

STOP = Severity.STOP

COPY_ESR = 1e-4


def check_pair(pair: Pair) -> list[Finding]:
    """All findings about the sound of a pair."""
    silent = check_silence(pair)
    if silent:
        return silent
    foreign = check_identity(pair)
    checks = LEVEL_CHECKS if foreign else LEVEL_CHECKS + CHECKS
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda check: check(pair), checks))
    return [finding for findings in [foreign, *found] for finding in findings]


def check_identity(pair: Pair) -> list[Finding]:
    """Is the output the input itself, or nothing that can be laid against it?"""
    power = float(np.dot(pair.x, pair.x))
    gain = float(np.dot(pair.x, pair.y)) / power
    rest = pair.y - np.float32(gain) * pair.x
    if float(np.dot(rest, rest)) < COPY_ESR * float(np.dot(pair.y, pair.y)):
        over = " and turned over" if gain < 0 else ""
        level = f"{20 * np.log10(abs(gain)):+.1f} dB{over}"
        message = f"{pair.output_name} is {pair.input_name} itself ({level})."
        return [Finding(Kind.SAME_AS_INPUT, STOP, message, {"gain": gain})]
    if pair.alignment.confidence is Confidence.NONE:
        swing = delay_swing(pair)
        if swing is not None:
            return [modulation(pair, swing, STOP)]
        message = f"Nothing in {pair.output_name} follows {pair.input_name}."
        return [Finding(Kind.UNRELATED, STOP, message, {"agreement": pair.alignment.agreement})]
    return []


Check = Callable[[Pair], list[Finding]]
LEVEL_CHECKS: tuple[Check, ...] = (check_clipping, check_level)
# These mean something only where the output follows the input.
CHECKS: tuple[Check, ...] = (
    check_time_effects,
    check_clock,
    check_gaps,
    check_clicks,
    check_replicates,
    check_gate,
    check_noise,
)
