"""We recognise the inputs that the official trainer recognises, and split them as it does."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from nam.train import core as official_core
from nam.train._version import PROTEUS_VERSION, Version

from nam_engine.audio import read_recording
from nam_engine.signals import (
    PROTEUS,
    V1_0,
    V1_1,
    V2,
    V3,
    KnownInput,
    Match,
    Recognised,
    _samples_md5,
)

VERSIONS = {
    V3: Version(3, 0, 0),
    V2: Version(2, 0, 0),
    V1_1: Version(1, 1, 1),
    V1_0: Version(1, 0, 0),
    PROTEUS: PROTEUS_VERSION,
}
DATA_INFOS = {
    V3: official_core._V3_DATA_INFO,
    V2: official_core._V2_DATA_INFO,
    V1_1: official_core._V1_DATA_INFO,
    V1_0: official_core._V1_DATA_INFO,
    PROTEUS: official_core._V4_DATA_INFO,
}
every_known_input = pytest.mark.parametrize("known", VERSIONS, ids=lambda known: known.name)


def write_input(path: Path, rate_hz: int) -> Path:
    """Random samples of 24 bits, the extremes among them."""
    steps = np.random.default_rng(0).integers(-(2**23), 2**23, 40 * rate_hz, dtype=np.int32)
    steps[:3] = -(2**23), 2**23 - 1, 0
    soundfile.write(path, steps << 8, rate_hz, subtype="PCM_24")
    return path


@every_known_input
def test_parts_have_the_hashes_that_the_official_trainer_computes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: KnownInput
) -> None:
    path = write_input(tmp_path / "input.wav", known.rate_hz)
    with pytest.raises(official_core._InputValidationError):
        official_core._detect_input_version(path)
    printed = dict(re.findall(r"^ (.+?) *: ([0-9a-f]{32})$", capsys.readouterr().out, re.MULTILINE))
    samples = read_recording(path).samples
    first, last = (round(seconds * known.rate_hz) for seconds in known.part_seconds)
    if known is PROTEUS:
        assert printed["Proteus"] == _samples_md5(samples[:first])
    else:
        major = VERSIONS[known].major
        assert printed[f"Start (v{major})"] == _samples_md5(samples[:first])
        assert printed[f"End (v{major})"] == _samples_md5(samples[-last:])


@every_known_input
def test_hashes_are_the_official_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: KnownInput
) -> None:
    """The official trainer takes a file with our hashes for what we take it."""
    assert known.file_md5
    assert known.part_md5
    path = write_input(tmp_path / "input.wav", known.rate_hz)

    def detect(*md5s: str | None) -> tuple[Version, bool]:
        """What it finds where its hashes are these, in the order it computes them in."""
        left = iter(md5s)
        md5 = SimpleNamespace(update=lambda _: None, hexdigest=lambda: next(left))
        monkeypatch.setattr(official_core, "_hashlib", SimpleNamespace(md5=lambda *_: md5))
        return official_core._detect_input_version(path)

    assert detect(known.file_md5) == (VERSIONS[known], True)
    parts: list[str | None] = [None] * 6
    if known is PROTEUS:
        parts = [known.part_md5[0]]
    else:
        start = 2 * (VERSIONS[known].major - 1)
        parts[start : start + 2] = known.part_md5
    assert detect(None, *parts) == (VERSIONS[known], False)


@every_known_input
def test_layout_is_the_official_one(known: KnownInput) -> None:
    official, rate = DATA_INFOS[known], known.rate_hz
    assert official.rate == rate
    assert tuple(round(t * rate) for t in known.quiet) == official.noise_interval
    blips = [sample for group in official.blip_locations for sample in group]
    assert [round(t * rate) for t in known.blips + known.end_blips] == blips


@every_known_input
def test_split_is_the_official_one(known: KnownInput) -> None:
    official, samples = DATA_INFOS[known], 200 * known.rate_hz
    config = official_core._get_data_config(
        VERSIONS[known], Path("in.wav"), Path("out.wav"), 8_192, 0
    )
    everything = np.arange(samples)
    found = Recognised(known, Match.FILE, known.rate_hz, samples, 0, samples)
    for span, split in ((known.train, "train"), (known.validation, "validation")):
        slice_ = slice(config[split].get("start_samples"), config[split].get("stop_samples"))
        theirs = everything[slice_]
        if known is PROTEUS and split == "train":
            # It is declared but not applied: the official trainer trains on the blips.
            theirs = theirs[official.train_start :]
        np.testing.assert_array_equal(found.span(span).of(everything), theirs)
    assert len(found.span(known.validation)) == official.t_validate
