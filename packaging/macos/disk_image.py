"""The app as a disk image, notarised where there are credentials for it.

Apple looks at programs that were signed by a registered developer (CODESIGN_IDENTITY while
building) and sent in with NOTARY_APPLE_ID, NOTARY_TEAM_ID and NOTARY_PASSWORD. Without them
users must allow the program themselves.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["make_disk_image"]


def make_disk_image(app: Path, target: Path) -> Path:
    """Raises CalledProcessError."""
    target.unlink(missing_ok=True)
    _run("hdiutil", "create", "-volname", app.stem, "-srcfolder", app, "-format", "UDZO", target)
    known = [os.environ.get(f"NOTARY_{name}") for name in ("APPLE_ID", "TEAM_ID", "PASSWORD")]
    if not all(known):
        print("Not notarised: there are no credentials.")
        return target
    who, team, password = known
    credentials = ("--apple-id", who, "--team-id", team, "--password", password)
    _run("xcrun", "notarytool", "submit", target, "--wait", *credentials)
    _run("xcrun", "stapler", "staple", target)
    return target


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)
