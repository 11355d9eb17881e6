"""The real thing: WAV files in, a real process, A2, a .nam file out, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nam_engine.demo import write_demo_pair
from nam_engine.nam_file import NamContainer, read_nam

ENGINE = [sys.executable, "-m", "nam_engine.cli"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_demo_pair(tmp_path_factory.mktemp("pair"), 4.0)


def run(*arguments: str | Path) -> list[dict]:
    process = subprocess.run(
        [*ENGINE, *map(str, arguments), "--json"], capture_output=True, text=True, check=True
    )
    assert process.stderr == ""
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_training_is_repeatable_and_scores_as_it_says(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    train = ["train", *pair, "-o", tmp_path, "--epochs", "4", "--device", "cpu", "--seed", "3"]
    finals = [run(*train)[-1] for _ in range(2)]
    assert finals[0] == finals[1]
    first, second = (read_nam(p) for p in sorted(tmp_path.rglob("*.nam")))
    assert isinstance(first, NamContainer)
    assert isinstance(second, NamContainer)
    for a, b in zip(first.entries, second.entries, strict=True):
        assert a.model.weights.tobytes() == b.model.weights.tobytes()
    scores = run("evaluate", tmp_path / "demo_output" / "demo_output.nam", *pair, "--from", "3.6")
    for score, trained in zip(scores, finals[0]["submodels"], strict=True):
        assert score["submodel"] == trained["name"]
        assert score["esr"] == pytest.approx(trained["esr"], rel=1e-4)
        assert score["esr"] < 1.01


def test_model_is_kept_where_nobody_reads_the_progress(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    command = [*ENGINE, "train", *map(str, pair), "-o", str(tmp_path), "--epochs", "1000"]
    with subprocess.Popen(
        [*command, "--json", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "StepsDone":
                break
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1
    assert "could not be printed to its end. The best model was saved as" in err
    assert err.count("\n") == 1
    assert isinstance(read_nam(tmp_path / "demo_output" / "demo_output.nam"), NamContainer)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_keeps_the_best_and_exports(pair: tuple[Path, Path], tmp_path: Path) -> None:
    command = [*ENGINE, "train", *map(str, pair), "-o", str(tmp_path), "--epochs", "1000"]
    process = subprocess.Popen(
        [*command, "--json", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "StepsDone":
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err == ""
    assert json.loads(out.splitlines()[-1])["reason"] == "stopped"
    assert isinstance(read_nam(tmp_path / "demo_output" / "demo_output.nam"), NamContainer)
