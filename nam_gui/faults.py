"""Faults of this program: none vanishes in a terminal that nobody has, none is thrown at the user.

All of them go through Python's logging, to its file and to the log window; what nobody has
caught is told in a sentence as well.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from nam_gui.controller import Controller
from nam_gui.log_files import OURS

if TYPE_CHECKING:  # a name of the type checker's: it is no class that could be imported
    from sys import UnraisableHookArgs

__all__ = ["Faults"]

QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_log = logging.getLogger(__name__)
_qt_log = logging.getLogger("qt")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Faults(QObject):
    """Catches what nothing else has caught, in any thread, from :meth:`install` on."""

    happened = Signal(str)
    """A sentence for the user."""
    recorded = Signal(str)
    """For the log window: a warning or a fault with all its details."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._latest = ""
        self._handler = _ToSignal(self)

    def install(self) -> None:
        for name in OURS:
            logging.getLogger(name).addHandler(self._handler)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        sys.unraisablehook = self._unraisable
        qInstallMessageHandler(_qt_said)

    def uninstall(self) -> None:
        """As Python and Qt are without us."""
        for name in OURS:
            logging.getLogger(name).removeHandler(self._handler)
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        sys.unraisablehook = sys.__unraisablehook__
        qInstallMessageHandler(None)

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._tell("A fault", (kind, error, trace))

    def _uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            trace = args.exc_traceback
            self._tell("A fault in a thread", (args.exc_type, args.exc_value, trace))

    def _unraisable(self, args: UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            trace = args.exc_traceback
            self._tell(f"A fault in {args.object!r}", (args.exc_type, args.exc_value, trace))

    def _tell(self, where: str, fault: ExceptionInfo) -> None:
        kind, error, trace = fault
        words = f"{kind.__name__}: {error}".rstrip(": ")
        place = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        # What happens with every redrawing is told once.
        if (told := f"{words} {place}") != self._latest:
            self._latest = told
            _log.error(where, exc_info=fault)
            self.happened.emit(self._sentence(words))

    def _sentence(self, fault: str) -> str:
        parts = [self.tr("A fault of this program: {0}.").format(fault)]
        if self._controller.is_training:
            parts.append(self.tr("The training goes on."))
        parts.append(self.tr("View > What has happened has the details to report."))
        return " ".join(parts)


class _ToSignal(logging.Handler):
    """Hands records to the window's thread."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self._faults.recorded.emit(self.format(record))


def _qt_said(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    category = f"{context.category}: " if context.category else ""
    _qt_log.log(QT_LEVELS[kind], "%s%s", category, message)
