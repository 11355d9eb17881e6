from __future__ import annotations

from pathlib import Path

from nam_engine.findings import Kind, troubleshooting_page

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def test_page_is_what_the_programs_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == troubleshooting_page(), (
        "run: python docs/write_troubleshooting.py"
    )


def test_every_kind_has_its_own_title_cause_and_remedy() -> None:
    titles = {kind.value.title for kind in Kind}
    assert len(titles) == len(Kind)
    for kind in Kind:
        for sentence in (kind.value.cause, kind.value.remedy):
            assert sentence.endswith(".")
