"""The start of the desktop app."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication

from nam_gui.main_window import MainWindow

__all__ = ["main"]


def main() -> int:
    """Open the window; returns the exit status."""
    app = QApplication(sys.argv)
    app.setApplicationName("NAM A2 Trainer")
    window = MainWindow()
    window.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
