from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support import RATE_HZ, container_of, playing, small_packed

from nam_engine import render as render_module
from nam_engine.audio import read_recording, write_wav
from nam_engine.errors import (
    AudioError,
    CaptureError,
    NamFileError,
    PictureError,
)
from nam_engine.model_files import evaluate_files, render_file
from nam_engine.nam_file import NamModel, submodels_of, write_nam
from nam_engine.render import render


def test_model_that_plays_no_numbers_is_not_written(tmp_path: Path) -> None:
    container = container_of(small_packed())
    weights = np.full_like(container.entries[1].model.weights, 3e38)
    weights[-1] = 1e6  # a head_scale that can be read
    write_nam(tmp_path / "wild.nam", replace(container.entries[1].model, weights=weights))
    write_wav(tmp_path / "di.wav", playing(0.5), RATE_HZ)
    with pytest.raises(NamFileError, match=r"wild\.nam plays values that are not numbers"):
        render_file(tmp_path / "wild.nam", tmp_path / "di.wav", tmp_path / "out.wav", 1.0)
    assert not (tmp_path / "out.wav").exists()


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "model.nam"
    write_nam(path, container_of(small_packed()))
    return path


def test_render_plays_the_chosen_size_and_overwrites_nothing(
    tmp_path: Path, model_path: Path
) -> None:
    source = tmp_path / "di.wav"
    write_wav(source, playing(0.5), RATE_HZ)
    for slim in (0.0, 1.0):
        render_file(model_path, source, tmp_path / f"{slim}.wav", slim)
    lite, full = (read_recording(tmp_path / f"{slim}.wav") for slim in (0.0, 1.0))
    assert len(lite.samples) == len(full.samples) == RATE_HZ // 2
    assert (lite.samples != full.samples).any()
    with pytest.raises(AudioError, match="exists already"):
        render_file(model_path, source, tmp_path / "1.0.wav", 1.0)
    with pytest.raises(AudioError, match=r"does not end in \.wav"):
        render_file(model_path, source, tmp_path / "out.flac", 1.0)


def test_evaluate_scores_each_submodel_over_the_passage(tmp_path: Path, model_path: Path) -> None:
    source, output = tmp_path / "di.wav", tmp_path / "amp.wav"
    write_wav(source, playing(3), RATE_HZ)
    render_file(model_path, source, output, 1.0)
    lite, full = evaluate_files(model_path, source, output)
    assert full.esr < 1e-12 < lite.esr
    assert full.mrstft < 1e-3 < lite.mrstft
    inside = evaluate_files(model_path, source, output, start_seconds=1.0, stop_seconds=2.5)
    assert inside[1].esr < 1e-12
    assert inside[0].esr != lite.esr
    write_wav(tmp_path / "silent.wav", np.zeros(RATE_HZ, np.float32), RATE_HZ)
    with pytest.raises(CaptureError, match=r"silent\.wav is silent from 0\.00"):
        evaluate_files(model_path, source, tmp_path / "silent.wav")
    with pytest.raises(CaptureError, match="too little to judge"):
        evaluate_files(model_path, source, output, start_seconds=5)


def test_evaluation_is_drawn_and_heard_from_one_rendering(
    tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "di.wav", tmp_path / "amp.wav"
    write_wav(source, playing(2), RATE_HZ)
    render_file(model_path, source, output, 1.0)
    rendered: list[NamModel] = []

    def counting(model: NamModel, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        rendered.append(model)
        return render(model, samples)

    monkeypatch.setattr(render_module, "render", counting)
    picture, sound = tmp_path / "new" / "errors.png", tmp_path / "new" / "compare.wav"
    scores = evaluate_files(
        model_path,
        source,
        output,
        start_seconds=0.5,
        stop_seconds=1.5,
        spectrum_path=picture,
        listen_path=sound,
    )
    assert [s.submodel for s in scores] == ["channels_2", "channels_3"]
    assert len(rendered) == 2
    assert picture.read_bytes().startswith(b"\x89PNG")
    heard = read_recording(sound).samples
    assert len(heard) == 4 * RATE_HZ  # three times a second, two silences
    recorded, full = heard[:RATE_HZ], heard[RATE_HZ * 3 // 2 :][:RATE_HZ]
    np.testing.assert_allclose(recorded, full, rtol=0, atol=1e-6)
    passage = read_recording(output).samples[RATE_HZ // 2 :][1_000:2_000]
    np.testing.assert_allclose(recorded[1_000:2_000], passage, rtol=0, atol=1e-6)


def test_evaluate_takes_out_the_latency_that_it_measures(tmp_path: Path, model_path: Path) -> None:
    source, output = tmp_path / "di.wav", tmp_path / "amp.wav"
    x = playing(8)
    write_wav(source, x, RATE_HZ)
    write_wav(output, np.pad(x, (312, 0)), RATE_HZ)
    by_hand = evaluate_files(model_path, source, output, latency_samples=312)
    assert evaluate_files(model_path, source, output) == by_hand


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"spectrum_path": "taken.png"}, r"taken\.png exists already"),
        ({"listen_path": "taken.wav"}, r"taken\.wav exists already"),
        ({"spectrum_path": "a.jpg"}, r"a\.jpg does not end in \.png\. Only PNG is written"),
        ({"listen_path": "a.mp3"}, r"a\.mp3 does not end in \.wav"),
        ({"spectrum_path": "taken.wav/a.png"}, "Nothing can be written to"),
    ],
)
def test_evaluate_refuses_unusable_names_before_it_reads(
    tmp_path: Path, paths: dict[str, str], message: str
) -> None:
    for name in ("taken.png", "taken.wav"):
        (tmp_path / name).write_bytes(b"mine")
    files = {option: tmp_path / name for option, name in paths.items()}
    missing = tmp_path / "missing"
    with pytest.raises((AudioError, PictureError, NamFileError), match=message):
        evaluate_files(missing, missing, missing, **files)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"mine"}


def test_submodels_of_one_width_keep_names_of_their_own() -> None:
    container = container_of(small_packed())
    twins = replace(container, entries=(container.entries[0],) * 3)
    names = [name for name, _ in submodels_of(twins)]
    assert names == ["channels_2", "channels_2 (2)", "channels_2 (3)"]


def test_audio_at_another_rate_than_the_model_is_refused(tmp_path: Path, model_path: Path) -> None:
    source = tmp_path / "di.wav"
    write_wav(source, playing(0.5), 44_100)
    with pytest.raises(AudioError, match=r"di\.wav has 44100 .* model\.nam was made for 48000"):
        render_file(model_path, source, tmp_path / "out.wav", 1.0)
