"""A model that somebody made: what is in it, and how close it comes to a recording."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from nam_gui.coloured_label import ColouredLabel
from nam_gui.elided_label import ElidedLabel
from nam_gui.model_facts import ModelFacts, shortened
from nam_gui.model_words import ModelWords
from nam_gui.page_dialog import PageDialog
from nam_gui.plain_label import PlainLabel
from nam_gui.result_card import ScoreTable, SubmodelScore
from nam_gui.style import SPACING, Scheme
from nam_gui.verdict_words import match_word, verdict_word

__all__ = ["ModelWindow"]

TITLE_SCALE = 1.4
MAX_NAME_CHARACTERS = 40
# A label breaks lines between words only.
LONG_WORD = re.compile(r"(\S{24})(?=\S)")
BREAK = "\N{ZERO WIDTH SPACE}"


class ModelWindow(PageDialog):
    """Stays open beside the main window; Escape closes it."""

    try_requested = Signal()
    """Judge the model on the recording of :meth:`set_recording`."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.setWindowTitle(path.name)
        self._facts: ModelFacts | None = None
        self._recording: str | None = None
        self._tried_on = ""
        self.is_trying = False
        title = ElidedLabel(TITLE_SCALE)
        title.set_text(path.name)
        self.kind = PlainLabel(self.tr("Reading…"))
        self.problem = ColouredLabel(_warn)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._known = QWidget()
        self._trained = _Scores(verdict_word)
        self._tried = _Scores(match_word)
        self.try_button = QPushButton()
        self.try_button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.try_button.setAutoDefault(False)
        self.try_button.clicked.connect(self.try_requested)
        self.hint = PlainLabel("")
        self.page.addWidget(title)
        self.page.addWidget(self.kind)
        self.page.addWidget(self.problem)
        for part in (self._known, self._trained, self.try_button, self.hint, self._tried):
            self.page.addWidget(part)
        self.page.addStretch(1)
        self._show_what_can_be_tried()

    @Slot(object)
    def set_facts(self, facts: ModelFacts) -> None:
        """Show what the file holds."""
        self._facts = facts
        words = ModelWords(self)
        self.kind.setText(_breakable(words.kind(facts)))
        self.kind.setVisible(bool(self.kind.text()))
        self._show_problem(facts.problem)
        known = _table(words.rows(facts))
        self.page.replaceWidget(self._known, known)
        self._known.hide()
        self._known.deleteLater()
        self._known = known
        if facts.trained_esr:
            title = self.tr("How close it came in its training")
            self._trained.show_scores(title, self._with_titles(facts.trained_esr))
        self._show_what_can_be_tried()

    @Slot(str, str)
    def set_problem(self, message: str, remedy: str) -> None:
        """Why nothing can be told about it, and what to do."""
        self.kind.hide()
        self._show_problem(f"{message} {remedy}".rstrip())

    def _show_problem(self, sentence: str) -> None:
        self.problem.setText(f"! {_breakable(sentence)}")
        self.problem.setVisible(bool(sentence))

    def set_recording(self, name: str | None) -> None:
        """On which recording it could be tried; None for none."""
        self._recording = name
        self._show_what_can_be_tried()

    def show_trying(self) -> None:
        """It is being played over the present recording."""
        self.is_trying = True
        self._tried_on = self._recording or ""
        self._tried.hide()
        self._show_what_can_be_tried()

    @Slot(object)
    def show_tried(self, esr: Mapping[str, float]) -> None:
        """How close each size came, by submodel, the smallest first."""
        self.is_trying = False
        self._show_what_can_be_tried()
        title = self.tr("How close it comes to {0}").format(self._tried_on)
        self._tried.show_scores(title, self._with_titles(esr))

    @Slot(str, str)
    def show_failed(self, message: str, remedy: str) -> None:
        """Why it could not be tried, and what to do."""
        self.is_trying = False
        self._show_what_can_be_tried()
        self._say(f"! {message} {remedy}".rstrip())

    def _with_titles(self, esr: Mapping[str, float]) -> list[SubmodelScore]:
        """Called as the sizes, unless the file has others by now."""
        sizes = () if self._facts is None else self._facts.sizes
        titles = [size.title for size in sizes] if len(sizes) == len(esr) else list(esr)
        return [SubmodelScore(*score) for score in zip(titles, esr.values(), strict=True)]

    def _show_what_can_be_tried(self) -> None:
        is_playable = self._facts is not None and bool(self._facts.sizes)
        self.try_button.setVisible(is_playable)
        self.try_button.setEnabled(self._recording is not None and not self.is_trying)
        name = shortened(self._recording or self.tr("a recording"), MAX_NAME_CHARACTERS)
        self.try_button.setText(self.tr("Try it on {0}").format(name.replace("&", "&&")))
        if self.is_trying:
            self._say(self.tr("Playing…"))
        elif is_playable and self._recording is None:
            self._say(self.tr("To try it, choose an input and a recording in the main window."))
        else:
            self._say("")

    def _say(self, sentence: str) -> None:
        self.hint.setText(_breakable(sentence))
        self.hint.setVisible(bool(sentence))


class _Scores(QWidget):
    """A heading and a word for each size; hidden until there are any."""

    def __init__(self, word_of: Callable[[float], str]) -> None:
        super().__init__()
        self._word_of = word_of
        self._heading = PlainLabel("")
        font = self._heading.font()
        font.setBold(True)
        self._heading.setFont(font)
        self._table = ScoreTable(())
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(SPACING)
        self._rows.addWidget(self._heading)
        self._rows.addWidget(self._table)
        self.hide()

    def show_scores(self, heading: str, scores: Sequence[SubmodelScore]) -> None:
        self._heading.setText(_breakable(heading))
        table = ScoreTable(scores, self._word_of)
        self._rows.replaceWidget(self._table, table)
        self._table.hide()
        self._table.deleteLater()
        self._table = table
        self.setAccessibleName(f"{heading}: {table.summary}")
        self.show()


def _table(rows: Sequence[tuple[str, str]]) -> QWidget:
    """Titles and texts, which may be long."""
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * SPACING)
    grid.setVerticalSpacing(SPACING)
    grid.setColumnStretch(1, 1)
    for row, (title, text) in enumerate(rows):
        value = PlainLabel(_breakable(text))
        value.setAccessibleName(title)
        grid.addWidget(QLabel(title), row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, row, 1)
    return table


def _breakable(text: str) -> str:
    """With places where a long word may be broken: none makes the window wider."""
    return LONG_WORD.sub(rf"\1{BREAK}", text)


def _warn(scheme: Scheme) -> str:
    return scheme.warn
