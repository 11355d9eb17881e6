from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support import RATE_HZ, playing

from nam_engine.audio import Span, rms_dbfs
from nam_engine.levels import level_over_frequency, level_over_time, loudest_span


def tone(
    hz: float, level_dbfs: float, seconds: float = 1.0, rate_hz: int = RATE_HZ
) -> NDArray[np.float32]:
    """A sine of an RMS level."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    peak = 10 ** (level_dbfs / 20) * np.sqrt(2)
    return (peak * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 192_000])
def test_tone_shows_its_own_level_in_its_own_band(rate_hz: int) -> None:
    centres_hz, level = level_over_frequency(tone(5_000, -40, rate_hz=rate_hz), rate_hz)
    loudest = np.nanargmax(level)
    assert abs(np.log2(centres_hz[loudest] / 5_000)) <= 1 / 24
    assert level[loudest] == pytest.approx(-40, abs=0.5)
    assert 20 < centres_hz[0] < 21
    assert rate_hz / 2 / 2 ** (1 / 8) < centres_hz[-1] < rate_hz / 2
    far = np.abs(np.log2(centres_hz / 5_000)) > 0.5
    assert np.nanmax(level[far]) < -100


@pytest.mark.parametrize("seconds", [0.25, 1.0, 3.3])
def test_bands_add_up_to_the_level_of_the_signal(seconds: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
    _, level = level_over_frequency(noise, RATE_HZ)
    total = 10 * np.log10(np.sum(10 ** (level / 10)))
    assert total == pytest.approx(rms_dbfs(noise), abs=0.5)


def test_level_over_time_follows_the_signal() -> None:
    signal = np.concatenate([tone(1_000, -20), tone(1_000, -50), np.zeros(RATE_HZ, np.float32)])
    signal[RATE_HZ // 2] = np.inf
    seconds, level = level_over_time(signal, RATE_HZ)
    assert len(seconds) <= 400
    assert seconds[0] < 0.01
    assert seconds[-1] == pytest.approx(3, abs=0.01)
    first, second = level[seconds < 0.99], level[(seconds > 1.01) & (seconds < 1.99)]
    assert np.isnan(first).sum() == 1
    np.testing.assert_allclose(first[np.isfinite(first)], -20, atol=0.3)
    np.testing.assert_allclose(second, -50, atol=0.3)
    assert np.isnan(level[seconds > 2.01]).all()


def test_silence_and_what_is_no_number_have_no_level() -> None:
    silent = np.zeros(RATE_HZ // 4, np.float32)
    broken = playing(0.25)
    broken[100] = np.nan
    for samples in (silent, broken, np.full_like(silent, 1e30)):
        assert np.isnan(level_over_frequency(samples, RATE_HZ)[1]).all()


def test_loudest_span_holds_most_energy() -> None:
    quiet = playing(2) / 100
    quiet[40_000:41_000] = 0.5
    assert loudest_span(quiet, 1_000) == Span(40_000, 41_000)
    assert loudest_span(quiet, 10**6) == Span(0, len(quiet))
