from __future__ import annotations

import numpy as np
import pytest

from nam_engine.demo import SAMPLE_RATE_HZ, amplify, play


def test_playing_is_repeatable_lively_and_does_not_clip() -> None:
    audio = play(4.0)
    np.testing.assert_array_equal(audio, play(4.0))
    assert len(audio) == 4 * SAMPLE_RATE_HZ
    assert np.abs(audio).max() == pytest.approx(10 ** (-3 / 20))
    assert not audio[: SAMPLE_RATE_HZ // 25].any()
    levels = np.sqrt(np.mean(audio.reshape(40, -1) ** 2, axis=1))[1:]
    assert 20 * np.log10(levels.max() / levels.min()) > 12


def test_rig_is_causal() -> None:
    audio = play(1.0)
    changed = audio.copy()
    changed[24_000:] = 0
    # The rig scales to its peak, so compare shapes up to the change.
    before, after = amplify(audio)[:24_000], amplify(changed)[:24_000]
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(1.0, abs=1e-9)


def test_rig_is_neither_linear_nor_memoryless() -> None:
    t = np.arange(4800) / SAMPLE_RATE_HZ
    loud = amplify(0.7 * np.sin(2 * np.pi * 200 * t))
    spectrum = np.abs(np.fft.rfft(loud[2400:] * np.hanning(2400)))
    fundamental, third = spectrum[10], spectrum[30]
    assert third > 0.02 * fundamental
    click = np.zeros(4800)
    click[0] = 1.0
    assert np.abs(amplify(click)[48:]).max() > 0.01
