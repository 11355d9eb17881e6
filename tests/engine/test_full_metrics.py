"""Validations as a table, and which of them are the best."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from full_runs import ROW, row_of

from nam_engine.full.metrics import best_three, checkpoint_name, is_checkpoint_name, to_csv
from nam_engine.method import JudgedBy

TRAINING = {
    "train_loss": 0.1,
    "train_mse": 0.05,
    "train_mrstft": 3.0,
    "gradient_norm": 0.7,
    "learning_rate": 0.004,
    "skipped_steps": 2,
    "steps_per_second": 9.5,
    "seconds": 6.25,
    "memory_mb": 100.0,
}
SUMS = {"val_loss": 0.75, "ESR": 0.75, "MSE": 0.1875, "MRSTFT": 3.0}
EACH = {
    "val_loss_packed_0": 0.25,
    "ESR_packed_0": 0.25,
    "MSE_packed_0": 0.125,
    "MRSTFT_packed_0": 2.0,
    "val_loss_packed_1": 0.5,
    "ESR_packed_1": 0.5,
    "MSE_packed_1": 0.0625,
    "MRSTFT_packed_1": 1.0,
}


@pytest.mark.parametrize("is_packed", [True, False])
def test_table_has_the_official_names_and_exact_values(*, is_packed: bool) -> None:
    text = to_csv([ROW, replace(ROW, epoch=13)], 2, JudgedBy.ESR, is_packed)
    rows = list(csv.DictReader(io.StringIO(text)))
    expected = {"epoch": 12, "step": 60, **SUMS, **(EACH if is_packed else {}), **TRAINING}
    assert list(rows[0]) == list(expected)
    assert {key: float(value) for key, value in rows[0].items()} == expected
    assert [row["epoch"] for row in rows] == ["12", "13"]


def test_val_loss_is_what_is_judged_by() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([ROW], 2, JudgedBy.MSE, is_packed=True)))
    assert (float(row["val_loss"]), float(row["val_loss_packed_1"])) == (0.1875, 0.0625)


def test_table_of_nothing_has_the_same_columns() -> None:
    empty = to_csv([], 2, JudgedBy.ESR, is_packed=True)
    assert empty.splitlines() == to_csv([ROW], 2, JudgedBy.ESR, is_packed=True).splitlines()[:1]


def test_best_three_have_the_lowest_sums() -> None:
    history = [row_of(1, 9, 1), row_of(2, 3, 4), row_of(3, 1, 1), row_of(4, 1, 5), row_of(5, 8, 0)]
    assert [row.epoch for row in best_three(history, JudgedBy.ESR)] == [3, 4, 2]
    assert [row.epoch for row in best_three(history[:2], JudgedBy.ESR)] == [2, 1]


def test_best_three_are_those_of_the_judging_figure() -> None:
    history = [row_of(epoch, epoch, mse=10 - epoch) for epoch in range(1, 6)]
    assert [row.epoch for row in best_three(history, JudgedBy.MSE)] == [5, 4, 3]


def test_of_equals_the_earlier_are_the_best() -> None:
    history = [row_of(epoch, 1.0) for epoch in range(1, 6)]
    assert [row.epoch for row in best_three(history, JudgedBy.ESR)] == [1, 2, 3]


def test_checkpoint_is_called_as_by_the_official_trainer() -> None:
    name = checkpoint_name(ROW)
    assert name == "epoch=0011_step=60_ESR=7.500e-01_MSE=1.875e-01.ckpt"
    assert is_checkpoint_name(name)
    assert not any(map(is_checkpoint_name, ("last.ckpt", "packed_best_submodel_0.ckpt")))
