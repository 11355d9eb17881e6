"""The whole way in a real window: drop, train, export, and the runtime plays the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from runtime_player import Runtime

from nam_engine.demo import write_demo_pair

DRIVER = Path(__file__).with_name("drive_window.py")


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of an X server that is there for this test. Skips where there is none."""
    server = shutil.which("Xvfb")
    if server is None:
        reason = "Xvfb is not installed"
        if os.environ.get("NAM_REQUIRE_QT"):
            pytest.fail(reason)
        pytest.skip(reason)
    told, tells = os.pipe()
    command = [server, "-displayfd", str(tells), "-screen", "0", "1280x720x24"]
    process = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[tells], stderr=subprocess.DEVNULL
    )
    os.close(tells)
    with process, os.fdopen(told) as number:
        yield f":{number.readline().strip()}"
        process.terminate()


def test_dropped_recordings_become_a_file_that_the_runtime_plays(
    display: str, runtime: Runtime, tmp_path: Path
) -> None:
    home, runtime_folder = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    runtime_folder.mkdir(mode=0o700)
    known = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment = known | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime_folder),
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "CUDA_VISIBLE_DEVICES": "",
    }
    exported = tmp_path / "mine.nam"
    command = [sys.executable, str(DRIVER), *map(str, write_demo_pair(tmp_path, 8.0))]
    driven = subprocess.run(
        [*command, str(exported)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert driven.returncode == 0, driven.stderr
    assert "Traceback" not in driven.stderr  # of a slot: Qt goes on after it
    (played,) = runtime([exported], np.zeros(4800, np.float32))
    assert len(played.samples) == 4800
    assert np.isfinite(played.samples).all()
    assert list(home.rglob("settings.json")), "what is remembered was not written"
