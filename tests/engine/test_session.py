from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support import RATE_HZ, playing, rig, small_packed
from torch import Tensor

from nam_engine import device_choice, session
from nam_engine.audio import write_wav
from nam_engine.checkpoint import read_checkpoint
from nam_engine.control import RunControl
from nam_engine.errors import (
    DeviceError,
    NamFileError,
    TrainingError,
)
from nam_engine.events import (
    Checked,
    EpochDone,
    Finished,
    FinishReason,
    Probed,
    Reported,
    Saved,
    Started,
    TrainEvent,
)
from nam_engine.intake import Choices
from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.position import StepFigures
from nam_engine.presets import Recipe
from nam_engine.session import TrainJob, train
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


def test_why_a_device_was_taken_is_told_and_kept(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [torch.device("cpu"), torch.device("cpu")]
    monkeypatch.setattr(device_choice, "usable_devices", lambda: devices)
    events = list(train(replace(job, device="auto")))
    (report,) = (event for event in events if isinstance(event, Reported))
    assert report.lines[0] in (job.outdir / "My Amp" / "log.txt").read_text(encoding="utf-8")


def test_job_saves_a_container_with_all_metadata(job: TrainJob) -> None:
    user = UserMetadata(
        modeled_by="Me", gear_type=GearType.AMP, tone_type=ToneType.CRUNCH, input_level_dbu=12.5
    )
    events = list(train(replace(job, user=user, choices=Choices(latency_samples=0))))
    assert isinstance(events[0], Checked)
    assert isinstance(events[1], Started)
    saved, probed, finished = events[-3:]
    assert isinstance(saved, Saved)
    assert isinstance(probed, Probed)
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
    saved, _, finished = events[-3:]
    assert isinstance(saved, Saved)
    assert saved.path.is_file()
    assert isinstance(finished, Finished)
    assert finished.reason is FinishReason.STOPPED


def test_model_is_rescued_where_its_folder_disappears(job: TrainJob, tmp_path: Path) -> None:
    events = train(job)
    assert [type(next(events)) for _ in range(2)] == [Checked, Started]
    shutil.rmtree(job.outdir)
    job.outdir.write_text("no folder any more")
    with pytest.raises(NamFileError, match=r"saved as .* instead") as caught:
        list(events)
    rescued = Path(caught.value.remedy.removeprefix("The model was saved as ").split(" instead")[0])
    assert isinstance(read_nam(rescued), NamContainer)
    shutil.rmtree(rescued.parent)


def test_best_is_saved_where_the_device_fails(
    job: TrainJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    backward, steps = Stepper.backward, iter(range(100))

    def failing(self: Stepper, audio: Tensor, target: Tensor) -> StepFigures:
        if next(steps) > 9:
            raise RuntimeError("CUDA error: device lost")
        return backward(self, audio, target)

    monkeypatch.setattr(Stepper, "backward", failing)
    events: list[TrainEvent] = []
    with pytest.raises(TrainingError, match=r"My Amp failed on cpu \(CUDA error: device lost\)"):
        events.extend(train(job))
    saved, probed = events[-2:]
    assert isinstance(saved, Saved)
    assert isinstance(probed, Probed)
    assert isinstance(read_nam(saved.path), NamContainer)
    assert "CUDA error: device lost" in (saved.path.parent / "log.txt").read_text()
    state = read_checkpoint(saved.path.parent / "last.ckpt")
    assert state.position.epochs_done == 1


def test_unusable_folder_is_refused_before_training(job: TrainJob, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NamFileError, match="Nothing can be written to"):
        list(train(replace(job, outdir=tmp_path / "file" / "out")))


def test_missing_device_is_refused_with_the_reason(job: TrainJob) -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has every device")
    with pytest.raises(DeviceError, match="'mps' cannot be used: this is not a Mac"):
        list(train(replace(job, device="mps")))
