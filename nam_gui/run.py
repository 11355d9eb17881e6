"""What is known of a recording's training, over all its runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Probed,
    Started,
    StepsDone,
    SubmodelResult,
    TrainEvent,
)
from nam_engine.past import PastTraining
from nam_engine.stopping import StopRules
from nam_engine.train_job import TrainJob
from nam_gui.job import Job
from nam_gui.settings import Settings, default_output_folder

__all__ = ["Run"]


@dataclass
class Run:
    """A training and what it has said so far.

    ``begun_with`` holds the input, the folder, the name and the choices that it was begun with:
    with others it cannot go on. ``is_begun`` tells that steps were trained, ``is_extended`` that
    the user wants more than what once was enough. ``best`` is by submodel; ``probes`` are
    sentences on what is wrong with the model, None where nobody has tried it out.
    """

    begun_with: TrainJob
    epochs: int
    is_begun: bool = False
    is_extended: bool = False
    submodels: tuple[str, ...] = ()
    device_name: str = ""
    steps_per_epoch: int = 0
    history: list[EpochDone] = field(default_factory=list)
    best: dict[int, BestImproved] = field(default_factory=dict)
    probes: tuple[str, ...] | None = None
    reason: FinishReason | None = None

    @classmethod
    def begin(cls, input_path: Path, job: Job, settings: Settings) -> Run:
        """One that has not trained anything."""
        begun_with = TrainJob(
            input_path=input_path,
            output_path=job.recording,
            outdir=settings.output_folder or default_output_folder(),
            choices=job.choices,
            user=job.user_metadata,
        )
        return cls(begun_with, settings.epochs)

    @classmethod
    def restored(cls, training: PastTraining) -> Run:
        """One of an earlier day, which goes on in its folder."""
        history, best = training.history, training.best
        return cls(
            training.file.job,
            training.file.job.recipe.epochs,
            is_begun=True,
            submodels=tuple(submodel.name for submodel in best),
            steps_per_epoch=history[-1].step // len(history) if history else 0,
            history=list(history),
            best=_by_submodel(best),
            probes=training.probes,
        )

    def extend(self, epochs: int) -> None:
        """Train for so many epochs more, in spite of any goal that was reached."""
        self.epochs += epochs
        self.is_extended = True

    def next_job(self, job: Job, settings: Settings) -> TrainJob:
        """For the engine: the beginning, or what goes on where it was left."""
        rules = StopRules()
        if not self.is_extended:
            rules = replace(self.begun_with.stop_rules, target_esr=settings.target_esr)
        return replace(
            self.begun_with,
            recipe=replace(self.begun_with.recipe, epochs=self.epochs),
            device=settings.device,
            # The folder is found again by its name.
            user=replace(job.metadata, name=self.begun_with.user.name),
            stop_rules=rules,
            resume=self.is_begun,
        )

    def note(self, event: TrainEvent) -> None:
        """Take what counts from an event."""
        match event:
            case Started():
                self.submodels = event.submodels
                self.device_name = event.device_name
                self.steps_per_epoch = event.steps_per_epoch
                self.reason = self.probes = None
                del self.history[event.epochs_done :]
                if not event.steps_done:  # what was before could not be continued
                    self.best.clear()
            case StepsDone():
                self.is_begun = True
            case EpochDone():
                self.is_begun = True
                self.history.append(event)
            case BestImproved():
                self.best[event.submodel] = event
            case Probed():
                self.probes = event.warnings
            case Finished():
                self.is_begun = True
                self.reason = event.reason
                self.best = _by_submodel(event.result.submodels)

    def progress(self, event: StepsDone | EpochDone) -> float:
        """How much is done, from 0 to 1."""
        total = self.epochs * self.steps_per_epoch
        return event.step / total if total else 0.0

    def esr(self) -> tuple[float, ...]:
        """The best of each submodel; NaN where there is none yet."""
        submodels = range(len(self.submodels))
        return tuple(self.best[i].esr if i in self.best else math.nan for i in submodels)


def _by_submodel(results: Sequence[SubmodelResult]) -> dict[int, BestImproved]:
    return {i: BestImproved(i, s.epoch, s.metrics.esr) for i, s in enumerate(results)}
