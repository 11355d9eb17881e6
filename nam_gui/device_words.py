"""What the window calls the devices that can train."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

__all__ = ["device_line", "device_title"]


def device_title(name: str) -> str:
    """The words for one of ``settings.DEVICES``."""
    return {
        "auto": _tr("Automatic"),
        "cpu": _tr("Processor"),
        "cuda": _tr("NVIDIA GPU"),
        "mps": _tr("Apple GPU"),
    }[name]


def device_line(name: str, description: str, problem: str) -> str:
    """What a device is and whether it can be used; an empty ``problem`` says that it can."""
    title = device_title(name)
    if problem:
        return _tr("{title} - not used: {problem}").format(title=title, problem=problem)
    if description == title:
        return _tr("{title} - ready").format(title=title)
    return _tr("{title}: {description} - ready").format(title=title, description=description)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Devices", text)
