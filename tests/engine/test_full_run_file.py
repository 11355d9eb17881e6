"""job.json of a full run: its seed survives, all else is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nam_engine.errors import CheckpointError, NamFileError
from nam_engine.full.run_file import encode_run, read_seed
from nam_engine.job_file import Ending, read_job


@pytest.mark.parametrize("seed", [0, 7, 2**53])
def test_seed_survives(tmp_path: Path, seed: int) -> None:
    (tmp_path / "job.json").write_bytes(encode_run(seed, Ending.STOPPED))
    assert read_seed(tmp_path) == seed


def test_run_is_none_that_the_window_could_continue(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(encode_run(0, Ending.INTERRUPTED))
    with pytest.raises(NamFileError):
        read_job(tmp_path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"job\.json cannot be read .*Give the folder"):
        read_seed(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[" * 90_000, "is damaged"),
        ("\udcff", "is damaged"),
        ("[]", "is no full run's: what it holds should be an object but is a list"),
        ("{}", "is no full run's: kind is missing"),
        ('{"kind": "train", "seed": 0}', 'is no full run\'s: kind should be "full"'),
        ('{"kind": "full"}', "is no full run's: schema is missing"),
        ('{"kind": "full", "schema": 0}', "is no full run's: schema should be"),
        ('{"kind": "full", "schema": 2}', "was written by a newer version of this program"),
        ('{"kind": "full", "schema": 1}', "is no full run's: seed is missing"),
        ('{"kind": "full", "schema": 1, "seed": -1}', "is no full run's: seed should be"),
        ('{"kind": "full", "schema": 1, "seed": 1e999}', "is no full run's: seed should be"),
        ('{"kind": "full", "schema": 1, "seed": true}', "is no full run's: seed should be"),
    ],
)
def test_damaged_file_is_refused_in_words(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "job.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointError, match=message) as refused:
        read_seed(tmp_path)
    assert refused.value.remedy
