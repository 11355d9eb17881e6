from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from full_files import DELETED, read_changed

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full.description import PairDescription

NORMALIZE = "nam.data.normalize_joint_dataset_output"


def test_pairs_say_all_that_an_entry_can_say(tmp_path: Path) -> None:
    entry = {
        "y_path": str(tmp_path / "output.wav"),
        "start_samples": -96_000.0,
        "stop_seconds": 12,
        "delay": 3.0,
        "ny": 4096,
        "y_scale": -0.5,
        "input_gain": 6,
        "sample_rate": 44_100.0,
        "y_preroll": 7,
        "allow_unequal_lengths": True,
        "require_input_pre_silence": None,
    }
    description = read_changed(tmp_path, ("data.train", [{"ny": 4096}, entry]))
    assert description.data.train[1] == PairDescription(
        where="train[1]",
        x_path=tmp_path / "input.wav",
        y_path=tmp_path / "output.wav",
        start=-96_000,
        stop=12.0,
        delay_samples=3,
        ny=4096,
        y_scale=-0.5,
        input_gain_db=6.0,
        sample_rate_hz=44_100,
        y_preroll_samples=7,
        allow_unequal_lengths=True,
        pre_silence_seconds=None,
    )
    assert isinstance(description.data.train[1].start, int)
    assert isinstance(description.data.train[1].stop, float)
    assert description.data.train[0] == PairDescription(
        "train[0]", tmp_path / "input.wav", tmp_path / "output.wav", ny=4096
    )
    assert description.data.validation[0].where == "validation"
    assert description.data.level_rms_dbfs == -18.0


def test_null_in_an_entry_counts_before_what_is_common(tmp_path: Path) -> None:
    data = read_changed(
        tmp_path,
        ("data.common.ny", 2048),
        ("data.common.require_input_pre_silence", 2),
        ("data.train.ny", DELETED),
        ("data.train.require_input_pre_silence", None),
    ).data
    assert (data.train[0].ny, data.train[0].pre_silence_seconds) == (2048, None)
    assert (data.validation[0].ny, data.validation[0].pre_silence_seconds) == (None, 2)


def test_recordings_are_looked_for_in_the_current_folder_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, files, home = (tmp_path / name for name in ("here", "files", "home"))
    for folder in (here, files, home):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    (here / "output.wav").touch()
    (home / "mine.wav").touch()
    (train,) = read_changed(files, ("data.train.x_path", "~/mine.wav")).data.train
    assert (train.x_path, train.y_path) == (home / "mine.wav", here / "output.wav")
    (train,) = read_changed(files).data.train
    assert train.x_path == files / "input.wav"


@pytest.mark.parametrize(
    "path", ["gone.wav", "", ".", "a\0b", "~nobody-of-this-name/x", "x" * 9999]
)
def test_recordings_that_do_not_exist_are_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^data\.json: train\[1\]\.x_path: .* does not exist"):
        read_changed(tmp_path, ("data.train", [{"ny": 2048}, {"ny": 2048, "x_path": path}]))


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("train.delay", 1.5, r"train\.delay should be an integer"),
        ("train.delay", 1e300, r"train\.delay should be an integer"),
        ("train.ny", 0, r"train\.ny should be an integer between 1"),
        ("train.ny", DELETED, r"train\.ny is missing"),
        ("train.y_scale", 0, r"train\.y_scale is 0"),
        ("train.input_gain", 1e4, r"train\.input_gain should be a number between -200 and 200"),
        ("train.sample_rate", 0, r"train\.sample_rate should be an integer"),
        ("train.y_preroll", -1, r"train\.y_preroll should be an integer"),
        ("train.allow_unequal_lengths", 1, r"train\.allow_unequal_lengths should be true or"),
        ("train.require_input_pre_silence", -1, r"require_input_pre_silence should be a number"),
        ("train.start_seconds", "1", r"train\.start_seconds should be a number but is a text"),
        ("common.stop", 1, r"train\.stop_seconds stands beside common\.stop; only one"),
        ("common.x_path", 3, r"common\.x_path should be a text"),
        ("train", [], r"train has 0 entries"),
        ("train", [{}] * 1001, r"train has 1001 entries"),
        ("train", "x", r"train should be an object"),
        ("train", [{"ny": 2}, {"ny": 3}], r"train\[1\]\.ny is 3 but that of train\[0\] is 2"),
        ("validation", [{"ny": 2}, {}], r"validation\[1\]\.ny is null but that of validation\[0\]"),
        ("joint", [{"name": NORMALIZE}], r"joint\[0\]\.kwargs\.level_rms_dbfs is missing"),
        ("joint", [{"name": NORMALIZE, "args": [1, 2]}], r"joint\[0\] gives more than one level"),
        ("joint", [{"name": NORMALIZE, "kwargs": {"level": 1}}], r"kwargs\.level is not known"),
        ("joint", {}, r"joint should be a list"),
    ],
)
def test_mistakes_are_refused_with_their_place(
    place: str, value: object, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"^data\.json: .*" + expected):
        read_changed(tmp_path, (f"data.{place}", value))


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("joint", [{"name": "os.system", "args": ["true"]}], r"joint\[0\]\.name is \"os\.system\""),
        ("type", "parametric", r"type is \"parametric\""),
    ],
)
def test_what_would_run_code_is_refused(
    place: str, value: object, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match=r"^data\.json: " + expected):
        read_changed(tmp_path, (f"data.{place}", value))


def test_level_may_be_given_by_its_position_or_not_at_all(tmp_path: Path) -> None:
    by_position: list[dict[str, Any]] = [{"name": NORMALIZE, "args": [-20]}]
    assert read_changed(tmp_path, ("data.joint", by_position)).data.level_rms_dbfs == -20
    assert read_changed(tmp_path, ("data.joint", DELETED)).data.level_rms_dbfs is None


def test_old_names_and_what_has_no_effect_are_told_once(tmp_path: Path) -> None:
    description = read_changed(
        tmp_path,
        ("data.common.nx", 100),
        ("data.common.start", 48_000),
        ("data.train.start_seconds", None),
        ("data.validation.start_seconds", None),
    )
    assert description.data.train[0].start == 48_000
    assert description.warnings == (
        "data.json: common.nx has no effect: the network's receptive field counts.",
        "data.json: common.start is an old name; call it start_samples.",
    )
