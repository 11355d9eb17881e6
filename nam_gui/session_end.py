"""The end of the session: the user logs out, the computer shuts down, or somebody says SIGTERM."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType

from PySide6.QtCore import QEventLoop, QObject, QSocketNotifier, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QSessionManager

__all__ = ["SessionEnd"]

MAX_WAIT_MS = 10_000
"""A system that shuts down does not wait longer."""


class SessionEnd(QObject):
    """Says ``ending``; the session waits a little until :meth:`saved` is called."""

    ending = Signal()

    def __init__(self, app: QGuiApplication) -> None:
        super().__init__(app)
        self._loop = QEventLoop(self)
        self._is_saved = False
        self._sender, self._receiver = socket.socketpair()
        app.commitDataRequest.connect(self._commit)
        self._listen_to_signals()

    @Slot()
    def saved(self) -> None:
        self._is_saved = True
        self._loop.quit()

    @Slot(QSessionManager)
    def _commit(self, _manager: QSessionManager) -> None:
        # The session ends when this returns; until then the window lives in this loop.
        self.ending.emit()
        if not self._is_saved:
            QTimer.singleShot(MAX_WAIT_MS, self._loop.quit)
            self._loop.exec()

    def _listen_to_signals(self) -> None:
        if sys.platform == "win32":
            return  # nobody sends any there
        # Python looks at signals only when it runs, which in Qt's loop it does not: a byte in a
        # socket wakes it up.
        self._sender.setblocking(False)
        self._receiver.setblocking(False)
        kind = QSocketNotifier.Type.Read
        self._notifier = QSocketNotifier(self._receiver.fileno(), kind, self)
        self._notifier.activated.connect(self._awake)
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    @Slot()
    def _awake(self) -> None:
        self._receiver.recv(4096)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.ending.emit()
