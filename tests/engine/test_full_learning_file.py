from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from full_files import DELETED, read_changed

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full import learning_file
from nam_engine.method import Batches, Clipping, LastBatch


def test_absent_sections_have_the_official_defaults(tmp_path: Path) -> None:
    description = read_changed(
        tmp_path,
        ("learning.train_dataloader", DELETED),
        ("learning.val_dataloader", DELETED),
        ("learning.trainer", DELETED),
        ("learning.trainer_fit_kwargs", DELETED),
    )
    assert description.method.epochs == 1000
    assert description.method.batches == Batches(1, shuffle=False, last=LastBatch.SMALLER)
    assert description.device == "auto"
    assert [w.split(" ")[1] for w in description.warnings] == [
        "train_dataloader",
        "val_dataloader",
        "trainer",
    ]


@pytest.mark.parametrize(
    ("trainer", "expected"),
    [
        ({"max_epochs": 7}, (7, None, None)),
        ({"max_epochs": 7, "max_steps": 9, "max_time": "00:01:30:30"}, (7, 9, 90.5)),
        ({"max_steps": 9}, (9, 9, None)),
        ({"max_epochs": -1, "max_time": {"hours": 1, "minutes": 2.5}}, (1_000_000, None, 62.5)),
        ({"max_steps": -1}, (1000, None, None)),
        ({"max_time": "10:00:00:00"}, (1_000_000, None, 14_400)),
    ],
)
def test_length_is_epochs_steps_and_time(
    trainer: object, expected: tuple[object, ...], tmp_path: Path
) -> None:
    description = read_changed(tmp_path, ("learning.trainer", trainer))
    method = description.method
    assert (method.epochs, method.max_steps, description.minutes) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, None), (0.25, 0.25), (1, 1), (50, 50), (None, None)]
)
def test_counts_are_integers_and_shares_have_a_point(
    value: object, expected: object, tmp_path: Path
) -> None:
    keys = ("val_check_interval", "limit_train_batches", "limit_val_batches")
    description = read_changed(tmp_path, *((f"learning.trainer.{key}", value) for key in keys))
    found = (
        description.method.validate_every,
        description.method.batches.limit,
        description.validation_limit,
    )
    assert found == (expected,) * 3
    assert {type(f) for f in found} == {type(expected)}


@pytest.mark.parametrize(
    ("trainer", "expected"),
    [
        ({}, None),
        ({"gradient_clip_val": 0}, None),
        ({"gradient_clip_val": 0.5}, Clipping(0.5)),
        (
            {"gradient_clip_val": 1, "gradient_clip_algorithm": "value"},
            Clipping(1.0, by_norm=False),
        ),
    ],
)
def test_gradients_are_clipped_as_asked(trainer: object, expected: object, tmp_path: Path) -> None:
    assert read_changed(tmp_path, ("learning.trainer", trainer)).method.clipping == expected


@pytest.mark.parametrize(
    ("accelerator", "on_linux", "on_a_mac"),
    [
        ("gpu", "cuda", "mps"),
        ("cuda", "cuda", "cuda"),
        ("cpu", "cpu", "cpu"),
        (None, "auto", "auto"),
    ],
)
def test_device_is_chosen_by_its_name(
    accelerator: object,
    on_linux: str,
    on_a_mac: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for platform, expected in (("linux", on_linux), ("darwin", on_a_mac)):
        monkeypatch.setattr(learning_file, "sys", SimpleNamespace(platform=platform))
        change = ("learning.trainer.accelerator", accelerator)
        assert read_changed(tmp_path, change).device == expected


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("trainer.accumulate_grad_batches", 4, "the weights change after every batch"),
        ("trainer.devices", 2, "one device trains"),
        ("trainer.devices", True, "one device trains"),
        ("trainer.devices", [1], "one device trains"),
        ("trainer.fast_dev_run", True, "a training is a whole one"),
        ("trainer.num_nodes", 2, "one machine trains"),
        ("trainer.overfit_batches", 0.1, "what the data file says"),
        ("trainer.plugins", ["x"], "plugins are code"),
        ("trainer.precision", "16-mixed", "32 bits"),
        ("trainer.strategy", "ddp", "one device trains"),
        ("trainer_fit_kwargs.ckpt_path", "last", "could run code"),
        ("train_dataloader.sampler", "x", "an object of Python"),
        ("val_dataloader.collate_fn", "x", "an object of Python"),
    ],
)
def test_what_would_change_the_result_is_refused_with_the_reason(
    place: str, value: object, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read_changed(tmp_path, (f"learning.{place}", value))
    assert caught.value.message.startswith(f"learning.json: {place} ")
    assert expected in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("max_epochs", 0, "max_epochs should be an integer between 1 and 1000000"),
        ("max_epochs", -1, "max_epochs is -1: this training would never end"),
        ("max_steps", 0, "max_steps should be an integer"),
        ("max_time", "1:00", "max_time should be a text like"),
        ("max_time", "00:00:00:00", "max_time is 0 minutes"),
        ("max_time", {"weeks": 1e8}, "max_time is 1.008e+12 minutes"),
        ("max_time", {"hour": 1}, "max_time.hour is no unit of time"),
        ("val_check_interval", 0, "val_check_interval should be an integer between 1"),
        ("val_check_interval", 1.5, "val_check_interval should be a count"),
        ("limit_train_batches", 0.0, "limit_train_batches should be a count"),
        ("limit_val_batches", True, "limit_val_batches should be a count"),
        ("gradient_clip_val", -1, "gradient_clip_val should be a number between 0"),
        ("gradient_clip_algorithm", "max", 'gradient_clip_algorithm should be "norm" or'),
        ("accelerator", "tpu", 'accelerator should be "auto", "cpu"'),
    ],
)
def test_mistakes_are_refused_with_their_place(
    place: str, value: object, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_changed(tmp_path, (f"learning.trainer.{place}", value))
    assert caught.value.message.startswith(f"learning.json: trainer.{expected}")


def test_what_only_changes_comfort_is_told_in_one_sentence(tmp_path: Path) -> None:
    description = read_changed(
        tmp_path,
        ("learning.trainer.logger", False),
        ("learning.trainer.enable_progress_bar", True),
        ("learning.trainer.num_sanity_val_steps", 0),
        ("learning.trainer.profiler", None),
    )
    assert description.warnings == (
        "learning.json: trainer: these have no effect: enable_progress_bar, logger,"
        " num_sanity_val_steps.",
    )


def test_validation_that_would_be_rarer_or_in_batches_is_told(tmp_path: Path) -> None:
    description = read_changed(
        tmp_path,
        ("learning.trainer.check_val_every_n_epoch", 5),
        ("learning.val_dataloader.batch_size", 4),
    )
    assert description.warnings == (
        "learning.json: trainer.check_val_every_n_epoch has no effect: every epoch is validated.",
        "learning.json: val_dataloader.batch_size has no effect: validation passages are judged"
        " one by one.",
    )
