from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from support import RATE_HZ, playing

from nam_engine.alignment import Alignment, Confidence, _jumps, align_recordings
from nam_engine.capture_signal import capture_signal
from nam_engine.correlation import Track
from nam_engine.demo import amplify
from nam_engine.signals import OWN
from nam_engine.transfer import _minimum_phase

Samples = NDArray[np.float32]


@cache
def pair() -> tuple[Samples, Samples]:
    """Playing without a blip and what the demo rig makes of it; no delay."""
    x = capture_signal(60.0)[20 * RATE_HZ : 48 * RATE_HZ]
    return x, amplify(x).astype(np.float32)


@cache
def own_pair() -> tuple[Samples, Samples]:
    x = capture_signal(60.0)
    return x, amplify(x).astype(np.float32)


def delayed(y: Samples, delay: int) -> Samples:
    return np.pad(y, (delay, 0)) if delay >= 0 else y[-delay:]


def noisy(y: Samples, level_dbfs: float) -> Samples:
    noise = np.random.default_rng(0).standard_normal(len(y)) * 10 ** (level_dbfs / 20)
    return (y + noise).astype(np.float32)


def high_gain(x: Samples) -> Samples:
    """60 dB of gain behind a high-pass: hardly anything of the input's wave is left."""
    tight = x - np.convolve(x, np.full(96, 1 / 96), "full")[: len(x)]
    return (0.5 * np.tanh(1000 * tight)).astype(np.float32)


def align_own(y: Samples) -> Alignment:
    x, _ = own_pair()
    positions = [round(t * RATE_HZ) + (len(x) if t < 0 else 0) for t in OWN.blips + OWN.end_blips]
    return align_recordings(x, y, RATE_HZ, positions[:2], positions[2:])


@pytest.mark.parametrize("delay", [-200, 0, 3, 480, 24_000])
@pytest.mark.parametrize("polarity", [1, -1])
def test_playing_alone_tells_delay_and_polarity(delay: int, polarity: int) -> None:
    x, y = pair()
    found = align_recordings(x, noisy(polarity * delayed(y, delay), -50), RATE_HZ)
    assert found.delay_samples == pytest.approx(delay, abs=2)
    assert found.polarity == polarity
    assert found.confidence is Confidence.MEDIUM
    assert found.agreement > 0.9


@pytest.mark.parametrize("rate_hz", [44_100, 96_000, 192_000])
def test_any_rate_is_measured(rate_hz: int) -> None:
    x, y = (soxr.resample(samples, RATE_HZ, rate_hz) for samples in pair())
    found = align_recordings(x, delayed(y, 700), rate_hz)
    assert found.delay_samples == pytest.approx(700, abs=2 * rate_hz / RATE_HZ)


@pytest.mark.parametrize("noise_dbfs", [-60, -30, -10])
def test_heavy_distortion_and_noise_are_survived(noise_dbfs: float) -> None:
    x, _ = pair()
    found = align_recordings(x, noisy(delayed(high_gain(x), 1234), noise_dbfs), RATE_HZ)
    assert found.delay_samples == pytest.approx(1234, abs=3)


def test_recording_that_starts_seconds_later_is_found() -> None:
    x, y = pair()
    found = align_recordings(x, noisy(delayed(y, 7 * RATE_HZ), -60), RATE_HZ)
    assert found.delay_samples == pytest.approx(7 * RATE_HZ, abs=2)


@pytest.mark.parametrize("delay", [-150, 0, 2000, 20_000])
@pytest.mark.parametrize("polarity", [1, -1])
def test_blips_and_playing_agree_to_the_sample(delay: int, polarity: int) -> None:
    found = align_own(noisy(polarity * delayed(own_pair()[1], delay), -70))
    assert found.delay_samples == pytest.approx(delay, abs=1)
    assert found.polarity == polarity
    assert found.confidence is Confidence.HIGH


def test_evidence_can_be_drawn() -> None:
    found = align_own(noisy(delayed(own_pair()[1], 300), -70))
    assert found.blips is not None
    assert found.correlation is not None
    assert found.blips.responses.shape == (2, len(found.blips.lags))
    onset = found.blips.average[list(found.blips.lags).index(300)]
    assert abs(onset) > 6 * found.blips.noise
    lags, curve = found.correlation.lags, found.correlation.curve
    assert lags[np.argmax(np.abs(curve))] == pytest.approx(300, abs=1)


def test_disagreement_is_told() -> None:
    """Blips whose answer was moved by an edit: what is played counts."""
    y = own_pair()[1].copy()
    for blip in OWN.blips:
        start = round(blip * RATE_HZ)
        part = slice(start - 4_000, start + 9_000)
        y[part] = np.roll(y[part], 3_000)
    found = align_own(noisy(y, -70))
    assert found.delay_samples == pytest.approx(0, abs=2)
    assert found.confidence is Confidence.LOW
    assert "blips say 3000 samples, the playing says 0" in found.explanation


def test_blips_alone_are_enough() -> None:
    """An effect that follows nothing in the playing, but answers a blip."""
    other = playing(60.0, seed=5)
    around = slice(round((OWN.blips[0] - 0.2) * RATE_HZ), round((OWN.blips[1] + 0.7) * RATE_HZ))
    other[around] = own_pair()[1][around]
    found = align_own(delayed(other, 50))
    assert found.delay_samples == pytest.approx(50, abs=1)
    assert found.confidence is Confidence.MEDIUM


@pytest.mark.parametrize("ppm", [-150.0, -5.0, 0.0, 20.0, 150.0])
def test_clock_drift_is_measured_with_and_without_blips(ppm: float) -> None:
    for x, y in (pair(), own_pair()):
        slow = soxr.resample(y, RATE_HZ, RATE_HZ * (1 + ppm * 1e-6))
        found = align_own(slow) if len(x) > 40 * RATE_HZ else align_recordings(x, slow, RATE_HZ)
        assert found.drift_ppm == pytest.approx(ppm, abs=1)
        # The resampler rings before the sound, and the blips lie ten seconds into the drift.
        assert found.delay_samples == pytest.approx(0, abs=5 + abs(ppm) / 2)


@pytest.mark.parametrize("lost", [480, 64, -256])
def test_lost_samples_are_counted_and_placed(lost: int) -> None:
    x, y = pair()
    at = 10 * RATE_HZ
    after = y[at + lost :] if lost > 0 else np.pad(y[at:], (-lost, 0))
    (jump,) = align_recordings(x, np.concatenate([y[:at], after]), RATE_HZ).jumps
    assert jump.samples == pytest.approx(-lost, abs=2)
    assert jump.seconds == pytest.approx(10, abs=1.0)


def test_single_blocks_do_not_change_the_count_of_lost_samples() -> None:
    """One that is a little off could lend its name to a level, to take in one that is more."""
    delays = np.array([730.0] * 12 + [732.5, 740, 730] + [250] * 15)
    (jump,) = _jumps(Track(np.arange(30.0), delays, drift=0.0), RATE_HZ)
    assert (jump.seconds, jump.samples) == (15, -480)


@pytest.mark.parametrize("seed", range(5))
def test_unrelated_recordings_are_not_aligned(seed: int) -> None:
    x, _ = pair()
    shuffled = np.random.default_rng(seed).permutation(x.reshape(-1, RATE_HZ)).ravel()
    for y in (shuffled[::-1].copy(), noisy(np.zeros_like(x), -20)):
        found = align_recordings(x, y, RATE_HZ)
        assert found.confidence is Confidence.NONE
        assert found.drift_ppm is None
        assert not found.jumps


@pytest.mark.parametrize("samples", [0, 1, 100, 40_000])
def test_too_little_to_measure_is_no_failure(samples: int) -> None:
    x = playing(1.0)[:samples]
    for y in (x, np.zeros_like(x), x[: samples // 2]):
        found = align_recordings(x, y, RATE_HZ, [samples // 2])
        assert np.isfinite(found.delay_samples)


def test_minimum_phase_is_that_of_a_minimum_phase_filter() -> None:
    response = np.fft.rfft([1.0, -0.6, 0.2], 4096)
    phase = _minimum_phase(np.log(np.abs(response)))
    np.testing.assert_allclose(phase, np.angle(response), atol=1e-9)
