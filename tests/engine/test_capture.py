from __future__ import annotations

import numpy as np
import pytest
from support import RATE_HZ, playing, recording, rig

from nam_engine.audio import Recording, Span
from nam_engine.capture import chosen_split, default_split, make_capture
from nam_engine.errors import CaptureError


@pytest.mark.parametrize("latency", [0, 57, -31])
def test_latency_is_taken_out(latency: int) -> None:
    x = playing(4)
    y = np.roll(rig(x), latency)
    capture = make_capture(recording(x), recording(y), latency_samples=latency)
    inner = slice(10, -100)
    np.testing.assert_array_equal(capture.target[inner], rig(capture.input)[inner])
    assert len(capture.input) == len(capture.target) == len(x) - abs(latency)
    assert capture.latency_samples == latency


@pytest.mark.parametrize("cut", ["input", "output"])
def test_longer_recording_is_trimmed(cut: str) -> None:
    x = playing(4)
    y = rig(x)
    capture = make_capture(
        recording(x[:-100] if cut == "input" else x), recording(y[:-100] if cut == "output" else y)
    )
    assert len(capture.input) == len(capture.target) == len(x) - 100


@pytest.mark.parametrize(("seconds", "at_most"), [(20, 2.0), (200, 12.0)])
def test_the_end_validates_from_a_quiet_moment_on(seconds: int, at_most: float) -> None:
    x = playing(seconds)
    quiet = slice(round((seconds - 0.9 * at_most) * RATE_HZ), None)
    x[quiet][: RATE_HZ // 10] = 0
    split = default_split(x, RATE_HZ)
    assert split.validation.stop == len(x)
    assert quiet.start <= split.validation.start <= quiet.start + RATE_HZ // 10
    assert 0.5 * at_most <= len(split.validation) / RATE_HZ <= at_most


def test_silence_at_the_end_does_not_validate() -> None:
    x = np.concatenate([playing(30), np.zeros(20 * RATE_HZ, np.float32)])
    split = default_split(x, RATE_HZ)
    assert split.validation.stop <= 30.3 * RATE_HZ


def test_nothing_trained_on_is_within_hearing_of_the_validation() -> None:
    receptive_field = 6347
    for validation in ((15.0, 19.0), (1.0, 5.0)):
        split = chosen_split(validation, 20 * RATE_HZ, RATE_HZ)
        before = split.validation.start - split.train.stop
        after = split.train.start - split.validation.stop
        assert max(before, after) >= receptive_field


@pytest.mark.parametrize(
    ("passage", "train"),
    [((3.0, 4.0), (0.0, 2.85)), ((0.0, 1.0), (1.15, 4.0)), ((1, 2), (2.15, 4))],
)
def test_validation_passage_can_be_chosen(
    passage: tuple[float, float], train: tuple[float, float]
) -> None:
    x = playing(4)
    split = chosen_split(passage, len(x), RATE_HZ)
    capture = make_capture(recording(x), recording(x), split=split)
    start, stop = (round(t * RATE_HZ) for t in passage)
    assert capture.validation == Span(start, stop)
    assert capture.train == Span(round(train[0] * RATE_HZ), round(train[1] * RATE_HZ))


def test_passage_outside_the_recording_is_refused() -> None:
    with pytest.raises(CaptureError, match=r"3 to 5 s is not within the 4\.00 s"):
        chosen_split((3.0, 5.0), 4 * RATE_HZ, RATE_HZ)


@pytest.mark.parametrize(
    ("passage", "words"),
    [
        ((0.0, 4.0), "0 to 4 s leaves too little to train on of the 4.00 s"),
        ((1.0, 1.00001), "1 to 1.00001 s is too short to judge a model"),
        ((1.0, 1.2), "1 to 1.2 s is too short to judge a model"),
    ],
)
def test_passage_that_leaves_too_little_is_refused(
    passage: tuple[float, float], words: str
) -> None:
    with pytest.raises(CaptureError, match=words):
        chosen_split(passage, 4 * RATE_HZ, RATE_HZ)


def test_recording_can_be_turned_over() -> None:
    x = playing(4)
    capture = make_capture(recording(x), recording(-x), flip_polarity=True)
    np.testing.assert_array_equal(capture.target, x)


def test_different_sample_rates_are_refused() -> None:
    x = recording(playing(4), "in.wav")
    y = Recording(x.samples, 44_100, x.path.with_name("out.wav"))
    with pytest.raises(CaptureError, match=r"in\.wav has 48000 .* out\.wav has 44100"):
        make_capture(x, y)


def test_too_short_is_refused() -> None:
    x = recording(playing(1.0))
    with pytest.raises(CaptureError, match=r"share only 1\.00 s"):
        make_capture(x, x)


@pytest.mark.parametrize("part", ["training", "validation"])
def test_silence_is_refused(part: str) -> None:
    x = playing(4)
    y = x.copy()
    half = slice(0, round(3.6 * RATE_HZ)) if part == "training" else slice(-RATE_HZ // 2, None)
    y[half] = 0
    with pytest.raises(CaptureError, match=rf"out\.wav is silent in its {part} part"):
        make_capture(recording(x, "in.wav"), recording(y, "out.wav"))
