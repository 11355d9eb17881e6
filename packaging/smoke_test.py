"""Try a finished bundle as a user would who has nothing else: no Python, no network, no rights.

    python packaging/smoke_test.py dist/nam-a2-trainer [--variant cuda] [--picture PNG]

Run as root on Linux, where the programs then run as nobody and offline, and with Xvfb and xdotool
the window is used by its keys; elsewhere it is only opened. Prints a table for docs/packaging.md
and raises where something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sandbox import UNLIKE_ASCII, Sandbox
from screen import Screen, screen
from window_test import leave, listen, open_window, start_again, train_and_export

TESTS = Path(__file__).parents[1] / "tests"
MAX_MEGABYTES = {"cpu": 900, "cuda": 6000}
MAX_WINDOW_SECONDS, STARTS = 3.0, 5
"""The best of so many: a busy computer makes one or the other slower."""
MAX_ESR = 0.1
ENDING = ".exe" if sys.platform == "win32" else ""

Figures = dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--variant", choices=tuple(MAX_MEGABYTES), default="cpu")
    parser.add_argument("--picture", type=Path, help="where to keep the screen after the export")
    options = parser.parse_args()
    with installed(options.bundle.resolve()) as folder, screen() as display:
        figures = weigh(folder, MAX_MEGABYTES[options.variant])
        with Sandbox() as sandbox:
            figures |= try_engine(folder, sandbox)
            read_what_was_written(sandbox)
        with Sandbox() as sandbox:
            if display is None:
                figures |= only_open_window(folder, sandbox)
            else:
                figures |= use_window(folder, sandbox, display, options.picture)
            read_what_was_written(sandbox)
    print("\n| what | result |\n|---|---|")
    print(*(f"| {what} | {result} |" for what, result in figures.items()), sep="\n")
    return 0


@contextmanager
def installed(bundle: Path) -> Iterator[Path]:
    """The bundle where only an administrator may write, in a folder with foreign letters."""
    with tempfile.TemporaryDirectory(dir=bundle.parent, prefix="smoke ") as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent, UNLIKE_ASCII)
        # As links, which take neither time nor room.
        shutil.copytree(bundle, folder, symlinks=True, copy_function=os.link)
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        try:
            yield folder
        finally:
            for path in folders:
                path.chmod(0o755)


def weigh(folder: Path, limit: int) -> Figures:
    """The whole and its five heaviest parts."""
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts = path.relative_to(folder).parts
            name = parts[min(1, len(parts) - 1)]
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    megabytes = sum(sizes.values()) / 1e6
    assert megabytes < limit, f"{megabytes:.0f} MB are more than {limit}."
    heaviest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:6]
    told = ", ".join(f"{name} {sizes[name] / 1e6:.0f}" for name in heaviest)
    return {"unpacked": f"{megabytes:.0f} MB (at most {limit})", "of it, in MB": told}


def try_engine(folder: Path, sandbox: Sandbox) -> Figures:
    """Train, look at the result, and train again with what was compiled."""
    program = folder / f"nam-engine{ENDING}"
    begin = time.monotonic()
    version = sandbox.run(program, "--version").strip()
    start_seconds = time.monotonic() - begin
    begin = time.monotonic()
    sandbox.run(program, "demo")
    demo_seconds = time.monotonic() - begin
    info = json.loads(sandbox.run(program, "info", "nam-demo/demo/demo.nam", "--json"))
    esr = info["metadata"]["training"]["submodel_validation_esr"]["channels_8"]
    assert esr < MAX_ESR, f"The demo's ESR is {esr}."
    figures = {
        version: f"answers after {start_seconds:.1f} s",
        "nam-engine demo": f"{demo_seconds:.0f} s, A2-Full's ESR {esr:.3g}",
    }
    if sys.platform == "linux":
        compiled = _kernels(sandbox)
        assert compiled, "The fast kernels were not kept in the user's cache folder."
        pair = (f"nam-demo/demo_{which}.wav" for which in ("input", "output"))
        sandbox.run(program, "train", *pair, "--outdir", "again", "--epochs", "1")
        assert _kernels(sandbox) == compiled, "The second training compiled the kernels again."
        figures["kernels"] = f"{len(compiled)} compiled functions, kept and used again"
    return figures


def _kernels(sandbox: Sandbox) -> dict[Path, int]:
    cache = sandbox.home / ".cache" / "nam-a2-trainer" / "kernels"
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}


def use_window(folder: Path, sandbox: Sandbox, display: Screen, picture: Path | None) -> Figures:
    """Demo, two epochs, export, all by the keyboard; then starts without a console."""
    program = folder / "nam-gui"
    window, first_seconds = open_window(sandbox, display, program, "--demo")
    try:
        exported, epoch_seconds = train_and_export(sandbox, display)
        listen(window, display)
        again_seconds = start_again(sandbox, display, program, exported)
        if picture is not None:
            display.picture().save(picture)
        leave(window, display)
    finally:
        window.kill()
    best_seconds = min(_open_without_console(program, sandbox, display) for _ in range(STARTS))
    assert best_seconds < MAX_WINDOW_SECONDS, f"The window took {best_seconds:.1f} s."
    return {
        "window": f"{first_seconds:.1f} s at the first start, then {best_seconds:.1f} s"
        f" (the best of {STARTS}; at most {MAX_WINDOW_SECONDS:.0f})",
        "two epochs in the window": f"{epoch_seconds:.0f} s from the key on, with compiling",
        "the exported file": play(exported),
        "a second start with it": f"opens it in the first window after {again_seconds:.1f} s",
    }


def _open_without_console(program: Path, sandbox: Sandbox, display: Screen) -> float:
    """Open the window and close it; the seconds until it was there."""
    window, seconds = open_window(
        sandbox, display, "/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-', program
    )
    try:
        leave(window, display)
    finally:
        window.kill()
    return seconds


def only_open_window(folder: Path, sandbox: Sandbox) -> Figures:
    """It must still be there after a while."""
    seconds = 20
    window = sandbox.start(folder / f"nam-gui{ENDING}", "--demo")
    try:
        status = window.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        window.kill()
        return {"window": f"open for {seconds} s"}
    raise ChildProcessError(f"The window ended with {status}.")


def play(model: Path) -> str:
    """Through the real-time runtime, which it must not silence or blow up."""
    sys.path.insert(0, str(TESTS))
    from runtime_player import install, play

    with tempfile.TemporaryDirectory() as folder:
        audio = 0.1 * np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
        (played,) = play(install(Path(folder)), Path(folder), [model], audio)
    level = float(np.sqrt(np.mean(np.square(played.samples))))
    assert len(played.samples) == len(audio)
    assert np.isfinite(level), "The runtime does not play the exported file."
    assert level > 0, "The runtime plays silence."
    return f"{model.stat().st_size / 1e3:.0f} kB, plays in the runtime"


def read_what_was_written(sandbox: Sandbox) -> None:
    """All that the programs printed, and every log: no traceback, no sign of a crash."""
    places = [sandbox.output, *sandbox.home.rglob("*.txt"), *sandbox.work.rglob("*.txt")]
    if sys.platform == "win32":
        from platformdirs import user_log_path

        places += user_log_path("nam-a2-trainer", appauthor=False).rglob("*.txt")
    assert len(places) > 1, "There is no log."
    for place in places:
        text = place.read_text(encoding="utf-8", errors="replace")
        assert "Traceback" not in text, f"{place}:\n{text}"
        assert "crash" not in place.name or not text, f"{place}:\n{text}"
        for line in text.splitlines():
            if "WARNING" in line:
                print(line)


if __name__ == "__main__":
    sys.exit(main())
