"""Networks that train well and then surprise in the plugin are warned of at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from full_files import changed, example, write
from support import layer_array, submodel

from nam_engine.errors import AudioError
from nam_engine.events import Warned
from nam_engine.full.job import FullJob
from nam_engine.full.session import train_full


def cautions(folder: Path, *arrays: dict[str, Any]) -> list[str]:
    """What is said before the recordings, which are empty files, are read."""
    net = {"submodels": [submodel("only", *arrays)]}
    said = []
    job = FullJob(*write(folder, changed(example(), "model.net.config", net)), outdir=folder)
    with pytest.raises(AudioError):  # noqa: PT012 - until it is raised
        for event in train_full(job):
            assert isinstance(event, Warned)
            said.append(event.message)
    return said


@pytest.mark.parametrize(
    ("second", "caution"),
    [
        (layer_array(3, input_size=2), None),
        (layer_array(4, input_size=2, bottleneck=3), "refuse to load"),
        (layer_array(3, input_size=2, layer_1x1_config={"active": False}), "another sound"),
    ],
)
def test_what_the_plugin_plays_otherwise_is_warned_of(
    second: dict[str, Any], caution: str | None, tmp_path: Path
) -> None:
    first = layer_array(2, head={"out_channels": 3, "kernel_size": 1, "bias": False})
    said = cautions(tmp_path, first, second)
    assert [caution in sentence for sentence in said] == ([True] if caution else [])
