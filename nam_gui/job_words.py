"""What is said about the jobs of the queue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QLocale, QObject, QTime

from nam_engine.findings import Severity
from nam_gui.figures import milliseconds_text
from nam_gui.job import Job, JobState

__all__ = ["JobWords"]

TO_TRAIN = (JobState.QUEUED, JobState.TRAINING, JobState.PAUSED)
TO_LOOK_AT = (JobState.HAS_FINDINGS, JobState.BLOCKED)


class JobWords(QObject):
    """Texts about one job or all of them."""

    def checks(self, job: Job) -> str:
        """How many warnings and stops there are; nothing before the check."""
        if job.report is None:
            return ""
        count = sum(f.severity is not Severity.INFO for f in job.report.findings)
        if not count:
            return self.tr("good")
        if count == 1:
            return self.tr("1 finding")
        return self.tr("{0} findings").format(count)

    def delay(self, job: Job) -> str:
        """In milliseconds where the rate is known, and who says so."""
        samples = job.latency_samples
        if samples is None:
            if job.report is None:
                return ""
            return milliseconds_text(job.report.latency_samples, job.report.sample_rate_hz)
        if job.report is None:
            return self.tr("{0} samples, yours").format(samples)
        text = milliseconds_text(samples, job.report.sample_rate_hz)
        return self.tr("{0}, yours").format(text)

    def tip(self, job: Job) -> str:
        """What is known beyond the cells: the message, what was found, the time left."""
        lines = [job.message] if job.message else []
        if job.report is not None:
            lines += [f.message for f in job.report.findings if f.severity is not Severity.INFO]
        if job.state is JobState.TRAINING and math.isfinite(job.seconds_left):
            lines.append(self.tr("{0} left").format(self.about(job.seconds_left)))
        return "\n".join(lines)

    def summary(self, jobs: Sequence[Job], now: datetime) -> str:
        """4 recordings, 1 done, about 12 min left, finished at 14:52."""

        def count(*states: JobState) -> int:
            return sum(job.state in states for job in jobs)

        one, many = self.tr("1 recording"), self.tr("{0} recordings")
        parts = [one if len(jobs) == 1 else many.format(len(jobs))]
        for states, text in (
            ((JobState.DONE,), self.tr("{0} done")),
            (TO_LOOK_AT, self.tr("{0} to look at")),
            ((JobState.FAILED,), self.tr("{0} failed")),
        ):
            if found := count(*states):
                parts.append(text.format(found))
        seconds_left = sum(job.seconds_left for job in jobs if job.state in TO_TRAIN)
        if count(*TO_TRAIN) and math.isfinite(seconds_left):
            parts.append(self.tr("{0} left").format(self.about(seconds_left)))
            # A paused training ends nobody knows when.
            if not count(JobState.PAUSED):
                end = now + timedelta(seconds=seconds_left)
                clock = QLocale().toString(
                    QTime(end.hour, end.minute), QLocale.FormatType.ShortFormat
                )
                parts.append(self.tr("finished at {0}").format(clock))
        return ", ".join(parts)

    def about(self, seconds: float) -> str:
        """Rounded as far as anybody can know it."""
        if seconds < 59.5:
            return self.tr("about {0} s").format(max(1, round(seconds)))
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.tr("about {0} min").format(minutes)
        return self.tr("about {0} h {1} min").format(*divmod(minutes, 60))
