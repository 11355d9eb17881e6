from __future__ import annotations

import hashlib
import pickle
import random
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support import small_capture, small_packed
from trainers import trainer_of

from nam_engine import checkpoint
from nam_engine.checkpoint import TrainState, decode, encode, read_checkpoint
from nam_engine.errors import CheckpointError, DamagedCheckpointError
from nam_engine.presets import Recipe


@pytest.fixture(scope="module")
def state() -> TrainState:
    """After two epochs and a step of the third."""
    recipe = Recipe(epochs=9, window_samples=2048, batch_size=8)
    run = trainer_of(small_capture(), small_packed(), recipe, device=torch.device("cpu"))
    asked = iter(range(10**6))
    list(run.run(lambda: next(asked) > 2 * run.windows.steps_per_epoch))
    return run.state()


def assert_equal(a: object, b: object) -> None:
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, strict=True)
    elif isinstance(a, dict):
        assert isinstance(b, dict)
        assert a.keys() == b.keys()
        for key, value in a.items():
            assert_equal(value, b[key])
    elif hasattr(a, "__dataclass_fields__"):
        assert type(a) is type(b)
        for field in fields(a):  # type: ignore[arg-type]
            assert_equal(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, tuple):
        assert isinstance(b, tuple)
        for left, right in zip(a, b, strict=True):
            assert_equal(left, right)
    else:
        assert a == b


def test_every_bit_survives(state: TrainState) -> None:
    assert state.position.epochs_done == 2
    assert state.position.steps_in_epoch == 1
    assert len(state.history) == 2
    assert_equal(decode(encode(state), "last.ckpt"), state)
    assert state.epoch_start is not None
    fresh = replace(state, best=(None, None), history=(), epoch_start=None)
    assert_equal(decode(encode(fresh), "last.ckpt"), fresh)


def test_torn_or_altered_files_are_recognised(state: TrainState) -> None:
    content = encode(state)
    rng = random.Random(0)
    for length in [0, 1, 30, 60, 70, len(content) - 1, *rng.sample(range(len(content)), 100)]:
        with pytest.raises(CheckpointError, match=r"^last\.ckpt (is|was)"):
            decode(content[:length], "last.ckpt")
    for place in rng.sample(range(len(content)), 200):
        altered = bytearray(content)
        altered[place] ^= 1 << rng.randrange(8)
        with pytest.raises(CheckpointError, match=r"^last\.ckpt (is|was)"):
            decode(bytes(altered), "last.ckpt")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was run",)


def test_foreign_files_are_refused_and_nothing_in_them_runs(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"bomb": Bomb()}, path)
    with pytest.raises(CheckpointError, match=r"last\.ckpt is not a checkpoint of this program"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        read_checkpoint(path)
    path.write_bytes(checkpoint.FORMAT + b"1\nwhatever")
    with pytest.raises(CheckpointError, match="written by another version"):
        read_checkpoint(path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "described",
    [
        [],
        {},
        {"identity": [], "position": {}, "best": []},
        {"identity": {}, "position": {"epochs_done": "a", "seen": {}}, "best": []},
        {"identity": {}, "position": {"surprise": 1, "seen": {}}, "best": []},
        {"identity": {}, "position": {"seen": {}}, "best": []},
        {"identity": {}, "in_epoch": False, "position": {"steps_done": -1, "seen": {}}, "best": []},
        {"identity": {}, "in_epoch": False, "position": {"rollbacks": 10**400, "seen": {}}},
        {"identity": {}, "position": {"seen": None}, "best": 3},
    ],
)
def test_whole_files_with_wrong_content_are_refused(described: object) -> None:
    content = checkpoint._pack({"history": np.zeros((1, 3))}, described)  # type: ignore[arg-type]
    with pytest.raises(DamagedCheckpointError, match="is damaged"):
        decode(content, "last.ckpt")


def test_numbers_that_are_none_are_refused(state: TrainState) -> None:
    content = encode(state)
    start = len(checkpoint.FORMAT + checkpoint.VERSION) + checkpoint.DIGEST_BYTES
    payload = content[start:].replace(b'"rollbacks": 0', b'"rollbacks":NaN')
    assert payload != content[start:]
    digest = hashlib.sha256(payload).digest()
    with pytest.raises(DamagedCheckpointError, match="is damaged"):
        decode(checkpoint.FORMAT + checkpoint.VERSION + digest + payload, "last.ckpt")


def test_huge_file_is_not_read_whole(
    tmp_path: Path, state: TrainState, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(encode(state))
    assert_equal(read_checkpoint(path), state)
    monkeypatch.setattr(checkpoint, "MAX_FILE_BYTES", 1000)
    with pytest.raises(CheckpointError, match="is damaged"):
        read_checkpoint(path)
