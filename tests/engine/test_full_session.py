"""From three files to a folder of artefacts, and on from there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from full_files import Documents, write
from full_runs import EPOCHS, StopAfter, copied, edit, go_on, history, small, start
from support import RATE_HZ, layer_array, submodel

from nam_engine.checkpoint import TrainState, encode, read_checkpoint
from nam_engine.errors import (
    CaptureError,
    CheckpointError,
    ConfigError,
    NamFileError,
    OtherTrainingError,
)
from nam_engine.events import (
    EpochDone,
    Finished,
    FinishReason,
    Reported,
    Saved,
    Started,
    TrainEvent,
    Warned,
)
from nam_engine.full import review
from nam_engine.full.job import FullJob
from nam_engine.full.reading import read_description
from nam_engine.full.session import train_full
from nam_engine.job_folder import JobFolder
from nam_engine.nam_file import NamContainer, NamModel, read_nam
from nam_engine.past import find_trainings
from nam_engine.render import render

CONFIGS = ("config_data.json", "config_model.json", "config_learning.json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[TrainEvent]]:
    """A run that was not interrupted, and what it said."""
    folder = tmp_path_factory.mktemp("full")
    events = list(start(folder, small(), plots=True, seed=3))
    (run,) = (folder / "runs").iterdir()
    return run, events


@pytest.fixture
def run(finished: tuple[Path, list[TrainEvent]], tmp_path: Path) -> Path:
    """A copy of it."""
    return copied(finished[0], tmp_path)


def only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def checkpoints(run: Path) -> list[Path]:
    return sorted(run.glob("epoch=*.ckpt"))


def assert_best_three_are_kept(run: Path) -> None:
    best = sorted(history(run), key=lambda row: row["val_loss"])[:3]
    states = {path.name: read_checkpoint(path) for path in checkpoints(run)}
    places = {(s.position.epochs_done, s.position.steps_done) for s in states.values()}
    assert places == {(row["epoch"], row["step"]) for row in best}
    for row in best:
        figures = f"ESR={row['ESR']:.3e}_MSE={row['MSE']:.3e}"
        assert f"epoch={row['epoch'] - 1:04.0f}_step={row['step']:.0f}_{figures}.ckpt" in states


def esr_of(model: NamModel, run: Path) -> float:
    """What a model makes of the validation passage: the recording's last half second."""
    data = json.loads((run / "config_data.json").read_text())["validation"]
    audio, target = (soundfile.read(data[key], dtype="float32")[0] for key in ("x_path", "y_path"))
    samples, context = RATE_HZ // 2, model.config.receptive_field - 1
    played, wanted = render(model, audio[-samples:])[context:], target[-samples:][context:]
    return float(np.square(played - wanted).sum() / np.square(wanted).sum())


def test_run_leaves_the_artefacts_of_the_official_trainer(
    finished: tuple[Path, list[TrainEvent]],
) -> None:
    run, _ = finished
    assert re.fullmatch(r"\d{4}(-\d\d){5}", run.name)
    assert {path.name for path in run.iterdir()} - {".lock"} == {
        *CONFIGS,
        *(path.name for path in checkpoints(run)),
        *("last.ckpt", "previous.ckpt"),
        *("packed_best.json", "packed_best_submodel_0.ckpt", "packed_best_submodel_1.ckpt"),
        *("comparison_packed_0.png", "comparison_packed_1.png"),
        *("size_quality.png", "report.md", "report.json"),
        *("model.nam", "history.csv", "job.json", "log.txt"),
    }
    assert_best_three_are_kept(run)


def test_models_are_saved_before_they_are_looked_at(
    finished: tuple[Path, list[TrainEvent]],
) -> None:
    run, events = finished
    assert isinstance(events[0], Started)
    saved, reported, end = events[-3:]
    assert saved == Saved(run / "model.nam", is_final=True)
    assert isinstance(reported, Reported)
    assert list(reported.lines) == (run / "report.md").read_text().splitlines()
    timing = json.loads((run / "report.json").read_text())["timing"]
    assert all(seconds > 0 for seconds in timing["separate_step_seconds"])
    assert len(timing["separate_step_seconds"]) == 2
    total = sum(event.seconds for event in events if isinstance(event, EpochDone))
    assert timing["seconds"] == pytest.approx(total)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.COMPLETED


def test_kept_configs_describe_the_same_training_from_any_folder(
    finished: tuple[Path, list[TrainEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = finished
    monkeypatch.chdir(tmp_path)
    kept = read_description(*(run / name for name in CONFIGS))
    folder = run.parents[1]
    given = read_description(*(folder / f"{part}.json" for part in ("data", "model", "learning")))
    assert (kept.data, kept.network, kept.method) == (given.data, given.network, given.method)


def test_packed_best_says_when_each_submodel_was_best(
    finished: tuple[Path, list[TrainEvent]],
) -> None:
    run, _ = finished
    described = json.loads((run / "packed_best.json").read_text())["submodels"]
    assert [best["submodel_name"] for best in described] == ["channels_2", "channels_3"]
    for i, best in enumerate(described):
        row = min(history(run), key=lambda row: row[f"ESR_packed_{i}"])
        assert best["submodel_index"] == i
        assert best["best_metric"] == row[f"ESR_packed_{i}"]
        assert (best["epoch"], best["step"]) == (row["epoch"], row["step"])
        assert best["checkpoint_path"] == f"packed_best_submodel_{i}.ckpt"


def test_model_plays_each_submodel_as_it_was_best(
    finished: tuple[Path, list[TrainEvent]],
) -> None:
    run, _ = finished
    model = read_nam(run / "model.nam")
    assert isinstance(model, NamContainer)
    assert [entry.max_value for entry in model.entries] == [0.5, 1.0]
    best = [min(row[f"ESR_packed_{i}"] for row in history(run)) for i in range(2)]
    played = [esr_of(entry.model, run) for entry in model.entries]
    assert played == pytest.approx(best, rel=1e-3)
    assert model.metadata["training"]["submodel_validation_esr"] == pytest.approx(
        {"channels_2": best[0], "channels_3": best[1]}
    )


def test_plain_wavenet_gives_an_ordinary_model(tmp_path: Path) -> None:
    config = submodel("", layer_array(2))["config"]
    documents = small(("model.net", {"name": "WaveNet", "config": config}))
    list(start(tmp_path, documents, plots=True))
    run = only_run(tmp_path)
    model = read_nam(run / "model.nam")
    assert isinstance(model, NamModel)
    assert model.metadata["training"]
    assert model.metadata["loudness"] < 0
    assert esr_of(model, run) == pytest.approx(min(row["ESR"] for row in history(run)), rel=1e-3)
    assert not any("_packed" in column for column in history(run)[0])
    assert not list(run.glob("*packed*"))
    assert (run / "comparison.png").is_file()
    assert not (run / "size_quality.png").exists()
    assert_best_three_are_kept(run)


@pytest.fixture(scope="module")
def restless() -> Documents:
    """A training whose learning rate depends on all that came before, judged within epochs."""
    plateau = {"factor": 0.5, "patience": 0}
    return small(
        ("model.lr_scheduler", {"class": "ReduceLROnPlateau", "kwargs": plateau}),
        ("model.lr_scheduler.monitor", "val_loss"),
        ("learning.trainer.val_check_interval", 2),
    )


@pytest.fixture(scope="module")
def whole(restless: Documents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    list(start(folder, restless))
    return only_run(folder)


def read_state(path: Path) -> TrainState:
    """Without what a clock says."""
    state = read_checkpoint(path)
    clocks = dict.fromkeys(("steps_per_second", "seconds", "seconds_left", "memory_mb"), 0.0)
    rows = tuple(EpochDone(**{**vars(row), **clocks}) for row in state.history)
    return TrainState(**{**vars(state), "history": rows})


def stop(events: Generator[TrainEvent, None, None]) -> None:
    *_, end = events
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOPPED


def leave(events: Generator[TrainEvent, None, None]) -> None:
    """As a window that is closed, within the second epoch."""
    validations = (event for event in events if isinstance(event, EpochDone))
    list(islice(validations, 4))
    events.close()


@pytest.mark.parametrize("end", [stop, leave])
def test_run_that_goes_on_is_the_one_that_was_not_interrupted(
    end: Callable[[Generator[TrainEvent, None, None]], None],
    restless: Documents,
    whole: Path,
    tmp_path: Path,
) -> None:
    end(start(tmp_path, restless, StopAfter(8) if end is stop else None))
    run = only_run(tmp_path)
    assert len(history(run)) < len(history(whole))
    *_, last = go_on(run.parent)
    assert isinstance(last, Finished)
    assert history(run) == history(whole)
    assert (run / "packed_best.json").read_text() == (whole / "packed_best.json").read_text()
    assert [path.name for path in checkpoints(run)] == [path.name for path in checkpoints(whole)]
    ours, expected = (
        [encode(read_state(path)) for path in (*checkpoints(folder), folder / "last.ckpt")]
        for folder in (run, whole)
    )
    assert ours == expected


def test_raised_number_of_epochs_goes_on(run: Path) -> None:
    before = history(run)
    edit(run, "learning", "trainer.max_epochs", EPOCHS + 3)
    first, *_ = go_on(run)
    assert isinstance(first, Started)
    assert (first.epochs_done, first.epochs) == (EPOCHS, EPOCHS + 3)
    rows = history(run)
    assert rows[:EPOCHS] == before
    assert [row["epoch"] for row in rows] == [*range(1, EPOCHS + 4)]
    assert_best_three_are_kept(run)
    best = [min(row[f"ESR_packed_{i}"] for row in rows) for i in range(2)]
    described = json.loads((run / "packed_best.json").read_text())["submodels"]
    assert [entry["best_metric"] for entry in described] == best


@pytest.mark.parametrize(
    ("part", "place", "value", "what"),
    [
        ("learning", "train_dataloader.batch_size", 2, "batch size"),
        ("learning", "trainer.limit_train_batches", 2, "order or number of batches"),
        ("learning", "trainer.max_steps", 9, "max_steps"),
        ("model", "optimizer.lr", 0.01, "optimizer or learning rate"),
        ("model", "lr_scheduler.kwargs.gamma", 0.5, "schedule of the learning rate"),
        ("model", "loss.mrstft_weight", 0.1, "loss"),
        ("model", "loss.val_loss", "mse", "figure that decides"),
        ("model", "net.config.submodels.1.config.layers_configs.0.channels", 4, "network"),
        ("data", "train.ny", 1500, "ny"),
        ("data", "common.delay", 1, "recording, passage or delay to train on"),
        ("data", "validation.start_seconds", -0.4, "recording, passage or delay to validate on"),
        ("data", "joint", [], "level of the targets"),
    ],
)
def test_other_training_is_refused_by_what_is_another(
    run: Path, part: str, place: str, value: object, what: str
) -> None:
    edit(run, part, place, value)
    with pytest.raises(OtherTrainingError, match=f"training of output had another {what}"):
        list(go_on(run))
    assert not JobFolder.is_in_use(run)


def test_changed_recording_is_another(run: Path, tmp_path: Path) -> None:
    path = json.loads((run / "config_data.json").read_text())["train"]["y_path"]
    samples, rate_hz = soundfile.read(path, dtype="float32")
    samples[5000] += 1e-4
    other = tmp_path / "output.wav"
    soundfile.write(other, samples, rate_hz, subtype="FLOAT")
    edit(run, "data", "train.y_path", str(other))
    with pytest.raises(OtherTrainingError, match="another recording"):
        list(go_on(run))


def test_run_goes_on_from_the_state_before_a_damaged_one(run: Path) -> None:
    expected = history(run)
    (run / "last.ckpt").write_bytes(b"nothing")
    warned, *_, end = go_on(run)
    assert isinstance(warned, Warned)
    assert "last.ckpt is not a checkpoint of this program" in warned.message
    assert isinstance(end, Finished)
    assert history(run) == expected
    assert_best_three_are_kept(run)


def test_folder_without_its_last_state_is_found_by_the_one_before(run: Path) -> None:
    (run / "last.ckpt").unlink()
    started, *_ = go_on(run.parent)
    assert isinstance(started, Started)


def test_run_without_any_state_cannot_go_on(run: Path) -> None:
    for name in ("last.ckpt", "previous.ckpt"):
        (run / name).unlink()
    with pytest.raises(CheckpointError, match=r"cannot be continued\. Its state is gone\. Train"):
        list(go_on(run))
    with pytest.raises(CheckpointError, match="There is no run to go on with in"):
        list(go_on(run.parent))


def test_folder_of_an_a2_training_is_no_full_run(run: Path) -> None:
    (run / "job.json").write_text('{"schema": 2, "ending": "done"}')
    with pytest.raises(CheckpointError, match="is no full run's: kind is missing"):
        list(go_on(run))


def test_damaged_config_is_named(run: Path) -> None:
    (run / "config_model.json").write_text("{")
    with pytest.raises(ConfigError, match=r"config_model\.json is not JSON: line 1"):
        list(go_on(run))


def test_full_runs_are_no_past_trainings_of_the_window(run: Path) -> None:
    assert find_trainings([run.parent]) == []


def test_file_cannot_hold_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(NamFileError, match="Nothing can be written to"):
        list(start(tmp_path, small()))


def test_files_are_checked_before_the_recordings(tmp_path: Path) -> None:
    paths = write(tmp_path, small(("model.loss.val_loss", "esrr")))  # empty files as recordings
    with pytest.raises(ConfigError, match=r"model\.json: loss\.val_loss"):
        list(train_full(FullJob(*paths, tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()


EMPHASISED = {"mrstft_weight": 0.0, "pre_emph_mrstft_weight": 0.001, "pre_emph_mrstft_coef": 0.85}


@pytest.mark.parametrize(
    ("loss", "ny"),
    [({"mrstft_weight": 0.001}, 1025), (EMPHASISED, 1026), ({"mrstft_weight": 0.0}, 64)],
)
def test_items_just_long_enough_train(loss: dict[str, float], ny: int, tmp_path: Path) -> None:
    documents = small(("model.loss", loss), ("data.train.ny", ny), ("data.validation.ny", 1025))
    *_, end = start(tmp_path, documents, StopAfter(2))
    assert isinstance(end, Finished)


def test_recording_too_short_for_its_loss_is_refused(tmp_path: Path) -> None:
    documents = small(("data.train", {"stop_samples": 600, "ny": None}))
    with pytest.raises(CaptureError, match=r"train: an item has \d+ samples, .* needs 1,025\. Use"):
        list(start(tmp_path, documents))
    assert not (tmp_path / "runs").exists()


def test_layers_without_1x1_are_warned_of(tmp_path: Path) -> None:
    place = "model.net.config.submodels.{}.config.layers_configs.0.layer_1x1_config"
    off = {"active": False}
    events = start(tmp_path, small((place.format(0), off), (place.format(1), off)))
    warned = next(events)
    assert isinstance(warned, Warned)
    assert "layers without a 1x1 convolution" in warned.message
    leave(events)  # said before there was a folder, and in its log all the same
    assert warned.message in (only_run(tmp_path) / "log.txt").read_text()


def test_fault_of_the_review_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(review, "draw_sizes", fail)
    *_, saved, warned, end = start(tmp_path, small())
    assert isinstance(saved, Saved)
    assert isinstance(read_nam(saved.path), NamContainer)
    assert isinstance(warned, Warned)
    assert "could not be looked at (a fault of ours)" in warned.message
    assert isinstance(end, Finished)
    assert json.loads((only_run(tmp_path) / "job.json").read_text())["ending"] == "done"


def test_stop_in_the_first_epoch_exports_the_current_weights(tmp_path: Path) -> None:
    events = list(start(tmp_path, small(), StopAfter(2)))
    assert not any(isinstance(event, Warned) for event in events)
    run = only_run(tmp_path)
    described = json.loads((run / "packed_best.json").read_text())["submodels"]
    assert [(best["epoch"], best["step"]) for best in described] == [(0, 2)] * 2
    model = read_nam(run / "model.nam")
    assert isinstance(model, NamContainer)
    played = [esr_of(entry.model, run) for entry in model.entries]
    assert played == pytest.approx([best["best_metric"] for best in described], rel=1e-3)
    report = json.loads((run / "report.json").read_text())
    assert report["timing"] is None
    assert all(math.isfinite(size["esr"]) for size in report["submodels"])
    assert history(run) == []
    assert not checkpoints(run)


def test_pictures_are_of_the_first_items_and_submodels(tmp_path: Path) -> None:
    documents = small(("data.validation.ny", 3000), channels=(2, 3, 4))
    list(start(tmp_path, documents, StopAfter(1), plots=True))
    names = {path.name for path in only_run(tmp_path).glob("comparison*.png")}
    assert names == {f"comparison_{k}_packed_{i}.png" for k in range(4) for i in range(3)}


def test_seed_decides(tmp_path: Path) -> None:
    esrs = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        *_, end = start(tmp_path / name, small(), StopAfter(2), seed=seed)
        assert isinstance(end, Finished)
        esrs.append([best.weights for best in end.result.submodels])
    np.testing.assert_array_equal(esrs[0][0], esrs[1][0])
    assert not np.array_equal(esrs[0][0], esrs[2][0])
