from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support import RATE_HZ, container_of, playing, rig, small_packed
from torch import Tensor

from nam_engine import evaluate, session
from nam_engine.audio import read_recording, write_wav
from nam_engine.control import RunControl
from nam_engine.errors import (
    AudioError,
    CaptureError,
    DeviceError,
    NamFileError,
    PictureError,
    TrainingError,
)
from nam_engine.events import (
    Checked,
    EpochDone,
    Finished,
    FinishReason,
    Saved,
    Started,
    TrainEvent,
)
from nam_engine.intake import Choices
from nam_engine.job_folder import file_name
from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_engine.nam_file import NamContainer, NamModel, read_nam, write_nam
from nam_engine.position import StepFigures
from nam_engine.presets import Recipe
from nam_engine.render import render
from nam_engine.session import TrainJob, evaluate_files, render_file, train
from nam_engine.stepping import Stepper

RECIPE = Recipe(epochs=2, window_samples=2048, batch_size=8)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainJob:
    """A job on a small network; the sound files are in ``tmp_path``."""
    monkeypatch.setattr(session, "parse_packed", lambda _: small_packed())
    x = playing(3)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "My Amp.wav", rig(x), RATE_HZ)
    return TrainJob(
        tmp_path / "di.wav", tmp_path / "My Amp.wav", tmp_path / "out", RECIPE, device="cpu"
    )


def test_job_saves_a_container_with_all_metadata(job: TrainJob) -> None:
    user = UserMetadata(
        modeled_by="Me", gear_type=GearType.AMP, tone_type=ToneType.CRUNCH, input_level_dbu=12.5
    )
    events = list(train(replace(job, user=user, choices=Choices(latency_samples=0))))
    assert isinstance(events[0], Checked)
    assert isinstance(events[1], Started)
    saved, finished = events[-2:]
    assert isinstance(saved, Saved)
    assert isinstance(finished, Finished)
    assert saved.path == job.outdir / "My Amp" / "My Amp.nam"
    file = read_nam(saved.path)
    assert isinstance(file, NamContainer)
    for entry, submodel in zip(file.entries, finished.result.submodels, strict=True):
        np.testing.assert_array_equal(entry.model.weights, submodel.weights)
        assert set(entry.model.metadata) == {"date", "loudness", "gain"}
    metadata = file.metadata
    assert metadata["loudness"] == file.entries[-1].model.metadata["loudness"]
    assert (metadata["modeled_by"], metadata["gear_type"]) == ("Me", "amp")
    assert (metadata["tone_type"], metadata["input_level_dbu"]) == ("crunch", 12.5)
    for unset in ("name", "gear_make", "gear_model", "output_level_dbu"):
        assert metadata[unset] is None
    errors = {s.name: s.metrics.esr for s in finished.result.submodels}
    assert metadata["training"]["submodel_validation_esr"] == errors
    assert metadata["training"]["validation_esr"] == errors["large"]
    assert metadata["training"]["data"]["latency"]["manual"] == 0


def test_second_run_gets_a_new_name(job: TrainJob) -> None:
    paths = {e.path for _ in range(3) for e in train(job) if isinstance(e, Saved)}
    names = ("My Amp", "My Amp (2)", "My Amp (3)")
    assert paths == {job.outdir / name / f"{name}.nam" for name in names}


def test_stop_still_saves(job: TrainJob) -> None:
    control = RunControl()
    events: list[TrainEvent] = []
    for event in train(job, control):
        events.append(event)
        if isinstance(event, EpochDone):
            control.stop()
    assert sum(isinstance(e, EpochDone) for e in events) == 1
    saved, finished = events[-2:]
    assert isinstance(saved, Saved)
    assert saved.path.is_file()
    assert isinstance(finished, Finished)
    assert finished.reason is FinishReason.STOPPED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Twin: clean / bright?", "Twin clean  bright"),
        ("../../etc/passwd", "etcpasswd"),
        ("...", "model"),
        ("é" * 300, "é" * 100),
        ("アンプ" * 80, "アンプ" * 22),
    ],
)
def test_names_become_safe_file_names(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_model_is_rescued_where_its_folder_disappears(job: TrainJob, tmp_path: Path) -> None:
    events = train(job)
    assert isinstance(next(events), Checked)
    shutil.rmtree(job.outdir)
    job.outdir.write_text("no folder any more")
    with pytest.raises(NamFileError, match=r"saved as .* instead") as caught:
        list(events)
    rescued = Path(caught.value.remedy.removeprefix("The model was saved as ").split(" instead")[0])
    assert isinstance(read_nam(rescued), NamContainer)
    shutil.rmtree(rescued.parent)


def test_model_that_plays_no_numbers_is_not_written(tmp_path: Path) -> None:
    container = container_of(small_packed())
    weights = np.full_like(container.entries[1].model.weights, 3e38)
    write_nam(tmp_path / "wild.nam", replace(container.entries[1].model, weights=weights))
    write_wav(tmp_path / "di.wav", playing(0.5), RATE_HZ)
    with pytest.raises(NamFileError, match=r"wild\.nam plays values that are not numbers"):
        render_file(tmp_path / "wild.nam", tmp_path / "di.wav", tmp_path / "out.wav", 1.0)
    assert not (tmp_path / "out.wav").exists()


def test_best_is_saved_where_the_device_fails(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, steps = Stepper.take, iter(range(100))

    def failing(self: Stepper, audio: Tensor, target: Tensor) -> StepFigures:
        if next(steps) > 9:
            raise RuntimeError("CUDA error: device lost")
        return take(self, audio, target)

    monkeypatch.setattr(Stepper, "take", failing)
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match=r"My Amp failed on cpu \(CUDA error: device lost\)"):
        events.extend(train(job))
    assert isinstance(events[-1], Saved)
    assert events[-1].path.is_file()


def test_unusable_folder_is_refused_before_training(job: TrainJob, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NamFileError, match="Nothing can be written to"):
        next(train(replace(job, outdir=tmp_path / "file" / "out")))


def test_missing_device_is_refused_with_the_reason(job: TrainJob) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has every device")
    with pytest.raises(DeviceError, match="'mps' cannot be used: this is not a Mac"):
        next(train(replace(job, device="mps")))


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

    monkeypatch.setattr(evaluate, "render", counting)
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
    names = [name for name, _ in evaluate.submodels_of(twins)]
    assert names == ["channels_2", "channels_2 (2)", "channels_2 (3)"]


def test_audio_at_another_rate_than_the_model_is_refused(tmp_path: Path, model_path: Path) -> None:
    source = tmp_path / "di.wav"
    write_wav(source, playing(0.5), 44_100)
    with pytest.raises(AudioError, match=r"di\.wav has 44100 .* model\.nam was made for 48000"):
        render_file(model_path, source, tmp_path / "out.wav", 1.0)
