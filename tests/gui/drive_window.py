"""The program, used as a guitarist would: run by test_end_to_end.py in a process of its own.

    python drive_window.py INPUT RECORDING EXPORTED

Drops the pair, trains two epochs, stops, exports and closes. Any fault ends the process with
what is wrong, and a status that is not 0.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import drops
import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt, QTimer, QtMsgType, Slot, qInstallMessageHandler
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from nam_gui import app, exporter, main_window

POLL_MS = 20
STEP_SECONDS = 60.0

Condition = Callable[[], bool]


class DrivenWindow(main_window.MainWindow):
    """Does the script's steps, each when what it waits for has come."""

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._script = script(self, [Path(path) for path in sys.argv[1:3]])
        self._condition: Condition = self.isVisible
        self._deadline = time.monotonic() + STEP_SECONDS
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    @Slot()
    def _go_on(self) -> None:
        try:
            if self._condition():
                self._condition = next(self._script)
                self._deadline = time.monotonic() + STEP_SECONDS
            assert time.monotonic() < self._deadline, f"in vain: {self._condition}"
        except StopIteration:
            self._timer.stop()
        except Exception:  # noqa: BLE001 (Qt would only print it and go on)
            fail(traceback.format_exc())


def script(window: DrivenWindow, paths: Sequence[Path]) -> Iterator[Condition]:
    assert QApplication.platformName() == "xcb"
    controller, curves = window.controller, window.page.curves
    data = drops.files(*paths)
    assert drops.drag_enter(window, data).isAccepted()
    assert drops.drop(window, data).isAccepted()
    yield lambda: controller.can_train
    assert controller.input_path == paths[0]
    assert [job.recording for job in controller.queue.jobs()] == [paths[1]]

    click(window.run_bar.primary)
    yield lambda: curves.isVisible() and controller.training_job in controller.runs
    history = controller.runs[controller.queue.jobs()[0].id].history
    yield lambda: points_drawn(curves) == 2 * len(history) >= 2
    points, picture = points_drawn(curves), on_screen(curves)
    yield lambda: points_drawn(curves) == 2 * len(history) > points
    yield lambda: on_screen(curves) != picture  # it comes to the screen a moment later
    assert on_screen(curves).size() == picture.size()

    click(button(window, "Stop and keep the best"))
    yield lambda: not controller.is_training
    (job,) = controller.queue.jobs()
    assert len(job.esr) == 2, job.message
    yield window.page.result.isVisible
    click(button(window.page.result, "Export"))
    yield lambda: Path(sys.argv[3]).is_file()
    assert "torch" in sys.modules  # it was the real one
    window.close()
    yield lambda: not window.isVisible()


def click(target: QPushButton) -> None:
    assert target.isVisible(), target.text()
    assert target.isEnabled(), target.text()
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


def button(within: QWidget, text: str) -> QPushButton:
    """The one that is seen and whose text begins so."""
    (found,) = (
        b
        for b in within.findChildren(QPushButton)
        if b.isVisible() and b.text().replace("&", "").startswith(text)
    )
    return found


def points_drawn(curves: QWidget) -> int:
    lines = curves._main._curves  # type: ignore[attr-defined]
    return sum(int(np.isfinite(line.getData()[1]).sum()) for line in lines)


def on_screen(widget: QWidget) -> QImage:
    """What the X server shows of it: a piece of the root window."""
    place = QRect(widget.mapToGlobal(QPoint()), widget.size())
    picture = widget.screen().grabWindow(0, place.x(), place.y(), place.width(), place.height())
    return picture.toImage()


def fail(what: str) -> None:
    """At once: threads of a training may be running."""
    sys.stderr.write(what)
    sys.stderr.flush()
    os._exit(1)


def on_message(kind: QtMsgType, _context: object, message: str) -> None:
    if kind is not QtMsgType.QtDebugMsg:
        fail(f"Qt says: {message}\n")


def main() -> int:
    qInstallMessageHandler(on_message)
    app.MainWindow = DrivenWindow  # type: ignore[misc]
    exporter.ask_export_path = lambda *_: Path(sys.argv[3])
    return app.main([])


if __name__ == "__main__":
    sys.exit(main())
