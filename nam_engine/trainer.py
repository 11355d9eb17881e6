"""The training loop: a generator of typed events that keeps the best weights.

Nothing is printed and nothing is called back. Between two events the trainer stands between
two steps: :meth:`Trainer.state` is then all that another one needs to go on exactly from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from nam_engine.best import Best
from nam_engine.checkpoint import TrainState
from nam_engine.dataset import Windows
from nam_engine.device_trouble import device_failures, within_memory
from nam_engine.devices import describe_device, memory_mb
from nam_engine.errors import (
    DamagedCheckpointError,
    NothingTrainedError,
    OtherTrainingError,
    TrainingError,
)
from nam_engine.events import (
    BestImproved,
    EpochDone,
    Finished,
    FinishReason,
    Started,
    SubmodelMetrics,
    SubmodelResult,
    TrainEvent,
    TrainResult,
    Warned,
)
from nam_engine.identity import identity_of
from nam_engine.material import Material
from nam_engine.meter import Meter
from nam_engine.method import Method
from nam_engine.nam_file import NamModel
from nam_engine.pace import Pace
from nam_engine.position import Position, StepFigures
from nam_engine.schedule import make_schedule
from nam_engine.stepping import Stepper
from nam_engine.stopping import StopRules
from nam_engine.validation import validate
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.ordinary import WaveNet
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.predict import PIECES_AT_ONCE

__all__ = ["Trainer"]

T = TypeVar("T")

MAX_SKIPPED_IN_A_ROW = 3
MAX_ROLLBACKS = 2


class Trainer:
    """Trains a packed WaveNet on some material, by a method.

    Everything random comes from ``seed``: on a processor, the same seed on the
    same machine gives the same result bit for bit. Raises CaptureError where the
    material is too short and TrainingError where the device fails.
    """

    def __init__(
        self,
        material: Material,
        config: PackedConfig,
        method: Method,
        *,
        device: torch.device,
        seed: int = 0,
        stop_rules: StopRules | None = None,
    ) -> None:
        self.material = material
        self.config = config
        self.method = method
        self.device = device
        self.stop_rules = stop_rules or StopRules()
        self.stop_rules.require_submodel(config.names)
        self.identity = identity_of(material, config, method, seed)
        self.generator = torch.Generator().manual_seed(seed)
        with self._device_failures():
            self.network = PackedWaveNet(config, self.generator).to(device)
            self.windows = Windows(material, config.receptive_field, method, device)
            self.stepper = Stepper(self.network, method, device)
        self.epochs = method.epochs
        if method.max_steps is not None:
            needed = -(-method.max_steps // self.windows.steps_per_epoch)
            self.epochs = min(self.epochs, needed)
        self._steps_per_validation = _steps_per_validation(method, self.windows.steps_per_epoch)
        self._schedule = make_schedule(method, self.windows.steps_per_epoch)
        self._learning_rate = math.nan
        self.position = Position()
        self.history: list[EpochDone] = []
        self._best = Best(config, method.judged_by)
        self._shuffle = self.generator.get_state()
        self.good_state = self.state()

    def start_from(self, models: Sequence[NamModel]) -> None:
        """Begin with the weights of these models, one per submodel, instead of random ones.

        They are judged at once and are the best so far: training never makes them worse. Raises
        ConfigError where their structure is another, TrainingError where they play no numbers
        or the device fails.
        """
        for i, model in enumerate(models):
            wavenet = WaveNet(model.config)
            wavenet.import_weights(model.weights)
            wavenet.network.head_scale *= self.windows.target_gain
            self.network.insert(i, wavenet)
        with self._device_failures():
            metrics = self.validate()
        if not all(m.is_finite for m in metrics):
            raise TrainingError(
                f"The model to start from plays no finite numbers on {self.material.name}.",
                "Start from another one.",
            )
        self._best.take(self._current(metrics, epoch=0))
        self.good_state = self.state()

    def run(
        self, should_stop: Callable[[], bool] = lambda: False
    ) -> Generator[TrainEvent, None, None]:
        """Train until the last epoch, a stop rule or ``should_stop`` (asked every step).

        Every end keeps the best weights so far; before the first validation, the
        current weights are validated first. Raises TrainingError where training became
        unstable again and again and where the device fails, NothingTrainedError where the
        run was stopped before its first step.
        """
        with self._device_failures():
            yield from self._run(should_stop)

    def _run(self, should_stop: Callable[[], bool]) -> Iterator[TrainEvent]:
        material = self.material
        yield Started(
            capture=material.name,
            submodels=self.config.names,
            epochs=self.epochs,
            epochs_done=self.position.epochs_done,
            steps_done=self.position.steps_done,
            steps_per_epoch=self.windows.steps_per_epoch,
            device=str(self.device),
            device_name=describe_device(self.device),
            sample_rate_hz=material.sample_rate_hz,
            train_seconds=material.train_seconds,
            validation_seconds=material.validation_seconds,
        )
        if problem := self.stepper.kernels.problem:
            yield Warned(problem)
        if not self.position.steps_done:  # what training starts from, if it is a model
            for i, best in enumerate(self._best.results):
                if best is not None:
                    yield BestImproved(i, 0, best.metrics.esr)
        meter = Meter(
            Pace(
                self.windows.steps_per_epoch, material.validation_seconds / material.train_seconds
            ),
            epochs=self.epochs,
            steps_per_epoch=self.windows.steps_per_epoch,
            minutes=self.stop_rules.minutes,
            memory_mb=lambda: memory_mb(self.device),
        )
        reason = self._reason_between_epochs()
        while reason is None:
            reason = yield from self._epoch(should_stop, meter)
            reason = reason or self._reason_between_epochs()
        yield Finished(reason, (yield from self._final_result()))

    def _reason_between_epochs(self) -> FinishReason | None:
        epochs_done = self.position.epochs_done
        if epochs_done >= self.epochs:
            return FinishReason.COMPLETED
        return self.stop_rules.reason_after(epochs_done, self._best.results)

    def _epoch(
        self, should_stop: Callable[[], bool], meter: Meter
    ) -> Generator[TrainEvent, None, FinishReason | None]:
        """Train and validate an epoch, from the step on where it was left."""
        self.generator.set_state(self._shuffle)
        meter.start_epoch()
        batches = self._batches()
        for indices in batches[self.position.steps_in_epoch :]:
            if should_stop():
                return FinishReason.STOPPED
            if meter.is_time_up():
                return FinishReason.TIME_UP
            figures = yield from self._within_memory(partial(self._step, indices))
            self.position = self.position.after_step(figures)
            if problem := self.stepper.new_problem():
                yield Warned(problem)
            if self.position.skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
                yield self._roll_back()
                return None
            report = meter.step_done(figures, self.position, self._learning_rate)
            steps = self.position.steps_in_epoch
            if steps < len(batches) and steps % self._steps_per_validation == 0:
                is_sound = yield from self._validated(meter, is_complete=False)
                if not is_sound:
                    return None
            if report:
                yield report
        yield from self._validated(meter, is_complete=True)
        return None

    def _batches(self) -> Sequence[Tensor]:
        """Those of the epoch in progress; the last epoch may be shorter."""
        batches = self.windows.epoch(self.generator)
        if self.method.max_steps is None:
            return batches
        return batches[: self.method.max_steps - self.position.at_epoch_start().steps_done]

    def _step(self, indices: Tensor) -> StepFigures:
        """Take a step, if its figures are finite."""
        settings = self._settings_at(self.position.steps_done)
        self._learning_rate = settings["lr"]
        self.stepper.optimizer.configure(settings)
        return self.stepper.step(self.windows.batch, indices)

    def _settings_at(self, step: int) -> Mapping[str, Any]:
        settings = self._schedule.settings_at(step, self.history)
        return {**settings, "lr": settings["lr"] * 0.5**self.position.rollbacks}

    def _validated(self, meter: Meter, *, is_complete: bool) -> Generator[TrainEvent, None, bool]:
        """Validate the epoch, keep what is better, and tell; false where that led back."""
        metrics = yield from self._within_memory(self.validate)
        if not all(m.is_finite for m in metrics):
            yield self._roll_back()
            return False
        row = meter.validated(metrics, self.position, self._learning_rate, is_complete=is_complete)
        self.history.append(row)
        improved = self._best.take(self._current(metrics, row.epoch))
        if is_complete:
            self.position = self.position.after_epoch()
            self._shuffle = self.generator.get_state()
            # All of the epoch is in place before anybody hears of it, and may save it.
            self.good_state = self.state()
        yield row
        yield from improved
        return True

    def _within_memory(self, work: Callable[[], T]) -> Generator[Warned, None, T]:
        return within_memory(
            self.stepper,
            work,
            name=self.material.name,
            device=self.device,
            batch_size=self.windows.batch_size,
        )

    def _device_failures(self) -> AbstractContextManager[None]:
        return device_failures(self.material.name, self.device)

    def _roll_back(self) -> Warned:
        """Go back to the last state known to be good, with half the learning rate."""
        failed, best = self.position, self._best.results
        self._adopt(self.good_state)
        self._best.results = best
        self.position = replace(
            self.position,
            rollbacks=min(failed.rollbacks + 1, MAX_ROLLBACKS),
            skipped_steps=failed.skipped_steps,
            skipped_in_a_row=0,
        )
        self.good_state = self.state()
        if failed.rollbacks >= MAX_ROLLBACKS:
            raise self._unstable()
        epochs = self.position.epochs_done
        place = f"the end of epoch {epochs}" if epochs else "its beginning"
        return Warned(
            f"Training on {self.material.name} became unstable (its error was no finite number);"
            f" it goes on from {place} with half the learning rate."
        )

    def validate(self) -> tuple[SubmodelMetrics, ...]:
        """The figures of all submodels over the validation passages."""
        return validate(
            self.stepper.kernels,
            self.windows.validation,
            self.config.receptive_field,
            self.material.sample_rate_hz,
            pieces_at_once=max(1, PIECES_AT_ONCE // self.stepper.parts),
        )

    def state(self) -> TrainState:
        """Everything that another trainer of the same ``identity`` needs to go on from here.

        Call it between two events. Raises TrainingError where the device is lost.
        """
        with self._device_failures():
            stepper = self.stepper.state()
        return TrainState(
            identity=self.identity,
            stepper=stepper,
            epoch_start=self.good_state.stepper if self.position.steps_in_epoch else None,
            shuffle=self._shuffle.numpy().copy(),
            position=self.position,
            best=self._best.results,
            history=tuple(self.history),
        )

    def restore(self, state: TrainState) -> None:
        """Go on from a state: the same losses and weights follow, on a processor bit for bit.

        Raises OtherTrainingError where the state belongs to another training and
        DamagedCheckpointError where it does not fit together.
        """
        for what, value in self.identity.items():
            if state.identity.get(what) != value:
                raise OtherTrainingError(
                    f"The earlier training of {self.material.name} had another {what}.",
                    "Give the same files and options as then, or train anew.",
                )
        try:
            self._adopt(state)
        except (RuntimeError, TypeError, ValueError) as error:
            raise DamagedCheckpointError(
                f"What was kept of the training of {self.material.name} does not fit together."
            ) from error
        self.good_state = state
        if state.epoch_start is not None:
            start = state.position.at_epoch_start()
            self.good_state = replace(
                state, stepper=state.epoch_start, epoch_start=None, position=start
            )

    def _adopt(self, state: TrainState) -> None:
        self._best.require_own(state.best)
        if any(len(row.metrics) != len(self.config.submodels) for row in state.history):
            raise ValueError("the history is another network's")
        if (state.epoch_start is None) != (state.position.steps_in_epoch == 0):
            raise ValueError("the epoch's start is missing")
        if state.position.steps_done != self._steps_by(state.position):
            raise ValueError("steps and epochs do not go together")
        if state.epoch_start is not None:
            self.stepper.require_own(state.epoch_start)
        shuffle = torch.from_numpy(state.shuffle.copy())
        self.generator.set_state(shuffle)
        self.stepper.restore(state.stepper)
        self._shuffle = shuffle
        self.position = state.position
        self.history = list(state.history)
        self._best.results = state.best
        self._learning_rate = self._settings_at(max(0, state.position.steps_done - 1))["lr"]

    def _steps_by(self, position: Position) -> int:
        """How many steps a training has done that has come to this place in an epoch."""
        steps = position.epochs_done * self.windows.steps_per_epoch + position.steps_in_epoch
        return steps if self.method.max_steps is None else min(steps, self.method.max_steps)

    @property
    def has_best(self) -> bool:
        """Whether every submodel has been validated."""
        return self._best.complete() is not None

    def result(self) -> TrainResult:
        """The best of each submodel so far. Raises TrainingError where one has none."""
        best = self._best.complete()
        if best is None:
            raise self._unstable()
        return self._result_of(best)

    def _final_result(self) -> Generator[Warned, None, TrainResult]:
        """The best; the current state where nothing was validated yet, which is not kept."""
        if self.has_best:
            return self.result()
        if not self.position.steps_done:
            raise NothingTrainedError(
                f"Training on {self.material.name} was stopped before its first step;"
                " there is nothing to keep."
            )
        metrics = yield from self._within_memory(self.validate)
        if not all(m.is_finite for m in metrics):
            raise self._unstable()
        return self._result_of(self._current(metrics, self.position.epochs_done))

    def _result_of(self, submodels: Sequence[SubmodelResult]) -> TrainResult:
        return TrainResult(
            tuple(submodels), self.material.sample_rate_hz, self.position.epochs_done
        )

    def _unstable(self) -> TrainingError:
        return TrainingError(
            f"Training on {self.material.name} is unstable: its error is no finite number.",
            "Check the recording for damage and try again, or try another seed.",
        )

    def _current(self, metrics: Sequence[SubmodelMetrics], epoch: int) -> list[SubmodelResult]:
        """The submodels as they are now, with their validation's figures."""
        results = []
        for i, (name, figures) in enumerate(zip(self.config.names, metrics, strict=True)):
            weights = self.network.extract(i).export_weights()
            weights[-1] = self.network.network.head_scale / self.windows.target_gain
            step = self.position.steps_done
            results.append(SubmodelResult(name, weights, epoch, step, figures))
        return results


def _steps_per_validation(method: Method, steps_per_epoch: int) -> int:
    every = method.validate_every
    if isinstance(every, float):
        return max(1, int(every * steps_per_epoch))
    return steps_per_epoch if every is None else every
