"""What the window calls the devices that can train."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from nam_engine.device_report import DeviceReport

__all__ = ["device_line", "device_title", "is_gpu_missing", "short_name", "trains_on"]


def device_line(device: DeviceReport) -> str:
    """What it is and whether it can be used."""
    title = device_title(device.name)
    if device.problem:
        text = _tr("{title} - not used: {problem}")
        return text.format(title=title, problem=device.problem)
    if device.description == title:
        return _tr("{title} - ready").format(title=title)
    text = _tr("{title}: {description} - ready")
    return text.format(title=title, description=device.description)


def device_title(name: str) -> str:
    """The words for one of ``device_report.DEVICES``."""
    return {
        "auto": _tr("The fastest"),
        "cpu": _tr("Processor"),
        "cuda": _tr("NVIDIA GPU"),
        "mps": _tr("Apple GPU"),
    }[name]


def short_name(description: str) -> str:
    """The engine's words without what only an expert asks for: how many threads."""
    return description.partition(",")[0]


def trains_on(devices: Sequence[DeviceReport], wanted: str) -> str:
    """What a training would run on, by the setting; empty where that cannot be used.

    Where there is a choice, a training makes it when it begins.
    """
    usable = [d for d in devices if d.usable and wanted in ("auto", d.name)]
    return _tr(" or ").join(short_name(device.description) for device in usable)


def is_gpu_missing(devices: Sequence[DeviceReport]) -> bool:
    """Whether nothing but the processor can train; not before that is known."""
    return bool(devices) and not any(d.usable for d in devices if d.name != "cpu")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Devices", text)
