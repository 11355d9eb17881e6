"""The first window: it says what the app is for and what works today."""

from __future__ import annotations

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QMainWindow, QTextBrowser

__all__ = ["MainWindow"]

MARGIN = 48

# Sizes are relative to the system font, colours are the palette's.
PAGE = """
<h1>Turn a recording of your amp into a .nam file</h1>
<ol>
<li>Play a test signal through your amp and record what comes out.</li>
<li>Drop the test signal and the recording here.</li>
<li>Watch both model sizes get closer to your amp.</li>
<li>Export one file that plays in every NAM plugin.</li>
</ol>
<p>This window is not finished yet. In a terminal everything above works today:</p>
<pre>nam-engine train INPUT.wav RECORDING.wav -o FOLDER</pre>
<p>No recording at hand? <code>nam-engine demo</code> trains a built-in amp.</p>
"""


class MainWindow(QMainWindow):
    """A calm page of text that wraps and scrolls; the command can be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("NAM A2 Trainer")
        self.resize(960, 540)
        page = QTextBrowser()
        page.setFrameShape(QFrame.Shape.NoFrame)
        font = page.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        page.setFont(font)
        page.setHtml(PAGE)
        page.document().setDocumentMargin(MARGIN)
        self.setCentralWidget(page)
        file_menu = self.menuBar().addMenu("&File")
        quit_action = QAction("&Quit", self)
        quit_action.setShortcut(QKeySequence.StandardKey.Quit)
        quit_action.triggered.connect(self.close)
        file_menu.addAction(quit_action)
