"""Which file? The questions of the window that the system's file dialogs answer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from nam_engine.atomic import unused_path
from nam_gui.pairing import SOUND_SUFFIXES

__all__ = [
    "ask_export_folder",
    "ask_export_path",
    "ask_input",
    "ask_models",
    "ask_picture_path",
    "ask_recordings",
    "ask_signal_path",
]


def ask_recordings(parent: QWidget, folder: Path | None = None) -> list[Path]:
    """Sound files to add; none where the user thinks better of it."""
    return _ask_open(parent, _tr("Add recordings"), _sound_filter(), folder)


def ask_models(parent: QWidget) -> list[Path]:
    """Models to look at."""
    return _ask_open(parent, _tr("Open a model"), _model_filter())


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
    return _ask_save(parent, _tr("Export the model"), proposed, _model_filter())


def ask_export_folder(parent: QWidget, folder: Path) -> Path | None:
    """Where several models are to be copied to."""
    title = _tr("Export the models into this folder")
    name = QFileDialog.getExistingDirectory(parent, title, str(folder))
    return Path(name) if name else None


def ask_picture_path(parent: QWidget, proposed: Path) -> Path | None:
    """Where a picture of the curves is to be written."""
    return _ask_save(parent, _tr("Save a picture of the curves"), proposed, "PNG (*.png)")


def _ask_open(parent: QWidget, title: str, kinds: str, folder: Path | None = None) -> list[Path]:
    names, _ = QFileDialog.getOpenFileNames(parent, title, str(folder or ""), kinds)
    return [Path(name) for name in names]


def _ask_save(parent: QWidget, title: str, proposed: Path, kinds: str) -> Path | None:
    """The system asks before it lets an existing file be chosen."""
    name, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), kinds)
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower() == proposed.suffix:
        return path
    # About a file with the ending nobody has asked.
    return unused_path(path.with_name(path.name + proposed.suffix))


def _sound_filter() -> str:
    patterns = " ".join(f"*{suffix}" for suffix in sorted(SOUND_SUFFIXES))
    return _tr("Sound files ({0})").format(patterns)


def _model_filter() -> str:
    return _tr("NAM models (*.nam)")


def _tr(text: str) -> str:
    return QCoreApplication.translate("file_dialogs", text)
