"""A page about training on a GPU: which ones work, and what to do on this computer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from nam_engine.device_report import DeviceReport
from nam_gui.device_words import device_line
from nam_gui.page_dialog import PageDialog
from nam_gui.style import SPACING

__all__ = ["GpuHelp"]


class GpuHelp(PageDialog):
    """Headings and paragraphs that can be copied. Escape closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Training on a GPU"))
        self._add(
            "",
            self.tr(
                "Training on a graphics processor (GPU) can be much faster than on a processor."
                " Where there is one, both are timed when a training begins and the faster one"
                " trains. The models are as good."
            ),
        )
        self._found = self._add(self.tr("This computer"), self.tr("Looking for devices…"))
        self._add(
            self.tr("NVIDIA, on Windows and Linux"),
            self.tr(
                "Cards of the GTX 16 and RTX 20 series and all newer ones. Install the newest"
                " driver from nvidia.com/drivers and restart the computer; nothing else of"
                " NVIDIA's is needed. If the line above says that PyTorch was built without CUDA,"
                " this is the smaller edition of the program: take the one for NVIDIA, or, if you"
                " installed it with pip, install the PyTorch with CUDA that"
                " pytorch.org/get-started names."
            ),
        )
        self._add(
            self.tr("Apple"),
            self.tr(
                "Every Mac with an M1 or newer, with an up-to-date macOS. There is nothing to"
                " install."
            ),
        )
        self._add(
            self.tr("No such GPU?"),
            self.tr(
                "Everything works on the processor. Choose a shorter training under File >"
                " Settings, or close the window and let it train in the background. GPUs of"
                " AMD and Intel cannot be used."
            ),
        )
        self.page.addStretch(1)

    def set_devices(self, devices: Sequence[DeviceReport]) -> None:
        """What was found here, a line each."""
        self._found.setText("\n".join(device_line(device) for device in devices))

    def _add(self, heading: str, text: str) -> QLabel:
        section = QVBoxLayout()
        section.setSpacing(SPACING)
        if heading:
            title = QLabel(heading)
            font = title.font()
            font.setBold(True)
            title.setFont(font)
            section.addWidget(title)
        paragraph = QLabel(text)
        paragraph.setTextFormat(Qt.TextFormat.PlainText)
        paragraph.setWordWrap(True)
        paragraph.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        paragraph.setAccessibleName(heading)
        section.addWidget(paragraph)
        self.page.addLayout(section)
        return paragraph
