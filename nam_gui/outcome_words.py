"""How a training is going and how it ended, in the few words that a desktop has room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from nam_gui.figures import esr_text, percent_text
from nam_gui.job import Job, JobState
from nam_gui.verdict_words import verdict_word

__all__ = ["OutcomeWords"]


class OutcomeWords(QObject):
    """Texts for the window's title and for notifications."""

    def title(self, job: Job, share: float, program: str) -> str:
        """61%, Twin crunch and NAM A2 Trainer, with dashes between them."""
        return " \N{EN DASH} ".join((percent_text(share), job.name, program))

    def ended(self, jobs: Sequence[Job]) -> str:
        """What came of the recordings that were trained one after the other."""
        if len(jobs) == 1:
            return self.one(jobs[0])
        trained = sum(job.state is not JobState.FAILED for job in jobs)
        failed = len(jobs) - trained
        parts = []
        if trained == 1:
            parts.append(self.tr("1 recording is trained"))
        elif trained:
            parts.append(self.tr("{0} recordings are trained").format(trained))
        if failed:
            parts.append(self.tr("{0} failed").format(failed))
        return ", ".join(parts)

    def one(self, job: Job) -> str:
        """Twin crunch: Full great (0.00430), Lite good (0.0112)."""
        if job.state is JobState.FAILED:
            text = self.tr("{name} could not be trained: {why}")
            return text.format(name=job.name, why=job.message)
        sizes = zip((self.tr("Lite"), self.tr("Full")), job.esr, strict=False)
        figures = [f"{size} {verdict_word(esr)} ({esr_text(esr)})" for size, esr in sizes]
        said = ", ".join(reversed(figures)) or self.tr("trained")
        return f"{job.name}: {said}"
