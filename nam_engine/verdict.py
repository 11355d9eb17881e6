"""How close an ESR sounds, in a word: the bands of the official trainer."""

from __future__ import annotations

from enum import Enum

__all__ = ["BANDS", "Verdict", "verdict"]


class Verdict(Enum):
    """Words from the closest to none at all."""

    GREAT = "great"
    GOOD = "good"
    MAY_DO = "may do"
    POOR = "poor"
    WRONG = "something went wrong"


BANDS = (
    (0.01, Verdict.GREAT),
    (0.035, Verdict.GOOD),
    (0.1, Verdict.MAY_DO),
    (0.3, Verdict.POOR),
)
"""Each holds for an ESR below its number; at or above the last one, WRONG does."""


def verdict(esr: float) -> Verdict:
    """The word for an ESR; WRONG for one that is not a number."""
    return next((word for limit, word in BANDS if esr < limit), Verdict.WRONG)
