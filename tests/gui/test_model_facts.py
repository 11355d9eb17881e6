from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import container_of, small_packed

from nam_engine.nam_file import write_nam
from nam_engine.presets import A2
from nam_engine.wavenet.parse import parse_packed
from nam_gui.model_facts import MAX_CHARACTERS, read_facts
from nam_gui.model_words import ModelWords

METADATA = {
    "name": "Twin",
    "modeled_by": "Jane",
    "gear_make": "Fender",
    "gear_model": "Twin Reverb",
    "gear_type": "amp_cab",
    "tone_type": "hi_gain",
    "input_level_dbu": 12.34,
    "output_level_dbu": None,
    "loudness": -18.26,
    "gain": 0.5,
    "date": {"year": 2026, "month": 3, "day": 4, "hour": 5, "minute": 6, "second": 7},
    "training": {
        "validation_esr": 0.0043,
        "submodel_validation_esr": {"channels_3": 0.0112, "channels_8": 0.0043},
    },
}


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


def a2(**metadata: Any) -> dict[str, Any]:
    return {**container_of(parse_packed(A2)).to_json(), "metadata": metadata}


def test_both_sizes_and_all_that_was_written(tmp_path: Path) -> None:
    facts = read_facts(written(tmp_path / "amp.nam", a2(**METADATA)))
    assert facts.problem == ""
    assert [size.title for size in facts.sizes] == ["A2-Lite", "A2-Full"]
    assert [size.max_value for size in facts.sizes] == [0.5, 1.0]
    assert facts.day == date(2026, 3, 4)
    assert facts.trained_esr == {"channels_3": 0.0112, "channels_8": 0.0043}
    words = ModelWords()
    assert words.kind(facts) == (
        "One file with 2 sizes: A2-Lite and A2-Full."
        " A2-Lite plays while Slim is below 50%, A2-Full from there up."
    )
    assert words.rows(facts) == [
        ("Name", "Twin"),
        ("Modeled by", "Jane"),
        ("Gear", "Fender Twin Reverb (amp + cab)"),
        ("Tone", "hi gain"),
        ("Input level", "12.3 dBu"),
        ("Loudness", "-18.3 dB"),
        ("Gain", "0.5"),
        ("Date", "2026-03-04"),
        ("Sample rate", "48 kHz"),
        ("A2-Lite", "1,871 weights, hears 132 ms back (6,347 samples)"),
        ("A2-Full", "12,146 weights, hears 132 ms back (6,347 samples)"),
    ]


def test_other_networks_are_not_called_a2(tmp_path: Path) -> None:
    container = container_of(small_packed())
    write_nam(tmp_path / "a.nam", container)
    write_nam(tmp_path / "b.nam", container.entries[0].model)
    words = ModelWords()
    kind = words.kind(read_facts(tmp_path / "a.nam"))
    assert kind.startswith("One file with 2 sizes: WaveNet 2 and WaveNet 3.")
    assert words.kind(read_facts(tmp_path / "b.nam")) == "One size: WaveNet 2."


def test_what_cannot_be_played_is_told_as_far_as_possible(tmp_path: Path) -> None:
    document = {
        "version": "0.5.4",
        "architecture": "LSTM",
        "config": {"num_layers": 1},
        "weights": [0.1] * 1234,
        "metadata": {"name": "Old", "training": {"validation_esr": 0.02}},
    }
    facts = read_facts(written(tmp_path / "old.nam", document))
    words = ModelWords()
    assert words.kind(facts) == "Its kind: LSTM, with 1,234 weights."
    assert words.rows(facts) == [("Name", "Old")]
    assert facts.trained_esr == {"LSTM": 0.02}
    assert '"0.5.4"; only 0.7 is supported' in facts.problem


def test_damage_is_told(tmp_path: Path) -> None:
    document = a2()
    document["config"]["submodels"][1]["model"]["weights"].pop()
    facts = read_facts(written(tmp_path / "amp.nam", document))
    assert "config.submodels[1].model.weights" in facts.problem
    assert facts.sizes == ()
    missing = read_facts(tmp_path / "missing.nam")
    assert "cannot be read" in missing.problem
    assert ModelWords().kind(missing) == ""


STRANGE = [None, True, -1, 1e308, 10**400, "x", [], [[]], {"": None}]


@pytest.mark.parametrize("strange", STRANGE, ids=lambda strange: str(strange)[:8])
def test_nothing_in_a_file_is_trusted(tmp_path: Path, strange: object) -> None:
    path, words = tmp_path / "amp.nam", ModelWords()
    documents: list[Any] = [strange, {"architecture": strange}, {"metadata": strange}]
    documents += [{**a2(), key: strange} for key in ("version", "config", "weights", "sample_rate")]
    documents.append(a2(**dict.fromkeys(METADATA, strange)))
    for part in ("validation_esr", "submodel_validation_esr"):
        documents.append(a2(training={part: strange}))
    documents.append(a2(training={"submodel_validation_esr": {"x": strange}}))
    documents.append(a2(date={"year": strange, "month": 1, "day": 1}))
    for document in documents:
        facts = read_facts(written(path, document))
        words.kind(facts)
        words.rows(facts)


def test_texts_are_short_and_of_one_line(tmp_path: Path) -> None:
    metadata = {"name": "a\n\tb\x00\x1b[31m\u202e", "modeled_by": "x" * 100_000}
    facts = read_facts(written(tmp_path / "amp.nam", a2(**metadata)))
    assert facts.texts["name"] == "a b [31m"
    assert len(facts.texts["modeled_by"]) == MAX_CHARACTERS + 1
