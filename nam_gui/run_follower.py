"""Shows what the run does in the bar below, in the menu and on the button that is next."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QPushButton

from nam_engine.events import Checked, EpochDone, Started, StepsDone, TrainEvent
from nam_gui.controller import Controller, RunState
from nam_gui.menus import TrainMenu
from nam_gui.run_bar import RunBar

__all__ = ["RunFollower"]


class RunFollower(QObject):
    """Follows a controller."""

    def __init__(
        self,
        controller: Controller,
        run_bar: RunBar,
        train_menu: TrainMenu,
        export: QPushButton,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._run_bar, self._train_menu, self._export = run_bar, train_menu, export
        self._shown: int | None = None
        controller.state_changed.connect(self._show_state)
        controller.happened.connect(self._on_event)
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        controller = self._controller
        self._train_menu.set_state(controller.state, can_train=controller.can_train)
        # One button of the window is what comes next.
        self._export.setDefault(not (controller.is_training or controller.can_train))
        if controller.is_training:
            is_ending = controller.state in (RunState.PAUSING, RunState.STOPPING)
            self._run_bar.show_training(is_ending=is_ending)
            if controller.training_job != self._shown:
                self._run_bar.show_preparing()
        else:
            is_paused = controller.state is RunState.PAUSED
            self._run_bar.show_idle(can_train=controller.can_train, is_paused=is_paused)
        self._shown = controller.training_job

    @Slot(int, object)
    def _on_event(self, job_id: int, event: TrainEvent) -> None:
        if isinstance(event, Checked | Started):
            self._run_bar.show_preparing()
        elif isinstance(event, StepsDone | EpochDone):
            run = self._controller.runs[job_id]
            self._run_bar.show_progress(
                min(len(run.history) + 1, run.epochs),
                run.epochs,
                event.steps_per_second,
                event.seconds_left,
                run.progress(event),
            )
