from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import RATE_HZ, recording, small_capture

from nam_engine.capture import Capture, chosen_split, make_capture
from nam_engine.dataset import Windows, material_of
from nam_engine.errors import CaptureError
from nam_engine.material import Passage
from nam_engine.presets import Recipe

CPU = torch.device("cpu")
FIELD = 101


def windows_of(capture: Capture, recipe: Recipe) -> Windows:
    method = replace(recipe, mrstft_weight=0.0).method  # for which no window is too short
    return Windows(material_of(capture, FIELD, recipe), FIELD, method, CPU)


def test_windows_tile_the_training_part_with_context() -> None:
    capture = small_capture()
    windows = windows_of(capture, Recipe(window_samples=1000, batch_size=4))
    train_samples = len(capture.train)
    assert windows.count == (train_samples - FIELD + 1) // 1000
    audio, target = windows.batch(torch.tensor([0, 7]))
    assert audio.shape == (2, 1000 + FIELD - 1)
    assert target.shape == (2, 1000)
    np.testing.assert_array_equal(audio[1], capture.input[7000 : 8000 + FIELD - 1])
    gain = np.float32(windows.target_gain)
    expected = capture.target[7000 + FIELD - 1 : 8000 + FIELD - 1] * gain
    np.testing.assert_allclose(target[1], expected, rtol=1e-6)


def test_training_target_has_the_recipe_level() -> None:
    capture = small_capture()
    windows = windows_of(capture, Recipe())
    train = capture.train.of(capture.target) * windows.target_gain
    rms_dbfs = 20 * np.log10(np.sqrt(np.mean(np.square(train, dtype=np.float64))))
    assert rms_dbfs == pytest.approx(-18.0, abs=1e-3)


@pytest.mark.parametrize("passage", [(0.0, 1.0), (3.0, 4.0)])
def test_validation_covers_the_whole_passage_after_its_context(
    passage: tuple[float, float],
) -> None:
    whole = small_capture()
    split = chosen_split(passage, len(whole.input), RATE_HZ)
    source = make_capture(recording(whole.input), recording(whole.target), split=split)
    windows = windows_of(source, Recipe())
    span = source.validation
    ((audio, target),) = windows.validation
    assert len(target) == len(span)
    assert len(audio) == len(span) + FIELD - 1
    padded = np.concatenate([np.zeros(FIELD - 1, np.float32), source.input])
    expected = padded[span.start : span.stop + FIELD - 1]
    np.testing.assert_array_equal(audio, expected)


def test_epoch_uses_every_window_in_full_batches() -> None:
    windows = windows_of(small_capture(), Recipe(window_samples=1000, batch_size=16))
    assert windows.count % 16 != 0
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.stack(list(windows.epoch(generator))) for _ in range(2))
    assert first.shape == (windows.count // 16 + 1, 16)
    assert set(first.flatten().tolist()) == set(range(windows.count))
    assert len(set(first.flatten()[: windows.count].tolist())) == windows.count
    assert (first != second).any()


def test_short_capture_still_trains_with_a_smaller_batch() -> None:
    windows = windows_of(small_capture(), Recipe(window_samples=40_000, batch_size=16))
    assert (windows.count, windows.batch_size, windows.steps_per_epoch) == (4, 4, 1)


def test_capture_without_one_window_is_refused() -> None:
    with pytest.raises(CaptureError, match=r"leaves 3\.45 s to train on; at least 4\.1"):
        windows_of(small_capture(), Recipe(window_samples=200_000))


def test_what_is_too_short_for_the_spectra_is_refused() -> None:
    material = material_of(small_capture(), FIELD, Recipe())
    (passage,) = material.validation

    def windows_judged_on(samples: int) -> Windows:
        short = Passage(passage.input[: FIELD - 1 + samples], passage.target[:samples])
        judged = replace(material, validation=(passage, short))
        return Windows(judged, FIELD, Recipe().method, CPU)

    windows_judged_on(1025)
    with pytest.raises(CaptureError, match=r"passage of 1,024 samples to validate on, .* 1,025\."):
        windows_judged_on(1024)
    trained = replace(material, window_samples=1024)
    with pytest.raises(CaptureError, match=r"passage of 1,024 samples to train on, .* 1,025\."):
        Windows(trained, FIELD, Recipe().method, CPU)
