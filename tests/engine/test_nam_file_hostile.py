"""A thousand ways to damage a real file: only ever a NamFileError, soon and small."""

from __future__ import annotations

import contextlib
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import container_of, two_array_packed

from nam_engine.errors import NamFileError
from nam_engine.nam_file import read_nam
from nam_engine.presets import A2
from nam_engine.wavenet.config import parse_packed

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


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
def test_only_nam_file_errors_within_a_second_and_500_mb(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    before, started = peak_mebibytes(), time.process_time()
    with contextlib.suppress(NamFileError):
        read_nam(file)
    assert time.process_time() - started < 1.0
    assert peak_mebibytes() - before < 500


@pytest.mark.parametrize("filler", [b"[],", b"{},", b"1,", b'"a",', b"0.123456,", b"[[]],"])
def test_largest_allowed_files_stay_within_the_bounds(file: Path, filler: bytes) -> None:
    size = 8 * 2**20 - 100
    inside = filler * (size // len(filler))
    content = b'{"architecture": "WaveNet", "version": "0.7.0", "metadata": [' + inside + b"0]}"
    file.write_bytes(content)
    before, started = peak_mebibytes(), time.process_time()
    with pytest.raises(NamFileError):
        read_nam(file)
    assert time.process_time() - started < 1.0
    assert peak_mebibytes() - before < 500
