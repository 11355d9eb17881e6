"""The same three files and the same start: the official trainer's losses and figures.

The documented example is compared as both programs run. A2 is compared in double precision: its 23
layers and Adam's first steps magnify rounding so much that the official trainer does not
agree with itself when it runs on two threads instead of one (docs/experiments.md).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from full_files import DELETED, Documents, changed, example
from nam.train import core as official_core
from official_training import EPOCHS, prepared, train_officially, train_ours

LOSSES = 20


def a2_documents() -> Documents:
    """A2's own model file; at the recording's level, whose factor is rounded to 32 bits."""
    documents = {**example(), "model": official_core._get_packed_model_config()}
    return changed(documents, "data.joint", DELETED)


@pytest.mark.parametrize(
    ("documents", "is_double"),
    [(example(), False), (a2_documents(), True)],
    ids=["example", "A2"],
)
def test_losses_and_figures_are_the_official_ones(
    *, documents: Documents, is_double: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = prepared(documents, tmp_path)
    theirs = train_officially(documents, tmp_path / "official", monkeypatch, is_double=is_double)
    assert theirs.start is not None
    folder = tmp_path / "ours"
    ours = train_ours(documents, folder, theirs.start, monkeypatch, is_double=is_double)
    steps = len(theirs.losses)
    pairs = zip(ours.losses[:steps], theirs.losses, strict=True)
    off = [abs(a / b - 1) for a, b in pairs]
    print(f"{steps} steps; losses off by {max(off[:LOSSES]):.1e} in the first {LOSSES}")
    assert max(off[:LOSSES]) < 1e-4
    assert len(ours.esrs) == len(theirs.esrs) == EPOCHS
    print(f"ESR after {EPOCHS} epochs: {ours.esrs[-1]}, officially {theirs.esrs[-1]}")
    assert ours.esrs[-1] == pytest.approx(theirs.esrs[-1], rel=0.02)
