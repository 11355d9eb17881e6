from __future__ import annotations

import math

import pytest

from nam_engine.verdict import Verdict, verdict


@pytest.mark.parametrize(
    ("esr", "word"),
    [
        (0.0, Verdict.GREAT),
        (0.00999, Verdict.GREAT),
        (0.01, Verdict.GOOD),
        (0.035, Verdict.MAY_DO),
        (0.1, Verdict.POOR),
        (0.3, Verdict.WRONG),
        (math.inf, Verdict.WRONG),
        (math.nan, Verdict.WRONG),
    ],
)
def test_each_band_starts_at_its_limit(esr: float, word: Verdict) -> None:
    assert verdict(esr) is word
