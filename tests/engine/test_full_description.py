from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from full_files import example, read, read_changed, write

from nam_engine.errors import ConfigError
from nam_engine.full.reading import read_description
from nam_engine.method import (
    Batches,
    JudgedBy,
    LastBatch,
    Method,
    Objective,
    OptimizerChoice,
    RateDecay,
)


def test_documented_example_is_read_as_it_is_meant(tmp_path: Path) -> None:
    description = read(tmp_path, example())
    assert description.warnings == ()
    assert description.network.names == ("small", "large")
    assert description.network.receptive_field == 1 + 5 * (1 + 5 + 29 + 97 + 227)
    assert description.network.max_values == (0.5, 1.0)
    assert description.is_packed
    assert description.method == Method(
        epochs=100,
        objective=Objective(mrstft_weight=0.0002),
        optimizer=OptimizerChoice("Adam", {"lr": 0.004}),
        schedule=RateDecay(0.993),
        batches=Batches(16, shuffle=True, last=LastBatch.DROPPED),
        judged_by=JudgedBy.ESR,
    )
    assert description.device == ("mps" if sys.platform == "darwin" else "cuda")
    assert description.minutes is None
    assert description.validation_limit is None
    assert description.documents == example()


def test_importing_the_reader_does_not_import_torch() -> None:
    code = "import sys, nam_engine.full.reading; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "data.json is not JSON: line 1, column 1: Expecting value."),
        (b'{\n  "train": {},\n}', "data.json is not JSON: line 3, column 1: "),
        (b'{"train": NaN}', "data.json is not usable as JSON: NaN is not a number in JSON."),
        (b'{"train": -Infinity}', "data.json is not usable as JSON: -Infinity is not a number"),
        (b'{"train": 1e999}', "data.json is not usable as JSON: 1e999 is too large."),
        (b'{"ny": 1, "ny": 2}', 'data.json is not usable as JSON: the key "ny" stands twice'),
        (b"9" * 5000, "data.json is not usable as JSON: "),
        (b"[1]", "data.json should be an object but is a list."),
        (b"\xff\xfe{}", "data.json is not a text in UTF-8 (byte 0)."),
        (b'"\\ud800"', "data.json has half a character in it"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "data.json: Lists and objects stand more than 40 deep"),
        (b"[" * 200_000, "data.json: Lists and objects stand more than 40 deep"),
        (b" " * 1_000_001, "data.json is larger than 1,000,000 bytes; no configuration is."),
    ],
)
def test_unusable_files_are_refused_in_a_sentence(
    content: bytes, expected: str, tmp_path: Path
) -> None:
    paths = write(tmp_path, example())
    paths[0].write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_description(*paths)
    assert caught.value.message.startswith(expected)


def test_missing_file_is_named(tmp_path: Path) -> None:
    data, _, learning = write(tmp_path, example())
    with pytest.raises(ConfigError, match=r"other\.json cannot be read \(No such file"):
        read_description(data, tmp_path / "other.json", learning)


def test_byte_order_mark_of_windows_editors_is_no_mistake(tmp_path: Path) -> None:
    paths = write(tmp_path, example())
    for path in paths:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_description(*paths) == read(tmp_path, example())


def test_unknown_keys_are_named_in_a_warning(tmp_path: Path) -> None:
    array = "model.net.config.submodels.1.config.layers_configs.0"
    warnings = read_changed(
        tmp_path,
        ("data.train.y_scal", 8192),
        ("data.comon", {}),
        (f"{array}.botleneck", 3),
        (f"{array}.head.bais", True),
        ("learning.trainer.max_epoch", 20),
        ("learning.trainer.\n" + "x" * 100, 20),
    ).warnings
    place = "model.json: net.config.submodels[1].config.layers_configs[0]"
    assert warnings == (
        "data.json: comon is not known and has no effect; did you mean common?",
        "data.json: train.y_scal is not known and has no effect; did you mean y_scale?",
        f"{place}.botleneck is not known and has no effect; did you mean bottleneck?",
        f"{place}.head.bais is not known and has no effect; did you mean bias?",
        "learning.json: trainer.\\n" + "x" * 37 + "... is not known and has no effect.",
        "learning.json: trainer.max_epoch is not known and has no effect; did you mean max_epochs?",
    )


def test_many_unknown_keys_are_counted(tmp_path: Path) -> None:
    odd = {f"odd{i}": i for i in range(50_000)}
    warnings = read_changed(tmp_path, ("learning.trainer", odd)).warnings
    assert len(warnings) == 21
    assert warnings[-1] == "learning.json: trainer has 49980 more keys that are not known."


def test_comments_are_kept_in_the_documents_and_have_no_effect(tmp_path: Path) -> None:
    documents = example()
    documents["model"]["optimizer"]["_why"] = "it was best"
    documents["learning"]["trainer"]["_note"] = {"max_epochs": 3}
    description = read(tmp_path, documents)
    assert description.warnings == ()
    assert description.documents == json.loads(json.dumps(documents))
    assert description.method.optimizer.settings == {"lr": 0.004}


@pytest.mark.parametrize(
    ("loss", "place", "needed"),
    [
        ({"mrstft_weight": 0.1}, "train", 1025),
        ({"pre_emph_mrstft_weight": 0.1, "pre_emph_mrstft_coef": 0.9}, "train", 1026),
        ({"pre_emph_weight": 0.1, "pre_emph_coef": 0.9}, "train", 2),
        ({}, "validation", 1025),
    ],
)
def test_windows_too_short_for_the_spectra_are_refused(
    loss: dict[str, float], place: str, needed: int, tmp_path: Path
) -> None:
    read_changed(tmp_path, ("model.loss", loss), (f"data.{place}.ny", needed))
    with pytest.raises(ConfigError, match=rf"data\.json: {place}\.ny is {needed - 1}.* {needed} "):
        read_changed(tmp_path, ("model.loss", loss), (f"data.{place}.ny", needed - 1))


def test_short_windows_do_for_a_loss_without_spectra(tmp_path: Path) -> None:
    assert (
        read_changed(tmp_path, ("model.loss", {}), ("data.train.ny", 100)).data.train[0].ny == 100
    )
