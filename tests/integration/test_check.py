"""A whole capture of 190 s, looked at in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nam_engine.audio import write_wav
from nam_engine.capture_signal import capture_signal
from nam_engine.demo import amplify

RATE_HZ = 48_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no wait4")
def test_three_minutes_are_checked_quickly_and_in_little_memory(tmp_path: Path) -> None:
    signal = capture_signal(190.0)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(signal))
    played = np.pad(amplify(signal) + noise, (777, 0)).astype(np.float32)
    for name, samples in (("input.wav", signal), ("amp.wav", played)):
        write_wav(tmp_path / name, samples, RATE_HZ, subtype="PCM_24")
    command = [sys.executable, "-m", "nam_engine.cli", "check", "input.wav", "amp.wav", "--json"]
    with (tmp_path / "report.json").open("w") as file:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["recognised"] == "our own capture signal"
    assert report["alignment"]["confidence"] == "high"
    assert abs(report["latency_samples"] - 777) <= 1
    assert report["train_seconds"] == pytest.approx([10.0, 180.5])
    assert report["validation_seconds"] == pytest.approx([181.0, 190.0])
    assert report["noise_floor_dbfs"] == pytest.approx(-80, abs=0.5)
    assert {f["severity"] for f in report["findings"]} == {"info"}
    # On two quiet cores: 1.3 s, 1.9 s of processor time and 360 MB.
    assert usage.ru_utime + usage.ru_stime < 5
    assert usage.ru_maxrss / 1024 < 600
