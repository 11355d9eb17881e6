"""What a training has won, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nam_engine.presets import A2_CHANNELS
from nam_engine.verdict import Verdict, verdict
from nam_gui.coloured_label import ColouredLabel
from nam_gui.elided_label import ElidedLabel
from nam_gui.figures import esr_text
from nam_gui.flow_layout import FlowLayout
from nam_gui.sentence import sentence
from nam_gui.style import SPACING, Scheme, submodel_title
from nam_gui.verdict_words import verdict_word

__all__ = ["ResultCard", "ScoreTable", "SubmodelScore"]

TITLE_SCALE = 1.4


@dataclass(frozen=True)
class SubmodelScore:
    """The ESR of a submodel and the epoch that reached it, where that is known."""

    name: str
    esr: float
    epoch: int | None = None


class ResultCard(QWidget):
    """Figures, findings and the file of one training that has ended; empty until there is one."""

    export_requested = Signal()
    listen_requested = Signal()
    train_more_requested = Signal()
    show_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ElidedLabel(TITLE_SCALE)
        self._failure = ColouredLabel(_stop)
        self._scores = ScoreTable(())
        self._sizes = QLabel(
            self.tr(
                "One file holds both sizes: Full comes closest to your amp, Lite is easier on the"
                " computer. Plugins open the file at Lite; turn Slim past the middle to hear Full."
            )
        )
        self._probed = ColouredLabel(_good)
        for text in (self._failure, self._sizes, self._probed):
            text.setWordWrap(True)
            text.setTextFormat(Qt.TextFormat.PlainText)
        self._path = ElidedLabel()
        buttons = FlowLayout()
        self.export = self._button(self.tr("Export…"), self.export_requested)
        self._train_more = self._button(self.tr("Train more"), self.train_more_requested)
        for button in (
            self.export,
            self._button(self.tr("Listen"), self.listen_requested),
            self._train_more,
            self._button(self.tr("Show in folder"), self.show_requested),
        ):
            buttons.addWidget(button)

        self._content = QWidget()
        self._column = column = QVBoxLayout(self._content)
        column.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        column.addWidget(self._title)
        column.addWidget(self._failure)
        column.addWidget(self._scores)
        column.addWidget(self._sizes)
        column.addWidget(self._probed)
        column.addWidget(self._path)
        column.addLayout(buttons)
        column.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._content)
        self.clear()

    def set_result(
        self,
        title: str,
        submodels: Sequence[SubmodelScore],
        probes_text: Sequence[str] | None,
        path: Path,
        failure: str = "",
    ) -> None:
        """Show the training ``title``, saved as ``path``.

        ``submodels`` are smallest first; ``probes_text`` are sentences on what is wrong with
        the model, none where all is well, None where nobody has tried it out. ``failure`` is
        what the training failed with: what there is was saved before.
        """
        self._title.set_text(title)
        self._failure.setText(sentence(failure))
        self._failure.setVisible(bool(failure))
        self._train_more.setVisible(not failure)  # Train again goes on where it failed
        scores = ScoreTable(submodels)
        self._column.replaceWidget(self._scores, scores)
        self._scores.hide()  # it goes only when there is nothing else to do
        self._scores.deleteLater()
        self._scores = scores
        self._sizes.setVisible({s.name for s in submodels} == set(A2_CHANNELS))
        if any(score.epoch == 0 for score in submodels):  # what is wrong then says nothing
            probes_text = [self.tr("It had hardly begun: train more before you judge it.")]
        if probes_text:
            self._probed.setText("\n".join(f"! {sentence}" for sentence in probes_text))
        else:
            self._probed.setText(self.tr("It starts on time and is quiet when you are."))
        self._probed.setVisible(probes_text is not None)
        self._probed.set_colour(_warn if probes_text else _good)
        self._path.set_text(self.tr("Saved as {path}").format(path=path))
        self.setAccessibleName(title)
        self.setAccessibleDescription(scores.summary)
        self._content.show()

    def clear(self) -> None:
        """Show nothing."""
        self._content.hide()
        self.setAccessibleName("")
        self.setAccessibleDescription("")

    def _button(self, text: str, requested: SignalInstance) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(requested)
        return button


class ScoreTable(QWidget):
    """A line for each submodel, the largest first; ``summary`` says the same in a sentence.

    ``word_of`` is what to call an ESR.
    """

    def __init__(
        self,
        submodels: Sequence[SubmodelScore],
        word_of: Callable[[float], str] = verdict_word,
    ) -> None:
        super().__init__()
        table = QGridLayout(self)
        table.setContentsMargins(0, 0, 0, 0)
        table.setHorizontalSpacing(2 * SPACING)
        table.setVerticalSpacing(SPACING)
        table.setColumnStretch(4, 1)
        said = []
        for row, (index, score) in enumerate(reversed(list(enumerate(submodels)))):
            judged = verdict(score.esr)
            dot = ColouredLabel(partial(_of_submodel, index))
            dot.setText("\N{BLACK CIRCLE}")
            word = ColouredLabel(_COLOURS[judged])
            word.setText(self.tr("too early to tell") if score.epoch == 0 else word_of(score.esr))
            figure = QLabel(self.tr("ESR {0}").format(esr_text(score.esr)))
            figure.setToolTip(
                self.tr("How close it sounds: the share of the recording that the model misses")
            )
            epoch = QLabel()
            if score.epoch is not None:
                epoch.setText(self.tr("epoch {epoch}").format(epoch=score.epoch))
            epoch.setWordWrap(True)
            epoch.setToolTip(self.tr("The epoch after which it was best; that state was kept"))
            name = QLabel(submodel_title(score.name))
            name.setTextFormat(Qt.TextFormat.PlainText)
            for label in (name, word):
                font = label.font()
                font.setBold(True)
                label.setFont(font)
            figure.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            for column, label in enumerate((dot, name, word, figure, epoch)):
                table.addWidget(label, row, column)
            said.append(f"{name.text()}: {word.text()}, {figure.text()}")
        self.summary = "; ".join(said)


def _good(scheme: Scheme) -> str:
    return scheme.good


def _warn(scheme: Scheme) -> str:
    return scheme.warn


def _stop(scheme: Scheme) -> str:
    return scheme.stop


def _of_submodel(index: int, scheme: Scheme) -> str:
    return scheme.submodels[index % len(scheme.submodels)]


_COLOURS: dict[Verdict, Callable[[Scheme], str]] = {
    Verdict.GREAT: _good,
    Verdict.GOOD: _good,
    Verdict.MAY_DO: _warn,
    Verdict.POOR: _stop,
    Verdict.WRONG: _stop,
}
