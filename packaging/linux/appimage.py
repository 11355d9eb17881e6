"""One file that runs on any recent Linux: the bundle as an AppImage.

https://docs.appimage.org/reference/appdir.html says what is in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["make_appdir", "make_appimage"]

HERE = Path(__file__).parent
NAME = "nam-a2-trainer"
ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def make_appimage(bundle: Path, work: Path, target: Path) -> Path:
    """``work`` has the icons in it; APPIMAGE_RUNTIME may name the runtime that goes into it.

    Raises FileNotFoundError where appimagetool is missing.
    """
    tool = shutil.which("appimagetool")
    if tool is None:
        raise FileNotFoundError("appimagetool is not on the PATH; docs/packaging.md says more.")
    folder = work / "AppDir"
    shutil.rmtree(folder, ignore_errors=True)
    make_appdir(bundle, work / "icons", folder)
    command = [tool, "--no-appstream"]  # it wants another name for the metainfo
    if runtime := os.environ.get("APPIMAGE_RUNTIME"):
        command += ["--runtime-file", runtime]
    subprocess.run([*command, folder, target], check=True)
    return target


def make_appdir(bundle: Path, icons: Path, folder: Path) -> None:
    """Everything in the AppImage, as it is seen when it runs."""
    share = folder / "usr" / "share"
    shutil.copytree(bundle, folder / "usr" / "lib" / NAME, symlinks=True)
    _copy(HERE / f"{NAME}.desktop", share / "applications")
    _copy(HERE / f"{NAME}.metainfo.xml", share / "metainfo")
    _copy(HERE / f"{NAME}-mime.xml", share / "mime" / "packages")
    for size in ICON_SIZES:
        place = share / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        _copy(icons / f"icon_{size}.png", place, f"{NAME}.png")
    # What the AppImage's runtime looks for.
    _copy(HERE / f"{NAME}.desktop", folder)
    _copy(icons / "icon_256.png", folder, f"{NAME}.png")
    (folder / ".DirIcon").symlink_to(f"{NAME}.png")
    (folder / "AppRun").symlink_to(Path("usr", "lib", NAME, "nam-gui"))


def _copy(file: Path, folder: Path, name: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / (name or file.name))
