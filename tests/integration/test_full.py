"""The full trainer as it is used: a starting set, a real process, kill, --resume and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from full_files import changed
from full_runs import history
from support import layer_array, submodel

from nam_engine.cli import main
from nam_engine.demo import write_demo_pair
from nam_engine.nam_file import NamContainer, read_nam

ENGINE = [sys.executable, "-m", "nam_engine.cli", "full", "--json", "--no-plots"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """What ``new-config`` writes, for a network that trains in seconds, and a recording."""
    folder = tmp_path / "config"
    assert main(["new-config", str(folder)]) == 0
    write_demo_pair(folder, 4.0)
    submodels = [submodel(f"channels_{c}", layer_array(c)) for c in (2, 3, 5)]
    for name, *changes in (
        ("data.json", ("common.x_path", "demo_input.wav"), ("common.y_path", "demo_output.wav")),
        ("data.json", ("train", {"stop_seconds": -1.0, "ny": 2048})),
        ("data.json", ("validation", {"start_seconds": -1.0})),
        ("model_three_sizes.json", ("net.config.submodels", submodels)),
        ("learning.json", ("trainer", {"accelerator": "cpu", "max_epochs": 1000})),
    ):
        document = {"it": json.loads((folder / name).read_text())}
        for place, value in changes:
            document = changed(document, f"it.{place}", value)
        (folder / name).write_text(json.dumps(document["it"]))
    names = ("data.json", "model_three_sizes.json", "learning.json")
    return [str(folder / name) for name in names]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_killed_run_goes_on_until_ctrl_c_exports_it(files: list[str], tmp_path: Path) -> None:
    outdir = tmp_path / "runs"
    assert _signalled([*files, str(outdir)], signal.SIGKILL)[0] == -signal.SIGKILL
    (run,) = outdir.iterdir()
    assert json.loads((run / "job.json").read_text())["ending"] == "interrupted"

    status, events = _signalled(["--resume", str(outdir)], signal.SIGINT)
    assert status == 0
    assert events[-1]["event"] == "Finished"
    assert events[-1]["reason"] == "stopped"
    assert list(outdir.iterdir()) == [run]
    rows = history(run)
    assert [row["epoch"] for row in rows] == [*range(1, len(rows) + 1)]
    described = json.loads((run / "packed_best.json").read_text())["submodels"]
    best = [min(row[f"ESR_packed_{i}"] for row in rows) for i in range(3)]
    assert [entry["best_metric"] for entry in described] == best
    assert len(list(run.glob("epoch=*.ckpt"))) == min(3, len(rows))
    assert (run / "size_quality.png").is_file()
    model = read_nam(run / "model.nam")
    assert isinstance(model, NamContainer)
    assert [entry.max_value for entry in model.entries] == [0.33, 0.66, 1.0]
    _assert_loads_officially(run / "model.nam", model)


def _signalled(arguments: list[str], how: signal.Signals) -> tuple[int, list[dict]]:
    """Exit status and events of a process that gets a signal after its second validation."""
    with subprocess.Popen(
        [*ENGINE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if [event["event"] for event in events].count("EpochDone") == 2:
                process.send_signal(how)
                break
        out, err = process.communicate(timeout=60)
    assert err == ""
    if how is not signal.SIGKILL:
        events += map(json.loads, out.splitlines())
    return process.returncode, events


def _assert_loads_officially(path: Path, ours: NamContainer) -> None:
    from nam.models._from_nam import init_from_nam

    document = json.loads(path.read_text())
    assert document["architecture"] == "SlimmableContainer"
    for raw, entry in zip(document["config"]["submodels"], ours.entries, strict=True):
        official = init_from_nam(raw["model"])
        np.testing.assert_array_equal(official._net.export_weights(), entry.model.weights)
