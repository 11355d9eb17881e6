"""Files and folders dropped on a widget."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

__all__ = ["FileDrops"]

DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class FileDrops(QObject):
    """Makes a widget, and what lies in it, accept files and folders.

    What a widget inside accepts itself (rows of its own, or files, where it has
    ``FileDrops`` too) does not get here.
    """

    dropped = Signal(list)
    """list[Path], in the order they came."""
    hovering = Signal(bool)
    """Whether files that would be accepted are held over the widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.DragLeave:
            self.hovering.emit(False)
            return False
        if not isinstance(event, QDropEvent):
            return False
        paths = _local_paths(event.mimeData())
        if not paths:
            return False
        # Never a move: the file manager would delete the files.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() in DRAGS:
            self.hovering.emit(True)
        else:
            self.hovering.emit(False)
            self.dropped.emit(paths)
        return True


def _local_paths(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
