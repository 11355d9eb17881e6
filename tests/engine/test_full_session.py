"""From three files to a folder of artefacts."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from full_files import write
from full_runs import (
    StopAfter,
    assert_best_three_are_kept,
    checkpoints,
    history,
    leave,
    only_run,
    small,
    start,
)
from support import RATE_HZ, layer_array, submodel

from nam_engine.errors import CaptureError, ConfigError, NamFileError
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
from nam_engine.nam_file import NamContainer, NamModel, read_nam
from nam_engine.past import find_trainings
from nam_engine.render import render

CONFIGS = ("config_data.json", "config_model.json", "config_learning.json")


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
    with pytest.raises(CaptureError, match=r"output has a passage of \d+ samples to train on"):
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


def test_a_picture_is_drawn_for_each_pair_and_submodel(tmp_path: Path) -> None:
    pair = {"start_seconds": -0.5, "ny": 3000}
    documents = small(("data.validation", [pair, pair]), channels=(2, 3, 4))
    list(start(tmp_path, documents, StopAfter(1), plots=True))
    names = {path.name for path in only_run(tmp_path).glob("comparison*.png")}
    assert names == {f"comparison_{k}_packed_{i}.png" for k in range(2) for i in range(3)}


def test_seed_decides(tmp_path: Path) -> None:
    esrs = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        *_, end = start(tmp_path / name, small(), StopAfter(2), seed=seed)
        assert isinstance(end, Finished)
        esrs.append([best.weights for best in end.result.submodels])
    np.testing.assert_array_equal(esrs[0][0], esrs[1][0])
    assert not np.array_equal(esrs[0][0], esrs[2][0])
