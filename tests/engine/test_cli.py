from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import RATE_HZ, container_of, playing, rig, small_packed

from nam_engine import session
from nam_engine.audio import write_wav
from nam_engine.cli import main
from nam_engine.nam_file import write_nam


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an input, two outputs and a model; training is on a small network."""
    monkeypatch.setattr(session, "parse_packed", lambda _: small_packed())
    x = playing(3)
    write_wav(tmp_path / "di.wav", x, RATE_HZ)
    write_wav(tmp_path / "one.wav", rig(x), RATE_HZ)
    write_wav(tmp_path / "two.wav", -rig(x), RATE_HZ)
    write_nam(tmp_path / "model.nam", container_of(small_packed()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


TRAIN = ["train", "di.wav", "one.wav", "-o", "out", "--epochs", "2", "--device", "cpu"]


def test_train_prints_progress_and_saves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(TRAIN) == 0
    out = capsys.readouterr().out
    assert "epoch 2/2  ESR small" in out
    assert "Saved out/one.nam" in out
    assert "large: ESR" in out
    assert (folder / "out" / "one.nam").is_file()


@pytest.mark.usefixtures("folder")
def test_json_prints_one_event_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--json", "--name", "Mine"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [e["event"] for e in events]
    assert kinds[0] == "Started"
    assert kinds.count("EpochDone") == 2
    assert kinds[-2:] == ["Saved", "Finished"]
    assert events[-2]["path"] == "out/Mine.nam"
    assert [s["name"] for s in events[-1]["submodels"]] == ["small", "large"]


def test_one_bad_recording_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "di.wav", "no.wav", *TRAIN[2:]]) == 1
    printed = capsys.readouterr()
    assert "no.wav: There is no file no.wav. Check the name" in printed.err
    assert (folder / "out" / "one.nam").is_file()


@pytest.mark.usefixtures("folder")
def test_errors_are_one_line_and_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["render", "no.nam", "di.wav", "x.wav"],
        ["evaluate", "model.nam", "no.wav", "one.wav"],
        ["info", "di.wav"],
    ):
        assert main(command) == 1
        err = capsys.readouterr().err
        assert err.startswith("nam-engine: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["train"],
        [*TRAIN, "--epochs", "0"],
        [*TRAIN, "--validation", "5"],
        [*TRAIN, "--validation", "5:3"],
        [*TRAIN, "--seed", "-1"],
        ["render", "a", "b", "c", "--slim", "2"],
    ],
)
def test_wrong_usage_is_status_two(command: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == 2


@pytest.mark.usefixtures("folder")
def test_render_evaluate_and_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "model.nam", "di.wav", "played.wav"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "model.nam", "di.wav", "played.wav"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("channels_3   ESR 0 (great)")
    assert main(["evaluate", "model.nam", "di.wav", "played.wav", "--json", "--to", "2"]) == 0
    scores = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [s["submodel"] for s in scores] == ["channels_2", "channels_3"]
    assert main(["info", "model.nam"]) == 0
    assert "receptive_field_samples: 8" in capsys.readouterr().out
    assert main(["info", "model.nam", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert [s["max_value"] for s in described["submodels"]] == [0.5, 1.0]


def test_devices_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json"]) == 0
    reports = {r["name"]: r for r in map(json.loads, capsys.readouterr().out.splitlines())}
    assert reports["cpu"]["usable"]
    for report in reports.values():
        assert report["usable"] == (report["problem"] == "")


def test_help_and_data_modules_import_no_torch() -> None:
    """The first answer of the command line and of the window must be quick."""
    code = (
        "import sys, nam_engine, nam_engine.cli, nam_engine.events, nam_engine.presets,"
        " nam_engine.metadata, nam_engine.errors, nam_engine.nam_file, nam_engine.capture;"
        " sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
