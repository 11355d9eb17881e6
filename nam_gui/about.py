"""What this program is, and what it runs on."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import QSysInfo, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QWidget

from nam_engine import __version__
from nam_engine.device_report import DeviceReport
from nam_gui.device_words import device_line
from nam_gui.elided_label import ElidedLabel
from nam_gui.flow_layout import FlowLayout
from nam_gui.licences_window import LicencesWindow
from nam_gui.page_dialog import PageDialog
from nam_gui.plain_label import PlainLabel

__all__ = ["AboutDialog"]

NAME = "NAM A2 Trainer"
TITLE_SCALE = 1.5


class AboutDialog(PageDialog):
    """Versions, devices and the licence; all but the licence can be copied. Escape closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About {name}").format(name=NAME))
        self._versions = _versions()
        title = ElidedLabel(TITLE_SCALE)
        title.set_text(f"{NAME} {__version__}")
        versions = PlainLabel("\n".join(self._versions))
        versions.setAccessibleName(self.tr("Versions"))
        self._devices = PlainLabel(self.tr("Looking for devices…"))
        self._devices.setAccessibleName(self.tr("Devices"))
        purpose = PlainLabel(
            self.tr("Turns a recording of your amp into a .nam file for Neural Amp Modeler.")
        )
        licence = PlainLabel(
            self.tr("Free software under the MIT licence; it comes with no warranty.")
        )
        self._copy = QPushButton(self.tr("&Copy for a bug report"))
        self._copy.clicked.connect(self._copy_all)
        self.licences = LicencesWindow(self)
        read_licences = QPushButton(self.tr("&Licences of the libraries…"))
        read_licences.clicked.connect(self.licences.open_text)
        buttons = FlowLayout()
        buttons.addWidget(self._copy)
        buttons.addWidget(read_licences)
        for label in (title, purpose, versions, self._devices, licence):
            self.page.addWidget(label)
        self.page.addLayout(buttons)
        self.page.addStretch(1)

    def set_devices(self, devices: Sequence[DeviceReport]) -> None:
        """One line for each device."""
        self.set_devices_text("\n".join(device_line(device) for device in devices))

    def set_devices_text(self, text: str) -> None:
        """Why nothing is known of them."""
        self._devices.setText(text)

    def _copy_all(self) -> None:
        lines = [f"{NAME} {__version__}", *self._versions, self._devices.text()]
        QGuiApplication.clipboard().setText("\n".join(lines))


def _versions() -> list[str]:
    """The same words in every language: they are for those who read the report."""
    return [
        f"Python {platform.python_version()}",
        f"Qt {qVersion()}",
        f"PyTorch {_pytorch_version()}",
        f"{QSysInfo.prettyProductName()} ({QSysInfo.currentCpuArchitecture()})",
    ]


def _pytorch_version() -> str:
    # Importing it to ask would take seconds.
    try:
        return version("torch")
    except PackageNotFoundError:
        return "?"
