"""A dialog that is as high as its page, where the screen is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

from nam_gui.style import SPACING

__all__ = ["PageDialog"]

CHARACTERS = 96
SCREEN_SHARE = 0.9


class PageDialog(QDialog):
    """Widgets go into ``page``; the dialog grows with them and scrolls on a low screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        content = QWidget()
        self.page = QVBoxLayout(content)
        self.page.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        self.page.setSpacing(2 * SPACING)
        self._content = content
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)
        content.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        wanted = CHARACTERS * self.fontMetrics().averageCharWidth()
        return self._size(max(wanted, self.page.totalMinimumSize().width()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        # Only ever grows: nothing jumps about while somebody works in it. Before it is shown,
        # a size that was set would stand against the hint. The event is asked first, because the
        # last ones come when there is no content any more.
        is_layout = event.type() is QEvent.Type.LayoutRequest and self.isVisible()
        if is_layout and watched is self._content:
            wider = max(self.width(), self.page.totalMinimumSize().width())
            self.resize(self.size().expandedTo(self._size(wider)))
        return super().eventFilter(watched, event)

    def _size(self, width: int) -> QSize:
        """So wide and as high as the page then is, but no larger than the screen has room for."""
        room = self.screen().availableSize() * SCREEN_SHARE
        width = min(width, room.width())
        return QSize(width, min(self.page.totalHeightForWidth(width), room.height()))
