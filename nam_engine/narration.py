"""Training events as sentences, the same on a terminal and in a log."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nam_engine.events import (
    Checked,
    EpochDone,
    Finished,
    FinishReason,
    Probed,
    Reported,
    Saved,
    Started,
    StepsDone,
    TrainEvent,
    Warned,
)
from nam_engine.method import MAX_EPOCHS
from nam_engine.presets import submodel_titles

__all__ = ["Narrator", "clock", "details"]

_ENDINGS = {
    FinishReason.COMPLETED: "",
    FinishReason.STOPPED: "Stopped; the best so far was kept.",
    FinishReason.TARGET_REACHED: "Stopped: the target is reached.",
    FinishReason.NO_IMPROVEMENT: "Stopped: it did not get better any more; the best was kept.",
    FinishReason.TIME_UP: "Stopped: the time is up; the best so far was kept.",
}


def clock(seconds: float) -> str:
    """``0:41``, ``12:05`` or ``1:02:03``; NaN, which is not known yet, as ``?:??``."""
    if math.isnan(seconds):
        return "?:??"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


class Narrator:
    """Tells one run on the recording ``title``; remembers how far it is."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._epochs = self._epochs_done = 0
        self._errors = ""

    def tell(self, event: TrainEvent) -> list[str]:
        """The lines for an event; none for those that come many times a second."""
        match event:
            case Checked():
                return [f"{self._title}: {_latency(event)}", *(f"  ! {w}" for w in event.warnings)]
            case Started():
                self.status(event)
                return [f"{self._title}: {_plan(event)}"]
            case EpochDone():
                return [f"{self.status(event)}{_figures(event)}"]
            case Warned():
                return [f"  ! {event.message} {event.remedy}".rstrip()]
            case Saved(is_final=True):
                return [f"Saved {event.path}"]
            case Probed():
                return [f"  ! {warning}" for warning in event.warnings]
            case Reported():
                return list(event.lines)
            case Finished():
                ending = _ENDINGS[event.reason]
                return [*([ending] if ending else []), *_results(event)]
            case _:
                return []

    def status(self, event: Started | StepsDone | EpochDone) -> str:
        """Epoch, time left and the latest errors, short enough for a terminal's last line."""
        match event:
            case Started():
                self._epochs, self._epochs_done = event.epochs, event.epochs_done
                return "starting"
            case EpochDone():
                self._epochs_done = event.epoch if event.is_complete else event.epoch - 1
                self._errors = "  ESR " + "  ".join(f"{m.esr:.3g}" for m in event.metrics)
                epoch = event.epoch
            case StepsDone():
                epoch = min(self._epochs_done + 1, self._epochs)
        of_all = f"/{self._epochs}" if self._epochs < MAX_EPOCHS else ""
        return f"epoch {epoch}{of_all}  {clock(event.seconds_left)} left{self._errors}"


def _latency(event: Checked) -> str:
    sure = event.confidence if event.confidence == "by hand" else f"{event.confidence} confidence"
    known = f"; input: {event.input}" if event.input else ""
    return f"latency {event.latency_samples} samples ({sure}){known}"


def _plan(event: Started) -> str:
    resumed = f"; goes on in epoch {event.epochs_done + 1}" if event.steps_done else ""
    return (
        f"{event.train_seconds:.1f} s to train on, {event.validation_seconds:.1f} s to validate,"
        f" on {event.device} ({event.device_name}){resumed};"
        f" ESR of {_listed(submodel_titles(event.submodels))}:"
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _figures(event: EpochDone) -> str:
    skipped = f"  {event.skipped_steps} steps skipped" if event.skipped_steps else ""
    return f"  loss {event.loss:.3g}  {event.steps_per_second:.3g} steps/s{skipped}"


def details(event: EpochDone) -> str:
    """The figures of an epoch that :meth:`Narrator.tell` leaves out, as one line's end."""
    mrstft = " ".join(f"{m.mrstft:.3g}" for m in event.metrics)
    return (
        f"  MRSTFT {mrstft}  trained MSE {event.mse:.3g}, MRSTFT {event.mrstft:.3g}"
        f"  gradient {event.gradient_norm:.3g}  rate {event.learning_rate:.3g}"
        f"  {event.memory_mb:.0f} MB"
    )


def _results(event: Finished) -> list[str]:
    submodels = event.result.submodels
    titles = submodel_titles([submodel.name for submodel in submodels])
    return [
        f"{title}: ESR {submodel.metrics.esr:.3g} (epoch {submodel.epoch})"
        for title, submodel in zip(titles, submodels, strict=True)
    ]
