from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import RATE_HZ, playing

from nam_engine.audio import read_recording
from nam_engine.errors import AudioError
from nam_engine.listening import write_listening_file

GAP = RATE_HZ // 2
FADE = RATE_HZ * 5 // 1000
STEP_24_BITS = 2.0**-23


def test_recording_is_heard_first_and_the_smallest_submodel_last(tmp_path: Path) -> None:
    target = playing(2)
    predictions = {"small": 0.5 * target, "large": 0.9 * target}
    write_listening_file(tmp_path / "a.wav", target, predictions, RATE_HZ)
    heard = read_recording(tmp_path / "a.wav").samples
    length = len(target)
    assert len(heard) == 3 * length + 2 * GAP
    for i, part in enumerate((target, predictions["large"], predictions["small"])):
        start = i * (length + GAP)
        inner = slice(FADE, length - FADE)
        played = heard[start : start + length]
        np.testing.assert_allclose(played[inner], part[inner], rtol=0, atol=STEP_24_BITS)
        assert abs(played[[0, 1, -2, -1]]).max() < 1e-3
        assert not heard[start + length : start + length + GAP].any()


def test_loudest_ten_seconds_are_chosen(tmp_path: Path) -> None:
    rate_hz = 8_000
    target = np.full(15 * rate_hz, 0.01, np.float32)
    target[3 * rate_hz : 13 * rate_hz] = 0.25
    write_listening_file(tmp_path / "a.wav", target, {"only": -target}, rate_hz)
    heard = read_recording(tmp_path / "a.wav").samples
    assert len(heard) == 20 * rate_hz + rate_hz // 2
    assert (heard[100 : 10 * rate_hz - 100] == 0.25).all()
    assert (heard[-10 * rate_hz + 100 : -100] == -0.25).all()


def test_all_are_turned_down_together_where_one_is_too_loud(tmp_path: Path) -> None:
    target = 0.5 * np.sign(playing(1))
    write_listening_file(tmp_path / "a.wav", target, {"loud": 4 * target}, RATE_HZ)
    heard = read_recording(tmp_path / "a.wav").samples
    assert abs(heard[:RATE_HZ]).max() == pytest.approx(0.25)
    assert abs(heard).max() == pytest.approx(1)


def test_what_is_no_number_is_silent(tmp_path: Path) -> None:
    target = playing(1)
    broken = target.copy()
    broken[20_000:], broken[10_000] = np.nan, -np.inf
    write_listening_file(tmp_path / "a.wav", target, {"broken": broken}, RATE_HZ)
    heard = read_recording(tmp_path / "a.wav").samples[RATE_HZ + GAP :]
    assert not heard[20_000:].any()
    np.testing.assert_allclose(heard[15_000:20_000], target[15_000:20_000], atol=STEP_24_BITS)


def test_unwritable_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"missing.a\.wav cannot be written"):
        write_listening_file(tmp_path / "missing" / "a.wav", playing(1), {}, RATE_HZ)
