"""Progress on the button in the taskbar of Windows: ITaskbarList3, called through its table.

https://learn.microsoft.com/windows/win32/api/shobjidl_core/nn-shobjidl_core-itaskbarlist3
"""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import Any
from uuid import UUID

from PySide6.QtWidgets import QWidget

__all__ = ["WindowsTaskbar"]

TASKBAR_LIST = UUID("56fdf344-fd6d-11d0-958a-006097c9a090").bytes_le
ITASKBARLIST3 = UUID("ea1afb91-9e28-4b86-90e9-9e9f8a5eefaf").bytes_le
IN_PROCESS = 1
HR_INIT, SET_PROGRESS_VALUE, SET_PROGRESS_STATE = 3, 9, 10
"""Places in the table: three of IUnknown, five of ITaskbarList, one of ITaskbarList2 first."""
NO_PROGRESS, NORMAL = 0, 2
STEPS = 1000

_log = logging.getLogger(__name__)


class WindowsTaskbar:
    """Made when it is first needed; does nothing where Windows refuses it."""

    def __init__(self) -> None:
        self._list: ctypes.c_void_p | None = None
        self._is_refused = False

    def show_progress(self, window: QWidget, share: float | None) -> None:
        if sys.platform != "win32" or self._is_refused:
            return
        handle = ctypes.c_void_p(int(window.winId()))
        try:
            self._list = self._list or _make_list()
            state = ctypes.c_int(NO_PROGRESS if share is None else NORMAL)
            _call(self._list, SET_PROGRESS_STATE, handle, state)
            if share is not None:
                done, whole = ctypes.c_ulonglong(round(STEPS * share)), ctypes.c_ulonglong(STEPS)
                _call(self._list, SET_PROGRESS_VALUE, handle, done, whole)
        except OSError as error:
            self._is_refused = True
            _log.info("The taskbar shows no progress: %s", error)


def _make_list() -> ctypes.c_void_p:
    """Qt has begun COM in the window's thread. Raises OSError."""
    made = ctypes.c_void_p()
    create = ctypes.OleDLL("ole32").CoCreateInstance  # type: ignore[attr-defined,unused-ignore]
    create(TASKBAR_LIST, None, IN_PROCESS, ITASKBARLIST3, ctypes.byref(made))
    _call(made, HR_INIT)
    return made


def _call(com_object: ctypes.c_void_p, place: int, *values: Any) -> None:
    """A method of a COM object by its place in the table. Raises OSError."""
    table = ctypes.cast(com_object, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
    types: list[Any] = [ctypes.c_void_p, *(type(value) for value in values)]
    kind = ctypes.WINFUNCTYPE(ctypes.HRESULT, *types)  # type: ignore[attr-defined,unused-ignore]
    kind(table[place])(com_object, *values)
