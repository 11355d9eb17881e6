"""A training's figures for TensorBoard, which is installed apart."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nam_engine.errors import NamEngineError
from nam_engine.events import EpochDone, Started, TrainEvent, Warned
from nam_engine.logged import logged
from nam_engine.method import JudgedBy

__all__ = ["follow", "require_tensorboard"]

FOLDER = "tensorboard"


def require_tensorboard() -> None:
    """Raise NamEngineError where the package is not installed."""
    if find_spec("tensorboard") is None:
        raise NamEngineError("TensorBoard is not installed.", "Install it: pip install tensorboard")


def follow(
    events: Generator[TrainEvent, None, None], folder: Path, judged_by: JudgedBy, *, is_packed: bool
) -> Generator[TrainEvent, None, None]:
    """The same events; each validation is logged by its step, in a folder within ``folder``.

    Where that cannot be written the training goes on without, and ``Warned`` says so.
    """
    writer: Any = None
    with closing(events), ExitStack() as opened:
        for event in events:
            yield event
            try:
                if isinstance(event, Started):
                    writer = _writer(folder / FOLDER, event.steps_done)
                    opened.callback(_close, writer)
                elif isinstance(event, EpochDone) and writer is not None:
                    _log(writer, event, logged(event.metrics, judged_by, is_packed=is_packed))
            except OSError as error:
                writer = None
                yield Warned(
                    f"Nothing can be written to {folder / FOLDER} ({error.strerror}): TensorBoard"
                    " will not see the rest of this training."
                )


def _writer(folder: Path, steps_done: int) -> Any:
    """What an earlier run logged after the step from which this one goes on does not count."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=steps_done + 1)


def _close(writer: Any) -> None:
    """All is written by now; where that failed, this may fail again."""
    with suppress(OSError):
        writer.close()


def _log(writer: Any, row: EpochDone, figures: dict[str, float]) -> None:
    training = {"train_loss": row.loss, "learning_rate": row.learning_rate}
    for name, value in {**figures, **training, "epoch": row.epoch}.items():
        writer.add_scalar(name, value, row.step)
    writer.flush()
