"""Which file? The questions of the window that the system's file dialogs answer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from nam_gui.pairing import SOUND_SUFFIXES

__all__ = ["ask_export_path", "ask_input", "ask_picture_path", "ask_recordings", "ask_signal_path"]


def ask_recordings(parent: QWidget) -> list[Path]:
    """Sound files to add; none where the user thinks better of it."""
    names, _ = QFileDialog.getOpenFileNames(parent, _tr("Add recordings"), "", _sound_filter())
    return [Path(name) for name in names]


def ask_input(parent: QWidget) -> Path | None:
    """What was played into the amp."""
    title = _tr("What did you play into the amp?")
    name, _ = QFileDialog.getOpenFileName(parent, title, "", _sound_filter())
    return Path(name) if name else None


def ask_signal_path(parent: QWidget) -> Path | None:
    """Where the test signal is to be written."""
    title = _tr("Save the test signal")
    return _ask_save(parent, title, Path(_tr("test signal.wav")), "WAV (*.wav)")


def ask_export_path(parent: QWidget, proposed: Path) -> Path | None:
    """Where a model is to be copied to."""
    return _ask_save(parent, _tr("Export the model"), proposed, _tr("NAM models (*.nam)"))


def ask_picture_path(parent: QWidget, proposed: Path) -> Path | None:
    """Where a picture of the curves is to be written."""
    return _ask_save(parent, _tr("Save a picture of the curves"), proposed, "PNG (*.png)")


def _ask_save(parent: QWidget, title: str, proposed: Path, kinds: str) -> Path | None:
    """The system asks before it lets an existing file be chosen."""
    name, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), kinds)
    if not name:
        return None
    path = Path(name)
    return path if path.suffix else path.with_suffix(proposed.suffix)


def _sound_filter() -> str:
    patterns = " ".join(f"*{suffix}" for suffix in sorted(SOUND_SUFFIXES))
    return _tr("Sound files ({0})").format(patterns)


def _tr(text: str) -> str:
    return QCoreApplication.translate("file_dialogs", text)
