"""A training's figures for TensorBoard, which is installed apart.

The records are written one by one with TensorBoard's own record writer. ``SummaryWriter`` of
PyTorch writes in a thread: a full disk would end that with a traceback, and be told late.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from nam_engine.errors import NamEngineError
from nam_engine.events import EpochDone, Started, TrainEvent, Warned
from nam_engine.logged import logged
from nam_engine.method import JudgedBy

__all__ = ["follow", "require_tensorboard"]

FOLDER = "tensorboard"
FORMAT = "brain.Event:2"  # the version in which readers forget what a restart repeats


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
    log: _EventFile | None = None
    with closing(events):
        for event in events:
            yield event
            if isinstance(event, Started):
                log = _EventFile(folder / FOLDER, event.steps_done)
            if not isinstance(event, EpochDone) or log is None:
                continue
            training = {"train_loss": event.loss, "learning_rate": event.learning_rate}
            figures = logged(event.metrics, judged_by, is_packed=is_packed)
            try:
                log.write(event.step, {**figures, **training, "epoch": event.epoch})
            except OSError as error:
                log = None
                yield Warned(
                    f"Nothing can be written to {folder / FOLDER} ({error.strerror or error}):"
                    " TensorBoard will not see the rest of this training.",
                    "history.csv has the same figures.",
                )


class _EventFile:
    """A file of its own for each run; TensorBoard shows all of a folder as one.

    It forgets what earlier files say of steps after ``steps_done``.
    """

    def __init__(self, folder: Path, steps_done: int) -> None:
        self._path = folder / f"events.out.tfevents.{time.time_ns()}"
        self._steps_done = steps_done

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Append figures by their names. Raises OSError where that fails."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        records = [Event(step=step, summary=Summary(value=values))]
        if not self._path.exists():
            start = SessionLog(status=SessionLog.START)
            restart = Event(step=self._steps_done + 1, session_log=start)
            records = [Event(file_version=FORMAT), restart, *records]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            writer = RecordWriter(file)
            for record in records:
                record.wall_time = time.time()
                writer.write(record.SerializeToString())
