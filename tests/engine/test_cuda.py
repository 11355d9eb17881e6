"""What only a GPU can show; left out where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import small_capture
from trainers import trainer_of

from nam_engine.events import EpochDone, TrainEvent, Warned
from nam_engine.presets import A2, STANDARD_RECIPE
from nam_engine.trainer import Trainer
from nam_engine.wavenet.parse import parse_packed

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

RECIPE = replace(STANDARD_RECIPE, epochs=2)


def trainer() -> Trainer:
    return trainer_of(small_capture(20), parse_packed(A2), RECIPE, device=torch.device("cuda"))


@pytest.fixture
def _whole_memory() -> Iterator[None]:
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.usefixtures("_whole_memory")
def test_too_little_memory_splits_the_batch_and_changes_no_result() -> None:
    torch.cuda.reset_peak_memory_stats()
    expected = [e for e in trainer().run() if isinstance(e, EpochDone)]
    peak = torch.cuda.max_memory_reserved()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(0.6 * peak / total)
    events: list[TrainEvent] = list(trainer().run())
    rows = [e for e in events if isinstance(e, EpochDone)]
    print(f"{peak / 1e6:.0f} MB whole; ESR {[m.esr for m in rows[-1].metrics]}")
    assert sum(isinstance(e, Warned) for e in events) == 1
    for row, wanted in zip(rows, expected, strict=True):
        assert row.loss == pytest.approx(wanted.loss, rel=0.01)


def test_state_moves_to_another_trainer_on_the_device() -> None:
    run = trainer()
    list(run.run())
    other = trainer()
    other.restore(run.state())
    ours, theirs = other.state().stepper, run.state().stepper
    for group in ("weights", "optimizer"):
        for name, array in getattr(theirs, group).items():
            np.testing.assert_array_equal(getattr(ours, group)[name], array)
    assert other.validate() == run.validate()
