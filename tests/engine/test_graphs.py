from __future__ import annotations

import pytest
import torch
from rehearsal import rehearse

from nam_engine import graphs
from nam_engine.graphs import Graphs


def test_work_is_recorded_once_and_changes_nothing_more_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = rehearse(monkeypatch)
    do, total = Graphs(), torch.zeros(())

    def add() -> torch.Tensor:
        total.add_(1)
        return total * 10

    assert [float(do("add", add, [total])) for _ in range(3)] == [10, 20, 30]
    assert done == ["recorded", "replayed", "replayed", "replayed"]
    do.forget()
    assert float(do("add", add, [total])) == 40
    assert done.count("recorded") == 2


def test_what_cannot_be_recorded_is_done_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def fail(work: object) -> None:
        attempts.append(work)
        total.add_(100)
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(graphs, "record", fail)
    do, total = Graphs(), torch.zeros(())
    assert do.take_problem() == ""
    for name in ("one", "two", "one", "two"):
        do(name, lambda: total.add_(1), [total])
    assert float(total) == 4
    assert len(attempts) == 2
    problem = do.take_problem()
    assert "(operation not permitted when stream is capturing)" in problem
    assert do.take_problem() == ""
