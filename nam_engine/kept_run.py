"""A run whose files are kept: the trainer's events, and what is saved in between and at any end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain

from nam_engine.control import RunControl
from nam_engine.errors import NamFileError, NothingTrainedError, TrainingError
from nam_engine.events import Finished, TrainEvent, TrainResult, Warned
from nam_engine.job_file import Ending
from nam_engine.keeper import Keeper
from nam_engine.trainer import Trainer

__all__ = ["run_and_keep"]

# Looks at the models of a result, which are saved by then.
Review = Callable[[TrainResult], Iterator[TrainEvent]]


def run_and_keep(
    trainer: Trainer,
    keeper: Keeper,
    control: RunControl,
    review: Review,
    first: Iterable[TrainEvent] = (),
) -> Generator[TrainEvent, None, None]:
    """``first``, then the events of ``Trainer.run``; ``Saved`` before ``Finished``.

    What ``review`` says comes after the last ``Saved``; a fault of it is a warning and no
    failure. Raises NamFileError where the folder cannot be written to at the beginning or the
    end, and what the trainer raises, with the best so far saved; where nothing was trained, a
    new folder is gone. Closes the keeper.
    """
    events = _run(trainer, keeper, control, review)
    # In this order: a run that is left alone saves before its folder is closed.
    with closing(keeper), closing(events):
        keeper.begin()
        for event in chain(first, events):
            keeper.note(event)
            yield event


def _run(
    trainer: Trainer, keeper: Keeper, control: RunControl, review: Review
) -> Generator[TrainEvent, None, None]:
    try:
        for event in trainer.run(control.should_stop):
            if isinstance(event, Finished):
                keeper.put_state()
                keeper.put_ending(Ending.after(event.reason))
                yield from keeper.finish(event.result)
                yield from _reviewed(keeper, review, event.result)
            yield event
            yield from keeper.keep(event)
    except NothingTrainedError:
        keeper.undo_beginning()
        raise
    except TrainingError as error:
        keeper.log([f"! {error}"])
        if error.__cause__ is not None:
            keeper.log_fault(error.__cause__)
        keeper.put_good_state()
        keeper.put_ending(Ending.FAILED)
        if trainer.has_best:
            try:
                yield from keeper.finish(trainer.result())
            except NamFileError as unsaved:
                raise TrainingError(f"{error} {unsaved.message}", unsaved.remedy) from error
            yield from _reviewed(keeper, review, trainer.result())
        raise
    except GeneratorExit:  # the window is closed, or nobody listens any more
        keeper.log(["Interrupted."])
        keeper.put_state()
        keeper.put_best_model()
        raise
    except BaseException as error:  # Ctrl-C for the second time, or a fault of ours
        keeper.log_fault(error)
        keeper.put_good_state()
        keeper.put_best_model()
        raise


def _reviewed(keeper: Keeper, review: Review, result: TrainResult) -> Iterator[TrainEvent]:
    """The model is saved by now, and no fault in here may turn that into a failure."""
    try:
        yield from review(result)
    except Exception as error:  # noqa: BLE001
        keeper.log_fault(error)
        yield Warned(
            f"The finished models of {keeper.title} could not be looked at ({error}).",
            "They are saved; log.txt beside them says more.",
        )
