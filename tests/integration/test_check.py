"""A whole capture of 190 s, looked at in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nam_engine.audio import write_wav
from nam_engine.capture_signal import capture_signal
from nam_engine.demo import amplify

RATE_HZ = 48_000


CHECK = """
import resource, sys
from nam_engine.cli import main
status = main(["check", "input.wav", "amp.wav", "--json"])
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss, which a process inherits from the one that started it.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024)
sys.exit(status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures with /proc")
def test_three_minutes_are_checked_quickly_and_in_little_memory(tmp_path: Path) -> None:
    signal = capture_signal(190.0)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(signal))
    played = np.pad(amplify(signal) + noise, (777, 0)).astype(np.float32)
    for name, samples in (("input.wav", signal), ("amp.wav", played)):
        write_wav(tmp_path / name, samples, RATE_HZ, subtype="PCM_24")
    process = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    printed, figures = process.stdout.splitlines()
    processor_seconds, peak_mb = map(float, figures.split())
    report = json.loads(printed)
    assert report["recognised"] == "our own capture signal"
    assert report["alignment"]["confidence"] == "high"
    assert abs(report["latency_samples"] - 777) <= 1
    assert report["train_seconds"] == pytest.approx([10.0, 180.5])
    assert report["validation_seconds"] == pytest.approx([181.0, 190.0])
    assert report["noise_floor_dbfs"] == pytest.approx(-80, abs=0.5)
    assert {f["severity"] for f in report["findings"]} == {"info"}
    assert processor_seconds < 5
    assert peak_mb < 600
