"""What closing the window means while a training runs, and the question about it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from nam_gui.controller import Controller, RunState

__all__ = ["CloseQuestion", "Closing"]

LINGER_MS = 8_000
"""Notifications of some desktops go with the program: so long this one can be read."""


class CloseQuestion(QMessageBox):
    """Asks without keeping anything else waiting; Escape is Cancel."""

    background_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, parent: QWidget, *, can_hide: bool) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(self.tr("Close while training?"))
        self.setText(self.tr("A training is running."))
        hidden = self.tr(
            "In the background it goes on through all recordings. An icon beside the clock shows"
            " how far it is; the program ends when everything is trained and saved."
        )
        minimised = self.tr(
            "In the background it goes on through all recordings with the window minimised."
        )
        kept = self.tr("Whatever you choose, the best so far is kept.")
        self.setInformativeText(f"{hidden if can_hide else minimised} {kept}")
        role = QMessageBox.ButtonRole
        background = self.tr("Train in the &background")
        self.background = self.addButton(background, role.AcceptRole)
        self.stop = self.addButton(self.tr("&Stop and keep the best"), role.DestructiveRole)
        self.cancel = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(self.background)
        self.setEscapeButton(self.cancel)
        self.buttonClicked.connect(self._on_clicked)

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.background:
            self.background_chosen.emit()
        elif button is self.stop:
            self.stop_chosen.emit()


class Closing(QObject):
    """Decides when the program ends; ``can_hide`` tells that a hidden window can be called back."""

    agreed = Signal()
    """Everything may end now: stop what runs, save, and go."""
    background_chosen = Signal()

    def __init__(self, window: QWidget, controller: Controller, *, can_hide: bool) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._can_hide = can_hide
        self.question: CloseQuestion | None = None
        self.is_in_background = False
        self._linger = QTimer(self, singleShot=True, interval=LINGER_MS)
        self._linger.timeout.connect(self.agreed)
        controller.state_changed.connect(self._follow)

    def ask(self) -> None:
        """The user closes the window: a training that would go on is asked about."""
        if self._controller.state is not RunState.TRAINING:
            self.agreed.emit()
        elif self.question is None:
            self.question = CloseQuestion(self._window, can_hide=self._can_hide)
            self.question.background_chosen.connect(self._to_background)
            self.question.stop_chosen.connect(self.agreed)
            self.question.finished.connect(self._forget_question)
            self.question.open()

    def end_now(self) -> None:
        """The session ends: nobody is there to be asked."""
        if self.question is not None:
            self.question.done(0)
        self.agreed.emit()

    def come_back(self) -> None:
        """The window is wanted again: the program stays when the training has ended."""
        self.is_in_background = False
        self._linger.stop()

    @Slot()
    def _to_background(self) -> None:
        self.is_in_background = self._can_hide
        self.background_chosen.emit()

    @Slot(int)
    def _forget_question(self, _result: int) -> None:
        if self.question is not None:
            self.question.deleteLater()
            self.question = None

    @Slot()
    def _follow(self) -> None:
        """What was trained in the background, or while the question stood there, has ended."""
        if self._controller.is_training:
            return
        if self.question is not None:
            self.end_now()
        elif self.is_in_background:
            self._linger.start()
