"""``nam-full`` and ``nam-engine full`` on the same three files, whole runs in turn.

python benchmarks/full.py INPUT.wav OUTPUT.wav [--epochs 3] [--rounds 2] [--plain]

A2's own model file, batch 16; the last 3 s validate. Each run is a process of its own with all
that its program does: reading, training, validating, saving, pictures, export. ``--plain`` trains
A2-Full alone, as an ordinary WaveNet.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

VALIDATION_SECONDS = 3.0
PROGRAMS = {
    "official": "from nam.cli import nam_full; nam_full()",
    "ours": "import sys; from nam_engine.cli import main; sys.exit(main(['full', *sys.argv[1:]]))",
}


def write_files(folder: Path, source: Path, output: Path, epochs: int, *, plain: bool) -> None:
    from nam.train import core

    model: dict[str, Any] = core._get_packed_model_config()
    if plain:
        largest = model["net"]["config"]["submodels"][-1]["config"]
        model["net"] = {"name": "WaveNet", "config": largest}
    level = {"level_rms_dbfs": -18.0}
    documents = {
        "data": {
            "common": {
                "x_path": str(source.absolute()),
                "y_path": str(output.absolute()),
                "allow_unequal_lengths": True,
                "require_input_pre_silence": None,
            },
            "train": {"ny": 8192, "stop_seconds": -VALIDATION_SECONDS},
            "validation": {"ny": None, "start_seconds": -VALIDATION_SECONDS},
            "joint": [{"name": "nam.data.normalize_joint_dataset_output", "kwargs": level}],
        },
        "model": model,
        "learning": {
            "train_dataloader": {"batch_size": 16, "shuffle": True, "drop_last": True},
            "val_dataloader": {},
            "trainer": {"accelerator": "cpu", "max_epochs": epochs},
        },
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def run_seconds(program: str, folder: Path) -> float:
    files = [str(folder / f"{name}.json") for name in ("data", "model", "learning")]
    command = [sys.executable, "-c", PROGRAMS[program], *files, str(folder / program), "--no-show"]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, options.input, options.output, options.epochs, plain=options.plain)
        for _ in range(options.rounds):
            for program, taken in seconds.items():
                taken.append(run_seconds(program, folder))
                print(f"{program}: {taken[-1]:.1f} s", flush=True)
    official, ours = (median(seconds[program]) for program in PROGRAMS)
    print(f"{options.epochs} epochs: official {official:.1f} s, ours {ours:.1f} s,", end=" ")
    print(f"{official / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
