"""What the full trainer takes from recordings is what the official datasets take."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nam.data
import numpy as np
import pytest
import soundfile
from torch.utils.data import Dataset

from nam_engine.errors import CaptureError
from nam_engine.full.description import DataDescription, PairDescription
from nam_engine.full.pairs import load_material
from nam_engine.material import Material

RATE_HZ = 8_000
RECEPTIVE_FIELD = 21
CONTEXT = RECEPTIVE_FIELD - 1
SILENCE = slice(4_000, 7_300)  # in a.wav, 0.41 s

# In the official keys; x_path and y_path come from `pair`.
Entry = dict[str, Any]
Entries = Entry | list[Entry]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pairs: a.wav with a silence and its output, b.wav whose output is 40 samples shorter."""
    rng = np.random.default_rng(5)
    for name, samples, missing in (("a", 16_000, 0), ("b", 12_000, 40)):
        x = 0.2 * rng.standard_normal(samples).clip(-3, 3)
        if name == "a":
            x[SILENCE] = 0
        y = np.tanh(2 * x + np.roll(x, 3))[: samples - missing]
        soundfile.write(tmp_path / f"{name}.wav", x, RATE_HZ, subtype="PCM_24")
        soundfile.write(tmp_path / f"{name}_amp.wav", y, RATE_HZ, subtype="PCM_24")
    return tmp_path


def pair(name: str = "a", **keys: Any) -> Entry:
    keys = {"require_input_pre_silence": None, "ny": 700, **keys}
    return {"x_path": f"{name}.wav", "y_path": f"{name}_amp.wav", **keys}


def official(
    folder: Path, train: Entries, validation: Entries, level: float | None = None
) -> tuple[Dataset[Any], Dataset[Any]]:
    joint = {"name": "nam.data.normalize_joint_dataset_output", "kwargs": {"level_rms_dbfs": level}}
    config: dict[str, Any] = {"train": train, "validation": validation}
    config = copy.deepcopy(config)
    for entry in as_list(config["train"]) + as_list(config["validation"]):
        entry.update(x_path=folder / entry["x_path"], y_path=folder / entry["y_path"])
    config["common"] = {"nx": RECEPTIVE_FIELD}
    datasets = [nam.data.init_dataset(config, split) for split in nam.data.Split]
    hooks = nam.data.get_joint_dataset_hooks([] if level is None else [joint])
    nam.data.apply_joint_dataset_hooks(*datasets, hooks)
    return datasets[0], datasets[1]


def as_list(entries: Entries) -> list[Entry]:
    return entries if isinstance(entries, list) else [entries]


def ours(folder: Path, train: Entries, validation: Entries, level: float | None = None) -> Material:
    def described(entries: Entries, split: str) -> tuple[PairDescription, ...]:
        return tuple(
            PairDescription(
                where=f"{split}[{i}]",
                x_path=folder / entry["x_path"],
                y_path=folder / entry["y_path"],
                start=entry.get("start_samples", entry.get("start_seconds")),
                stop=entry.get("stop_samples", entry.get("stop_seconds")),
                delay_samples=entry.get("delay", 0),
                ny=entry["ny"],
                y_scale=entry.get("y_scale", 1.0),
                input_gain_db=entry.get("input_gain", 0.0),
                sample_rate_hz=entry.get("sample_rate"),
                y_preroll_samples=entry.get("y_preroll", 0),
                allow_unequal_lengths=entry.get("allow_unequal_lengths", False),
                pre_silence_seconds=entry["require_input_pre_silence"],
            )
            for i, entry in enumerate(as_list(entries))
        )

    data = DataDescription(described(train, "train"), described(validation, "validation"), level)
    return load_material(data, RECEPTIVE_FIELD, "test", None)[0]


def windows(material: Material) -> list[tuple[np.ndarray, np.ndarray]]:
    """As the Material says that training takes them."""
    ny, taken = material.window_samples, []
    for passage in material.train:
        for start in range(0, len(passage.target) - ny + 1, ny):
            stop = start + ny
            taken.append((passage.input[start : stop + CONTEXT], passage.target[start:stop]))
    return taken


HELD_OUT = pair(start_seconds=-0.5, ny=None)

SPLITS: dict[str, tuple[Entries, Entries, float | None]] = {
    "negative seconds": (pair(stop_seconds=-0.5), HELD_OUT, None),
    "seconds that are no whole samples": (
        pair(start_seconds=0.10007, stop_seconds=-0.50007),
        pair(start_seconds=-0.50007, stop_seconds=-0.10003, ny=None),
        None,
    ),
    "samples": (
        pair(start_samples=123, stop_samples=-4_001),
        pair(start_samples=-4_001, stop_samples=15_999, ny=None),
        None,
    ),
    "whole recording, one item": (pair(ny=None), pair(ny=None), None),
    "several validation items": (pair(), pair(start_samples=9_000, ny=1_500), None),
    "pairs cut each by itself": (
        [pair(), pair("b", allow_unequal_lengths=True), pair(start_samples=8_000)],
        [pair(ny=900), pair("b", ny=900, allow_unequal_lengths=True)],
        None,
    ),
    "late output": (pair(delay=17), pair(delay=17, start_samples=-3_000, ny=None), None),
    "early output": (pair(delay=-17), pair(delay=-17, start_samples=-3_000, ny=None), None),
    "input gain": (pair(input_gain=-4.5), pair(input_gain=3.0, ny=None), None),
    "output scale": (pair(y_scale=0.31), pair(y_scale=0.31, ny=None), None),
    "output that starts later": (
        pair(y_preroll=55, allow_unequal_lengths=True),
        pair(y_preroll=55, allow_unequal_lengths=True, start_samples=-3_000, ny=None),
        None,
    ),
    "preroll that makes lengths equal": (
        {**pair("b", y_preroll=4_000), "y_path": "a_amp.wav"},
        HELD_OUT,
        None,
    ),
    "silence before the start": (
        pair(start_samples=SILENCE.stop, require_input_pre_silence=0.4),
        pair(start_samples=SILENCE.stop - 16_000, require_input_pre_silence=0.4, ny=None),
        None,
    ),
    "silence is asked for and there is no start": (
        pair(stop_seconds=-0.5, require_input_pre_silence=0.4),
        HELD_OUT,
        None,
    ),
    "sample rate given": (pair(sample_rate=RATE_HZ), HELD_OUT, None),
    "level of one pair": (pair(stop_samples=9_000), HELD_OUT, -18.0),
    "level over all pairs, as they are used": (
        [
            pair(start_samples=8_000, delay=5, y_scale=0.1),
            pair("b", allow_unequal_lengths=True, y_scale=0.9),
        ],
        HELD_OUT,
        -24.5,
    ),
}


@pytest.mark.parametrize("split", SPLITS)
def test_windows_items_and_level_are_the_official_ones(folder: Path, split: str) -> None:
    train, validation, level = SPLITS[split]
    material = ours(folder, train, validation, level)
    items = [(passage.input, passage.target) for passage in material.validation]
    for theirs, mine in zip(
        official(folder, train, validation, level), (windows(material), items), strict=True
    ):
        assert len(mine) == len(theirs) > 0
        for i, (audio, target) in enumerate(mine):
            official_audio, official_target = theirs[i]
            np.testing.assert_allclose(audio, official_audio.numpy(), rtol=0, atol=1e-6)
            scaled = target * np.float32(material.target_gain)
            np.testing.assert_allclose(scaled, official_target.numpy(), rtol=0, atol=1e-6)


REFUSED: dict[str, tuple[Entries, str]] = {
    "start after the end": (pair(start_samples=16_000), r"train\[0\].*16,000"),
    "start before the beginning": (pair(start_samples=-16_001), r"train\[0\].*start"),
    "stop after the end": (pair(stop_samples=16_001), r"train\[0\].*16,001"),
    "stop at the beginning": (pair(stop_samples=-16_000), r"train\[0\].*stop"),
    "stop before the start": (pair(start_samples=900, stop_samples=800), r"train\[0\].*900"),
    "unequal lengths": (pair("b"), r"12,000 samples.*11,960 samples.*allow_unequal_lengths"),
    "sound before the start": (
        pair(start_samples=SILENCE.stop, require_input_pre_silence=0.42),
        r"a\.wav is not silent.*require_input_pre_silence",
    ),
    "sound before a start from the end": (
        pair(start_samples=SILENCE.stop - 16_000, require_input_pre_silence=0.42),
        r"a\.wav is not silent",
    ),
    "less than the receptive field": (
        pair(stop_samples=CONTEXT, ny=None),
        r"20 samples.*21 samples",
    ),
    "less than one item": (pair(stop_samples=CONTEXT + 699), r"719 samples.*720 samples.*ny"),
    "delay beyond the end": (pair(delay=20_000), r"train\[0\]: 0 samples"),
    "items of different lengths": ([pair(), pair(ny=701)], r"train\[1\].*701.*train\[0\].*700"),
    "whole recordings of different lengths": (
        [pair(ny=None), pair("b", ny=None, allow_unequal_lengths=True)],
        r"train\[1\].*the same ny",
    ),
    "another sample rate than given": (pair(sample_rate=48_000), r"sample_rate is 48000"),
    "silence to be brought to a level": (pair(y_scale=0.0), r"a_amp\.wav is silent"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_the_official_datasets_refuse_is_refused_with_the_reason(
    folder: Path, mistake: str
) -> None:
    train, message = REFUSED[mistake]
    with pytest.raises((ValueError, RuntimeError, AssertionError, nam.data.DataError)):
        official(folder, train, HELD_OUT, -18.0)
    with pytest.raises(CaptureError, match=message):
        ours(folder, train, HELD_OUT, -18.0)
