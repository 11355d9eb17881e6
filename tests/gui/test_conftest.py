"""What watches over all tests of the window does see something."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

LEFT_BEHIND = """
from PySide6.QtCore import QThread, qWarning

class Slow(QThread):
    def run(self):
        self.msleep(300)

threads = []

def test_that_leaves_nothing(app):
    threads.append(Slow())
    threads[-1].start()
    threads[-1].wait()

def test_that_leaves_a_thread(app):
    threads.append(Slow())
    threads[-1].start()

def test_that_leaves_a_warning(app):
    qWarning("something is wrong")
"""


def test_what_a_test_leaves_behind_fails_it(tmp_path: Path) -> None:
    (tmp_path / "test_left.py").write_text(LEFT_BEHIND)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "gui.conftest", str(tmp_path)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    failed = re.findall(r"^ERROR .*::(\w+)", done.stdout, re.MULTILINE)
    assert failed == ["test_that_leaves_a_thread", "test_that_leaves_a_warning"], done.stderr
