from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support import RATE_HZ, container_of, playing, rig, small_packed

from nam_engine import session, train_job
from nam_engine.audio import write_wav
from nam_engine.cli import main
from nam_engine.control import RunControl
from nam_engine.events import EpochDone, Started, SubmodelMetrics
from nam_engine.job_file import read_job
from nam_engine.method import MAX_EPOCHS
from nam_engine.nam_file import read_nam, write_nam
from nam_engine.presets import RECIPES
from nam_engine.progress import TerminalProgress


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
    assert "ESR of small and large" in out
    assert "epoch 2/2  0:00 left  ESR " in out
    assert "Saved out/one/one.nam" in out
    assert "large: ESR" in out
    assert (folder / "out" / "one" / "one.nam").is_file()


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_trained_by_their_names(folder: Path, name: str) -> None:
    assert main([*TRAIN, "--recipe", name, "--name", name]) == 0
    assert read_job(folder / "out" / name).job.recipe == replace(RECIPES[name], epochs=2)


@pytest.mark.usefixtures("folder")
def test_json_prints_one_event_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--json", "--name", "Mine"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [e["event"] for e in events]
    assert kinds[:2] == ["Checked", "Started"]
    assert kinds.count("EpochDone") == 2
    assert kinds[-3:] == ["Saved", "Probed", "Finished"]
    assert events[-3]["path"] == "out/Mine/Mine.nam"
    assert events[-3]["is_final"] is True
    assert [s["name"] for s in events[-1]["submodels"]] == ["small", "large"]


def test_one_bad_recording_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "di.wav", "no.wav", *TRAIN[2:]]) == 1
    printed = capsys.readouterr()
    assert "no.wav cannot be opened (No such file or directory). Check the name" in printed.err
    assert (folder / "out" / "one" / "one.nam").is_file()


def test_several_recordings_end_in_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    write_wav(folder / "silent.wav", 0 * playing(3), RATE_HZ)
    command = ["train", "di.wav", "one.wav", "silent.wav", "two.wav", *TRAIN[3:]]
    assert main(command) == 1
    *_, header, first, second, third = [
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("   ")
    ]
    assert header.split() == [
        *("recording", "ESR", "small", "ESR", "large", "minutes", "model", "findings")
    ]
    assert first.startswith("one.wav")
    assert "out/one/one.nam" in first
    assert second.startswith("silent.wav")
    assert "failed: silent.wav is silent" in second
    assert third.startswith("two.wav")
    assert "out/two/two.nam" in third
    assert main([*command, "--json"]) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    outcomes = [e for e in events if e["event"] == "Outcome"]
    assert [o["recording"] for o in outcomes] == ["one.wav", "silent.wav", "two.wav"]
    assert [o["failure"] is None for o in outcomes] == [True, False, True]
    assert outcomes[0]["submodels"].keys() == {"small", "large"}
    assert outcomes[2]["path"] == "out/two (2)/two (2).nam"


@pytest.mark.usefixtures("folder")
def test_fault_of_ours_is_told_and_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in, calls = train_job.take_in, iter(range(9))

    def faulty(*arguments: object) -> object:
        if next(calls) == 0:
            raise ZeroDivisionError("a fault")
        return take_in(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(train_job, "take_in", faulty)
    assert main(["train", "di.wav", "one.wav", "two.wav", *TRAIN[3:]]) == 1
    printed = capsys.readouterr()
    assert "ended the training of one.wav (ZeroDivisionError: a fault)" in printed.err
    assert "Traceback" not in printed.err
    assert "out/two/two.nam" in printed.out


@pytest.mark.usefixtures("folder")
def test_options_end_continue_and_begin_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    def events(*options: str) -> list[dict]:  # type: ignore[type-arg]
        assert main([*TRAIN, "--json", *options]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert events("--epochs", "50", "--target-esr", "0.99")[-1]["reason"] == "target reached"
    resumed = events("--resume", "--epochs", "52", "--patience", "60", "--minutes", "9")
    started = next(e for e in resumed if e["event"] == "Started")
    assert 0 < started["epochs_done"] < 50
    assert resumed[-1]["reason"] == "completed"
    again = events("--from", "out/one/one.nam", "--name", "finer")
    first = next(e for e in again if e["event"] == "BestImproved")
    assert first["epoch"] == 0
    assert first["esr"] == pytest.approx(resumed[-1]["submodels"][0]["esr"], rel=1e-3)
    assert events("--epochs", "99", "--minutes", "0.005")[-1]["reason"] == "time up"


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
        ["train", "di.wav", "one.wav", "two.wav", *TRAIN[3:], "--name", "both"],
        [*TRAIN, "--validation", "5"],
        [*TRAIN, "--validation", "5:3"],
        [*TRAIN, "--seed", "-1"],
        [*TRAIN, "--epochs", "abc"],
        [*TRAIN, "--target-esr", "2"],
        [*TRAIN, "--target-submodel", "channels_3"],
        [*TRAIN, "--target-esr", "0.1", "--target-submodel", "other"],
        [*TRAIN, "--patience", "0"],
        [*TRAIN, "--minutes", "nan"],
        [*TRAIN, "--minutes", "0"],
        [*TRAIN, "--validation", "0:inf"],
        [*TRAIN, "--validation", "nan:1"],
        ["evaluate", "a", "b", "c", "--from", "nan"],
        ["evaluate", "a", "b", "c", "--to", "inf"],
        ["render", "a", "b", "c", "--slim", "2"],
    ],
)
def test_wrong_usage_is_status_two(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == 2
    assert "invalid _" not in capsys.readouterr().err.splitlines()[-1]


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


def test_evaluate_saves_a_picture_and_a_listening_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "model.nam", "di.wav", "one.wav"]
    assert main([*command, "--spectrum", "a.png", "--listen", "a.wav"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("channels_3   ESR ")
    assert lines[2:] == ["Saved a.png", "Saved a.wav"]
    assert (folder / "a.png").is_file()
    assert main([*command, "--listen", "a.wav"]) == 1
    assert "nam-engine: a.wav exists already." in capsys.readouterr().err
    assert main([*command, "--json", "--spectrum", "b.png"]) == 0
    scores = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(score) for score in scores] == [{"submodel", "esr", "mrstft"}] * 2
    assert (folder / "b.png").is_file()


def test_devices_says_why_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.version.cuda", None)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert main(["devices", "--json"]) == 0
    reports = {r["name"]: r for r in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: r["usable"] for name, r in reports.items()} == {
        "cuda": False,
        "mps": False,
        "cpu": True,
    }
    assert "NVIDIA" in reports["cuda"]["problem"]
    assert "not a Mac" in reports["mps"]["problem"]
    assert "processor cores" in reports["cpu"]["description"]


def test_broken_device_is_reported_not_raised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("driver too old\nlong details")

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("nam_engine.devices.trial_gradients", broken)
    assert main(["devices"]) == 0
    assert "a training step on it fails (driver too old)" in capsys.readouterr().out


def test_info_shows_foreign_text_harmlessly(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = container_of(small_packed())
    metadata = {"name": "\x1b]0;owned\x07\nfake: 1", "delays": [3, 4], "gear": {"a": None}}
    write_nam(folder / "odd.nam", replace(container, metadata=metadata))
    assert main(["info", "odd.nam"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\nfake" not in out
    assert "delays: [3, 4]" in out


def test_ctrl_c_names_what_was_not_trained(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunControl, "should_stop", lambda _: True)
    assert main(["train", "di.wav", "one.wav", "two.wav", *TRAIN[3:]]) == 1
    err = capsys.readouterr().err
    assert "one was stopped before its first step" in err
    assert "Not trained: two.wav" in err
    assert not list((folder / "out").iterdir())


def test_ctrl_c_before_the_first_step_is_no_failure_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunControl, "should_stop", lambda _: True)
        assert main(TRAIN) == 0
    assert "one was stopped before its first step" in capsys.readouterr().err
    assert main(TRAIN) == 0
    assert [path.name for path in (folder / "out").iterdir()] == ["one"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_terminal_line_keeps_epoch_time_and_errors(width: int) -> None:
    console = Console(force_terminal=True, width=width, file=io.StringIO(), _environ={})
    metrics = (SubmodelMetrics(0.0123, 0, 0), SubmodelMetrics(0.00456, 0, 0))
    started = Started(
        "amp", ("channels_3", "channels_8"), 100, 0, 0, 4, "cpu", "2 cores", 48_000, 13.0, 3.0
    )
    figures = {"loss": 0.1, "mse": 0.1, "mrstft": 1.0, "gradient_norm": 1.0, "learning_rate": 0.1}
    rates = {"skipped_steps": 0, "steps_per_second": 2.0, "memory_mb": 500.0, "seconds": 7.0}
    done = EpochDone(12, 48, metrics, **figures, **rates, seconds_left=3725.0)
    with closing(TerminalProgress("My [bright] take.wav", console)) as show:
        show(started)
        show(done)
        (line,) = console.render_lines(show._progress.get_renderable(), pad=False)
        text = "".join(segment.text for segment in line)
    assert "epoch 12/100  1:02:05 left  ESR 0.0123  0.00456" in text
    assert "━" in text
    assert isinstance(console.file, io.StringIO)
    assert "My [bright] take.wav" in console.file.getvalue()


def test_epochs_are_counted_without_a_last_one_where_only_time_ends_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = Started("amp", ("channels_3",), MAX_EPOCHS, 0, 0, 4, "cpu", "2 cores", 48_000, 9, 3)
    figures = {"loss": 0.1, "mse": 0.1, "mrstft": 1.0, "gradient_norm": 1.0, "learning_rate": 0.1}
    rates = {"skipped_steps": 0, "steps_per_second": 2.0, "memory_mb": 500.0, "seconds": 7.0}
    done = EpochDone(4, 16, (SubmodelMetrics(0.5, 0, 0),), **figures, **rates, seconds_left=60.0)
    with closing(TerminalProgress("amp")) as show:
        show(started)
        show(done)
    assert "epoch 4  1:00 left  ESR 0.5" in capsys.readouterr().out


def test_the_session_imports_no_matplotlib() -> None:
    """Nobody who does not ask for a picture waits for it."""
    code = "import sys, nam_engine.session; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_and_data_modules_import_no_torch() -> None:
    """The first answer of the command line and of the window must be quick."""
    code = (
        "import sys, nam_engine, nam_engine.cli, nam_engine.events, nam_engine.presets,"
        " nam_engine.metadata, nam_engine.errors, nam_engine.nam_file, nam_engine.report;"
        " sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("folder")
def test_check_tells_good_from_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "di.wav", "one.wav"]) == 0
    assert "one.wav: good" in capsys.readouterr().out
    write_wav(folder / "silent.wav", 0 * playing(3), RATE_HZ)
    assert main(["check", "di.wav", "one.wav", "silent.wav", "no.wav"]) == 1
    printed = capsys.readouterr()
    assert "silent.wav: stop" in printed.out
    assert "What to do: Check the cables" in printed.out
    assert "no.wav cannot be opened" in printed.err


@pytest.mark.usefixtures("folder")
def test_check_prints_one_report_a_line_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "di.wav", "one.wav", "two.wav", "--json", "--validation", "1:2"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["output"], second["output"]) == ("one.wav", "two.wav")
    assert first["verdict"] == "good"
    assert abs(first["latency_samples"]) <= 2
    assert first["validation_seconds"] == [1, 2]
    assert [first["alignment"]["polarity"], second["alignment"]["polarity"]] == [1, -1]
    assert {finding["kind"] for finding in second["findings"]} == {"own_input", "inverted"}


@pytest.mark.usefixtures("folder")
def test_late_recording_is_moved_and_the_file_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = np.pad(rig(playing(3)), (700, 0))
    write_wav(folder / "late.wav", late, RATE_HZ)
    assert main(["train", "di.wav", "late.wav", *TRAIN[3:]]) == 0
    assert "late.wav: latency 700 samples (medium confidence)" in capsys.readouterr().out
    file = read_nam(folder / "out" / "late" / "late.nam")
    latency = file.metadata["training"]["data"]["latency"]
    assert latency["manual"] is None
    assert latency["calibration"]["recommended"] == 700
    assert latency["calibration"]["warnings"]["not_detected"] is False


@pytest.mark.usefixtures("folder")
def test_bad_recording_trains_only_where_the_user_insists(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav(folder / "other.wav", playing(3, seed=9), RATE_HZ)
    command = ["train", "di.wav", "other.wav", *TRAIN[3:]]
    assert main(command) == 1
    assert "Nothing in other.wav follows di.wav." in capsys.readouterr().err
    assert main([*command, "--ignore-checks"]) == 0
    assert "! Nothing in other.wav follows di.wav." in capsys.readouterr().out
    training = read_nam(folder / "out" / "other" / "other.nam").metadata["training"]
    assert training["settings"]["ignore_checks"] is True
    assert training["data"]["checks"]["passed"] is False


def test_signal_is_written_once_and_recognised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "signal.wav"
    assert main(["signal", str(path), "--seconds", "60"]) == 0
    assert "Play it into the amp" in capsys.readouterr().out
    assert main(["signal", str(path)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["check", str(path), str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["recognised"] == "our own capture signal"
    assert "same_as_input" in {finding["kind"] for finding in report["findings"]}
