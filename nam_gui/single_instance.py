"""One window for each user: a later start hands its files to the first and ends.

Who holds a lock is the first; the system takes it from a process that dies. Only he listens, so
that a socket which somebody finds with the lock in his hands was left by a crash.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import sys
import time
from pathlib import Path

import filelock
from platformdirs import user_cache_path
from PySide6.QtCore import QDeadlineTimer, QObject, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from nam_engine.errors import ConfigError
from nam_gui.start_request import MAX_BYTES, StartRequest

__all__ = ["SingleInstance", "default_folder"]

PATIENCE_MS = 10_000
"""The first may be busy opening its window; whoever waits for it longer opens his own."""
RETRY_SECONDS = 0.1
CALLER_MS = 2_000
"""So long a caller may take to say what he wants."""
TAKEN = b"taken\n"

_log = logging.getLogger(__name__)


def default_folder() -> Path:
    """Of this user alone, unlike the system's folder for what is temporary."""
    return user_cache_path("nam-a2-trainer", appauthor=False)


class SingleInstance(QObject):
    """Hands a request over, or takes those of later starts. ``folder`` is made if need be.

    ``problem`` is a sentence for the user where later starts will not find this window.
    """

    requested = Signal(object)
    """StartRequest: what a later start asks for."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.problem = ""
        self._folder = folder
        self._name = _server_name(folder)
        self._lock = filelock.FileLock(folder / "window.lock", blocking=False, thread_local=False)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)

    def hand_over(self, request: StartRequest) -> bool:
        """Whether the first has taken the request; if not, this start is to open a window.

        Takes at most ten seconds, and no time where this start is the first.
        """
        deadline = QDeadlineTimer(PATIENCE_MS)
        while not self._become_first():
            if self._is_taken(request.to_line(), deadline):
                return True
            if deadline.hasExpired():
                self.problem = self.tr(
                    "Another window of this program does not answer; this is a new one."
                )
                return False
            time.sleep(RETRY_SECONDS)
        return False

    @Slot()
    def stop(self) -> None:
        """The window goes: who starts from now on is the first."""
        self._server.close()
        for socket in self._server.findChildren(QLocalSocket):
            socket.abort()
        self._lock.release()

    def _become_first(self) -> bool:
        """Whether nobody else is. Where that cannot be known, every window is on its own."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout:
            return False
        except (NotImplementedError, OSError) as error:
            self._set_alone(str(error))
            return True
        QLocalServer.removeServer(self._name)
        if not self._server.listen(self._name):
            self._set_alone(self._server.errorString())
            self._lock.release()
        return True

    def _set_alone(self, reason: str) -> None:
        text = self.tr("Files that are opened from now on get a window of their own ({0}).")
        self.problem = text.format(reason)

    def _is_taken(self, line: bytes, deadline: QDeadlineTimer) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(deadline.remainingTime()):
            return False
        _let_others_come_to_the_front()
        socket.write(line)
        while socket.bytesAvailable() < len(TAKEN):
            if not socket.waitForReadyRead(deadline.remainingTime()):
                return False
        return bytes(socket.read(len(TAKEN)).data()) == TAKEN

    @Slot()
    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.setReadBufferSize(MAX_BYTES + 1)
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)
            patience = QTimer(socket, singleShot=True, interval=CALLER_MS)
            patience.timeout.connect(self._cut_off)
            patience.start()

    @Slot()
    def _cut_off(self) -> None:
        socket = self.sender().parent()
        assert isinstance(socket, QLocalSocket)
        socket.abort()

    @Slot()
    def _read(self) -> None:
        socket = self.sender()
        assert isinstance(socket, QLocalSocket)
        if not socket.canReadLine():
            if socket.bytesAvailable() > MAX_BYTES:
                _log.info("A request was refused: it is too long.")
                socket.abort()
            return
        try:
            request = StartRequest.from_line(bytes(socket.readLine().data()))
        except ConfigError as error:
            _log.info("A request was refused: %s", error)
            socket.abort()
            return
        socket.readyRead.disconnect(self._read)  # one is enough
        socket.write(TAKEN)
        socket.disconnectFromServer()
        self.requested.emit(request)


def _server_name(folder: Path) -> str:
    """A file in the folder; on Windows a name, among those of all users and programs."""
    if sys.platform != "win32":
        return str(folder / "window.socket")
    return f"nam-a2-trainer-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


def _let_others_come_to_the_front() -> None:
    """Windows allows that to what the user has started just now, which can pass it on."""
    if sys.platform == "win32":
        any_process = -1
        ctypes.windll.user32.AllowSetForegroundWindow(any_process)
