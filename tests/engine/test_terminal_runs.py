from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from nam_engine.control import RunControl
from nam_engine.events import Saved, TrainEvent, Warned
from nam_engine.terminal_runs import TerminalRun, run_all


class Training:
    """Says something at each step, and at the end where the model is; ``interrupts`` of it."""

    def __init__(self, interrupts: int = 0) -> None:
        self._interrupts = interrupts
        self.steps = 0
        self.is_closed = False

    def __call__(self, control: RunControl) -> Generator[TrainEvent, None, None]:
        try:
            while self.steps < 5 and not control.should_stop():
                self.steps += 1
                yield Warned(f"step {self.steps}")
                for _ in range(self._interrupts):
                    signal.raise_signal(signal.SIGINT)
            yield Saved(Path("model.nam"), is_final=True)
        finally:
            self.is_closed = True


def test_first_ctrl_c_stops_the_run_which_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    training = Training(interrupts=1)
    assert run_all([TerminalRun("mine", training)], as_json=False) == 0
    assert training.steps == 1
    assert "Saved model.nam" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_second_ctrl_c_interrupts_for_good(capsys: pytest.CaptureFixture[str]) -> None:
    training = Training(interrupts=2)
    with pytest.raises(KeyboardInterrupt):
        run_all([TerminalRun("mine", training)], as_json=False)
    assert training.is_closed
    assert "Saved" not in capsys.readouterr().out


@pytest.mark.parametrize(("failure", "steps"), [(BrokenPipeError, 1), (OSError, 5)])
def test_run_whose_output_is_lost_ends_well_and_says_where_the_model_is(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    failure: type[OSError],
    steps: int,
) -> None:
    """A reader that has left ends the run; behind a full disk it goes on unseen."""

    def fail(_text: str) -> int:
        raise failure

    training = Training()
    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "write", fail)
        assert run_all([TerminalRun("mine", training)], as_json=True) == 1
    assert training.steps == steps
    said = capsys.readouterr().err
    assert "training on mine could not be printed to its end" in said
    assert "saved as model.nam" in said
