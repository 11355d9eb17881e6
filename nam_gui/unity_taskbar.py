"""Progress in the docks of Linux that listen to Unity's signal: KDE, Ubuntu's, Dash to Dock.

https://wiki.ubuntu.com/Unity/LauncherAPI#Low_level_DBus_API:_com.canonical.Unity.LauncherEntry
"""

from __future__ import annotations

from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

__all__ = ["UnityTaskbar"]

PATH = "/com/canonical/unity/launcherentry/1"
INTERFACE = "com.canonical.Unity.LauncherEntry"


class UnityTaskbar:
    """The dock knows the program by the name of its desktop file."""

    def show_progress(self, _window: QWidget, share: float | None) -> None:
        name = QGuiApplication.desktopFileName()
        bus = QDBusConnection.sessionBus()
        if not name or not bus.isConnected():
            return
        message = QDBusMessage.createSignal(PATH, INTERFACE, "Update")
        shown = {"progress": share or 0.0, "progress-visible": share is not None}
        message.setArguments([f"application://{name}.desktop", shown])
        bus.send(message)
