"""A controller with a fake of the engine, and what it has said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pytestqt.qtbot import QtBot

from nam_gui.controller import Controller, RunState
from nam_gui.job import Job, JobState

EPOCHS = 4


@dataclass
class Rig:
    """A controller and what it has said."""

    controller: Controller
    bot: QtBot
    said: list[str] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    """Each time whether a training was still running."""

    def add(self, *names: str) -> list[int]:
        """Recordings of input.wav, checked."""
        if self.controller.input_path is None:
            self.controller.set_input(Path("input.wav"))
        known = {job.id for job in self.controller.queue.jobs()}
        self.controller.add_recordings([Path(f"{name}.wav") for name in names])
        self.settle()
        return [job.id for job in self.controller.queue.jobs() if job.id not in known]

    def job(self, job_id: int) -> Job:
        return self.controller.queue.job(job_id)

    def state(self, job_id: int) -> JobState:
        return self.job(job_id).state

    def states(self) -> list[JobState]:
        return [job.state for job in self.controller.queue.jobs()]

    def wait(self, condition: Callable[[], bool]) -> None:
        self.bot.waitUntil(condition, timeout=5_000)

    def settle(self) -> None:
        """Until nothing is or waits to be checked."""
        under_way = {JobState.WAITING_FOR_CHECK, JobState.CHECKING}
        self.wait(lambda: not under_way & set(self.states()))

    def wait_for(self, state: RunState) -> None:
        self.wait(lambda: self.controller.state is state)

    def train_until(self, job_id: int, epochs: int) -> None:
        """Let it train, with a fake that waits after so many epochs."""
        self.controller.train()
        self.wait(lambda: len(self.controller.runs[job_id].history) == epochs)
