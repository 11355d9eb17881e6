"""TensorBoard is shown what stands in history.csv."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from full_runs import ROW, StopAfter, go_on, history, row_of, small, start
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nam_engine.errors import NamEngineError
from nam_engine.events import EpochDone, Started, TrainEvent, Warned
from nam_engine.full import tensorboard
from nam_engine.full.tensorboard import follow
from nam_engine.method import JudgedBy

STARTED = Started(
    capture="amp",
    submodels=("a", "b"),
    epochs=9,
    epochs_done=0,
    steps_done=0,
    steps_per_epoch=5,
    device="cpu",
    device_name="cpu",
    sample_rate_hz=48_000,
    train_seconds=1.0,
    validation_seconds=1.0,
)


def figures(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by name."""
    log = EventAccumulator(str(folder / "tensorboard")).Reload()
    return {
        name: [(scalar.step, scalar.value) for scalar in log.Scalars(name)]
        for name in log.Tags()["scalars"]
    }


def assert_like_history(run: Path) -> None:
    rows = history(run)
    shown = figures(run)
    names = set(rows[0]) - {"step", "train_mse", "train_mrstft", "gradient_norm", "skipped_steps"}
    assert set(shown) == names
    for name, values in shown.items():
        assert [step for step, _ in values] == [row["step"] for row in rows]
        assert [value for _, value in values] == pytest.approx([row[name] for row in rows])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_figures_are_those_of_the_history_also_after_going_on(tmp_path: Path) -> None:
    documents = small(("learning.trainer.val_check_interval", 2))
    list(start(tmp_path, documents, StopAfter(8), tensorboard=True))
    (run,) = (tmp_path / "runs").iterdir()
    assert_like_history(run)
    list(go_on(run, tensorboard=True))
    assert len(history(run)) == 12
    assert_like_history(run)


def events_of(started: Started, *rows: EpochDone) -> Generator[TrainEvent, None, None]:
    yield started
    yield from rows


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_killed_run_logged_after_its_last_state_does_not_count(tmp_path: Path) -> None:
    rows = [row_of(epoch, 1.0 / epoch, 1.0) for epoch in (1, 2, 3)]
    with closing(follow(events_of(STARTED, *rows), tmp_path, JudgedBy.ESR, is_packed=True)) as run:
        list(islice(run, 4))  # and no more: it was killed
    again = [row_of(epoch, 5.0, 1.0) for epoch in (1, 2)]
    list(follow(events_of(STARTED, *again), tmp_path, JudgedBy.ESR, is_packed=True))
    assert figures(tmp_path)["ESR_packed_0"] == [(5, 5.0), (10, 5.0)]


def test_training_goes_on_where_nothing_can_be_logged(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("")
    rows = (ROW, ROW)
    seen = list(follow(events_of(STARTED, *rows), tmp_path, JudgedBy.ESR, is_packed=True))
    warned = seen.pop(2)  # after the first row
    assert isinstance(warned, Warned)
    assert "TensorBoard will not see the rest" in warned.message
    assert seen == [STARTED, *rows]


def test_missing_package_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)
    with pytest.raises(NamEngineError, match=r"not installed.*pip install tensorboard"):
        list(start(tmp_path, small(), tensorboard=True))
    assert not (tmp_path / "runs").exists()
