"""Where compiled code is kept: the program's own folder may be read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders do not follow HOME there")

PROGRAM = """
from nam_engine.kernels.jit import compiled

@compiled
def double(number):
    return 2 * number

assert double(21) == 42
"""


def run(program: Path, home: Path) -> None:
    program.parent.mkdir()
    program.write_text(PROGRAM)
    known = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment = known | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, program], env=environment, check=True, timeout=60)


def test_it_is_kept_in_the_cache_of_the_user(tmp_path: Path) -> None:
    program = tmp_path / "Prögramm Files" / "program.py"
    run(program, tmp_path / "home")
    assert list(program.parent.iterdir()) == [program]
    assert list((tmp_path / "home").rglob("nam-a2-trainer/kernels/**/program.double-*.nbc"))


def test_without_a_place_for_it_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run(tmp_path / "Prögramm Files" / "program.py", tmp_path / "file" / "home")
