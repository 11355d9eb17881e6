"""What the window calls the devices that can train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

__all__ = ["Device", "device_title", "is_gpu_missing", "short_name", "trains_on"]


@dataclass(frozen=True)
class Device:
    """One of ``settings.DEVICES``; an empty ``problem`` says that it can be used."""

    name: str
    description: str
    problem: str = ""

    @property
    def line(self) -> str:
        """What it is and whether it can be used."""
        title = device_title(self.name)
        if self.problem:
            text = _tr("{title} - not used: {problem}")
            return text.format(title=title, problem=self.problem)
        if self.description == title:
            return _tr("{title} - ready").format(title=title)
        text = _tr("{title}: {description} - ready")
        return text.format(title=title, description=self.description)


def device_title(name: str) -> str:
    """The words for one of ``settings.DEVICES``."""
    return {
        "auto": _tr("Automatic"),
        "cpu": _tr("Processor"),
        "cuda": _tr("NVIDIA GPU"),
        "mps": _tr("Apple GPU"),
    }[name]


def short_name(description: str) -> str:
    """The engine's words without what only an expert asks for: how many threads."""
    return description.partition(",")[0]


def trains_on(devices: Sequence[Device], wanted: str) -> str:
    """What a training would run on, by the setting; empty where that cannot be used."""
    usable = (d for d in devices if not d.problem and wanted in ("auto", d.name))
    return next((short_name(device.description) for device in usable), "")


def is_gpu_missing(devices: Sequence[Device]) -> bool:
    """Whether nothing but the processor can train; not before that is known."""
    return bool(devices) and all(d.problem for d in devices if d.name != "cpu")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Devices", text)
