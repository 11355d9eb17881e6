"""A thousand ways to damage a real file: only ever a NamFileError, soon and small."""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import container_of, layer_array, submodel, two_array_packed

from nam_engine.errors import NamFileError
from nam_engine.nam_file import ContainerEntry, NamContainer, NamModel, read_nam, write_nam
from nam_engine.presets import A2
from nam_engine.wavenet.parse import parse_packed

DOCUMENTS = [container_of(c).to_json() for c in (parse_packed(A2), two_array_packed())]
TEXTS = [json.dumps(d).encode() for d in DOCUMENTS]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values; of a long list only the first and last few items."""
    found = [path] if path else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*path, key))
    elif isinstance(node, list):
        for i in sorted({*range(min(3, len(node))), *range(max(0, len(node) - 2), len(node))}):
            found += places(node[i], (*path, i))
    return found


PLACES = [places(d) for d in DOCUMENTS]

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.sampled_from([0, -1, 1, 2, 2**31, 2**63, 10**4000, 1e308, -0.0, 1e-320]),
    st.floats(),
    st.text(max_size=20),
    st.recursive(
        st.none() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    st.sampled_from(["WaveNet", "SlimmableContainer", "none", "LSTM", [[]] * 100_000, "x" * 10**6]),
)


@st.composite
def damaged_structure(draw: st.DrawFn) -> bytes:
    which = draw(st.sampled_from(range(len(DOCUMENTS))))
    document = json.loads(TEXTS[which])
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(PLACES[which]))
        node = document
        try:
            for key in parents:
                node = node[key]
            action = draw(st.sampled_from(["replace", "delete", "add"]))
            if action == "replace":
                node[last] = draw(HOSTILE)
            elif action == "delete":
                del node[last]
            elif isinstance(node, list):
                node.append(draw(HOSTILE))
            else:
                node[draw(st.text(max_size=8))] = draw(HOSTILE)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change removed this place
    return json.dumps(document).encode()


@st.composite
def damaged_bytes(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) - 1))
    match draw(st.sampled_from(["cut", "overwrite", "insert", "nest"])):
        case "cut":
            return text[:start]
        case "overwrite":
            rubbish = draw(st.binary(min_size=1, max_size=8))
            return text[:start] + rubbish + text[start + len(rubbish) :]
        case "insert":
            return text[:start] + draw(st.binary(min_size=1, max_size=8)) + text[start:]
        case _:
            opening = draw(st.sampled_from([b"[", b'{"a":', b"[[1],"]))
            return text[:start] + opening * draw(st.integers(1, 100_000)) + text[start:]


@pytest.fixture
def file() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "hostile.nam"


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=damaged_structure() | damaged_bytes())
def test_only_nam_file_errors_and_within_a_second(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    started = time.process_time()
    with contextlib.suppress(NamFileError):
        read_nam(file)
    assert time.process_time() - started < 1.0


FILLERS = [b"[]", b"{}", b"1", b"0.123456", b'"none"', b"[[]]", b"null"]
FILLED = ["metadata", "weights", "config.layers", "dilations", "gating_mode", "activation"]

# Reads the file in a process of its own: its peak memory is that of reading.
READ = """
import pathlib, resource, sys, time
from nam_engine.errors import NamFileError
from nam_engine.nam_file import read_nam
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    read_nam(pathlib.Path(sys.argv[1]))
except NamFileError:
    pass
kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(time.process_time() - started, kibibytes / 1024)
"""


@pytest.mark.parametrize("place", FILLED)
@pytest.mark.parametrize("filler", FILLERS)
def test_largest_allowed_files_stay_within_the_bounds(
    file: Path, place: str, filler: bytes
) -> None:
    """Eight megabytes of the same in one place of an otherwise valid file."""
    document = copy.deepcopy(DOCUMENTS[0]["config"]["submodels"][1]["model"])
    owner = (
        document["config"]["layers"][0] if place in document["config"]["layers"][0] else document
    )
    if place == "config.layers":
        owner, place = document["config"], "layers"
    owner[place] = "FILL"
    repeats = min((8 * 2**20 - 400_000) // (len(filler) + 1), 24_000 // max(filler.count(b"["), 1))
    if b"[" not in filler and b"{" not in filler:
        repeats = (8 * 2**20 - 400_000) // (len(filler) + 1)
    inside = b"[" + b",".join([filler] * repeats) + b"]"
    file.write_bytes(json.dumps(document).encode().replace(b'"FILL"', inside))
    process = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, check=True
    )
    seconds, mebibytes = map(float, process.stdout.split())
    assert seconds < 1.0
    assert mebibytes < 500


def test_integer_weights_of_the_largest_allowed_file_are_read_quickly(file: Path) -> None:
    array = layer_array(250, kernel_size=8, dilations=[1] * 4)
    config = parse_packed({"submodels": [submodel("x", array)]}).submodels[0].config
    document = {
        "version": "0.7.0",
        "architecture": "WaveNet",
        "config": config.to_json(),
        "weights": [1] * config.weight_count,
    }
    file.write_text(json.dumps(document, separators=(",", ":")))
    assert file.stat().st_size > 4 * 2**20
    started = time.process_time()
    assert len(read_nam(file).weights) == config.weight_count
    assert time.process_time() - started < 1.0


def test_as_many_layers_as_are_allowed_are_read_quickly(file: Path) -> None:
    layers = {"kernel_sizes": [1] * 256, "dilations": [1] * 256, "activation": ["ReLU"] * 256}
    array = layer_array(1, **layers, head={"out_channels": 1, "kernel_size": 1, "bias": True})
    config = parse_packed({"submodels": [submodel("x", *[array] * 8)]}).submodels[0].config
    entries = [
        ContainerEntry((i + 1) / 8, NamModel(config, np.ones(config.weight_count, "f4"), 48_000))
        for i in range(8)
    ]
    write_nam(file, NamContainer(tuple(entries)))
    started = time.process_time()
    assert read_nam(file).metadata == {}
    assert time.process_time() - started < 1.0
