from __future__ import annotations

import math

import pytest

from nam_engine.pace import Pace


def test_first_epoch_counts_the_validation_that_nobody_has_seen() -> None:
    pace = Pace(steps_per_epoch=10, validation_share=0.1)
    assert math.isnan(pace.seconds_left(100, 10))
    pace.step_done(5.0)  # compiling
    assert pace.seconds_left(99, 10) == pytest.approx(5 * 99 + 10 * 5 / 3)
    pace.step_done(1.0)
    pace.step_done(1.0)
    assert pace.seconds_left(97, 10) == pytest.approx(97 + 10 * 1 / 3)


def test_validating_and_saving_count_once_seen() -> None:
    pace = Pace(steps_per_epoch=2, validation_share=0.1)
    for _ in range(3):
        pace.step_done(1.0)
        pace.step_done(1.0)
        pace.epoch_done(2.0 + 4.0)
    assert pace.seconds_left(20, 10) == pytest.approx(20 + 40)


def test_what_is_long_ago_is_forgotten() -> None:
    """Another program has ended; the estimate follows within about a minute."""
    pace = Pace(steps_per_epoch=1000, validation_share=0.0)
    for _ in range(60):
        pace.step_done(1.0)
    for _ in range(300):
        pace.step_done(0.2)
    assert pace.seconds_left(1000, 0) == pytest.approx(200, rel=0.15)
    assert pace.seconds_left(1000, 0) > 200


def test_single_slow_step_changes_little() -> None:
    pace = Pace(steps_per_epoch=1000, validation_share=0.0)
    for _ in range(200):
        pace.step_done(0.2)
    pace.step_done(2.0)
    assert pace.seconds_left(1000, 0) == pytest.approx(200, rel=0.1)
