"""Figures as people read them: three significant digits, units always."""

from __future__ import annotations

import math

__all__ = ["duration_text", "esr_text", "milliseconds_text", "percent_text"]


def duration_text(seconds: float) -> str:
    """Minutes and seconds as on a player: 3:10."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def esr_text(esr: float) -> str:
    """0.00430; below a thousandth of a thousandth nobody reads on."""
    if not math.isfinite(esr):
        return "?"
    return "< 0.000001" if esr < 1e-6 else _three_digits(esr)


def milliseconds_text(samples: int, sample_rate_hz: int) -> str:
    """A delay, 2.56 ms."""
    return f"{_three_digits(1000 * samples / sample_rate_hz)} ms"


def percent_text(share: float) -> str:
    """68%; 100% only of what is done."""
    return f"{math.floor(100 * share)}%"


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{max(0, digits)}f}"
