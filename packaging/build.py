"""Build the program that needs no Python, in the environment that this is run with.

    pip install '.[package]' && python packaging/build.py [--variant cuda] [--smoke] [--installer]

The bundle is dist/nam-a2-trainer/ (on macOS dist/NAM A2 Trainer.app beside it).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from icons import write_icons

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD, DIST = ROOT / "build", ROOT / "dist"
BUNDLE = DIST / "nam-a2-trainer"
APP = DIST / "NAM A2 Trainer.app"

# On Linux these carry the names of their functions, a fifth of their size. Not all libraries:
# what strip does to those that were patched after linking can no longer be loaded.
WITH_SYMBOLS = ("torch/lib/*.so", "llvmlite/binding/*.so", "libpython3*.so*", "kiwisolver/*.so")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--variant", choices=("cpu", "cuda"), default="cpu", help="the PyTorch that must be here"
    )
    parser.add_argument("--smoke", action="store_true", help="try the bundle when it is built")
    parser.add_argument("--installer", action="store_true", help="pack what users download")
    options = parser.parse_args()
    if problem := _wrong_pytorch(options.variant):
        parser.error(problem)
    write_icons(BUILD / "icons")
    _freeze()
    if sys.platform == "linux":
        _strip()
    if options.smoke:
        _run(sys.executable, HERE / "smoke_test.py", BUNDLE, "--variant", options.variant)
    if options.installer:
        print(f"Made {_pack(options.variant)}")
    return 0


def _wrong_pytorch(variant: str) -> str:
    """Why this environment does not make that variant; empty where it does."""
    import torch

    # Apple's processors have one PyTorch for everything.
    has_cuda = torch.version.cuda is not None
    if has_cuda == (variant == "cuda"):
        return ""
    kind = f"CUDA {torch.version.cuda}" if has_cuda else "processors alone"
    return (
        f"The PyTorch that is installed here is made for {kind}."
        f" Install the one for the variant {variant} (docs/packaging.md says how), or build the"
        " other variant."
    )


def _freeze() -> None:
    options = ["--icons", BUILD / "icons"]
    if identity := os.environ.get("CODESIGN_IDENTITY"):
        options += ["--identity", identity]
    # Clean: it goes by the files' times, and pip gives every version of a module the same one.
    _run(
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--distpath", DIST),
        *("--workpath", BUILD / "pyinstaller", HERE / "nam.spec", "--", *options),
    )


def _strip() -> None:
    """PyInstaller may have put links to its own cache there; nothing is changed but the copies."""
    inside = BUNDLE / "_internal"
    libraries = [path for pattern in WITH_SYMBOLS for path in inside.glob(pattern)]
    _run("strip", "--strip-unneeded", *(path for path in libraries if not path.is_symlink()))


def _pack(variant: str) -> Path:
    """What users of this system download; raises CalledProcessError."""
    name = f"nam-a2-trainer-{version('nam-a2-trainer')}-{variant}"
    if sys.platform == "linux":
        from linux.appimage import make_appimage

        return make_appimage(BUNDLE, BUILD, DIST / f"{name}-x86_64.AppImage")
    if sys.platform == "darwin":
        from macos.disk_image import make_disk_image

        return make_disk_image(APP, DIST / f"{name}.dmg")
    compiler = shutil.which("iscc") or r"C:\Program Files (x86)\Inno Setup 6\ISCC.exe"
    _run(
        compiler,
        f"/DVersion={version('nam-a2-trainer')}",
        f"/DBundle={BUNDLE}",
        f"/DIcon={BUILD / 'icons' / 'icon.ico'}",
        f"/DSpanned={'yes' if variant == 'cuda' else 'no'}",
        f"/O{DIST}",
        f"/F{name}-setup",
        HERE / "windows" / "installer.iss",
    )
    return DIST / f"{name}-setup.exe"


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main())
