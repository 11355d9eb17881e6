"""What is in a model, in the words of those who play it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from nam_gui.figures import milliseconds_text
from nam_gui.model_facts import ModelFacts

__all__ = ["ModelWords"]

USUAL_RATE_HZ = 48_000


class ModelWords(QObject):
    """Texts about a :class:`ModelFacts`."""

    def kind(self, facts: ModelFacts) -> str:
        """One or two sentences: what it is and where Slim switches."""
        if not facts.sizes:
            return self._unplayable(facts)
        if len(facts.sizes) == 1:
            return self.tr("One size: {0}.").format(facts.sizes[0].title)
        titles = ", ".join(size.title for size in facts.sizes[:-1])
        text = self.tr("One file with {0} sizes: {1} and {2}.")
        sentences = [text.format(len(facts.sizes), titles, facts.sizes[-1].title)]
        below = self.tr("{0} plays while Slim is below {1:.0%}")
        parts = [below.format(size.title, size.max_value) for size in facts.sizes[:-1]]
        parts.append(self.tr("{0} from there up").format(facts.sizes[-1].title))
        sentences.append(f"{', '.join(parts)}.")
        return " ".join(sentences)

    def rows(self, facts: ModelFacts) -> list[tuple[str, str]]:
        """Titles and what is known, in the order in which people ask."""
        texts, numbers = facts.texts, facts.numbers
        day = facts.day
        level, loudness = self.tr("{0:.3g} dBu"), self.tr("{0:.3g} dB")
        rows = [
            (self.tr("Name"), texts.get("name", "")),
            (self.tr("Modeled by"), texts.get("modeled_by", "")),
            (self.tr("Gear"), self._gear(facts)),
            (self.tr("Tone"), texts.get("tone_type", "").replace("_", " ")),
            (self.tr("Input level"), _figure(level, numbers.get("input_level_dbu"))),
            (self.tr("Output level"), _figure(level, numbers.get("output_level_dbu"))),
            (self.tr("Loudness"), _figure(loudness, numbers.get("loudness"))),
            (self.tr("Gain"), _figure("{0:.3g}", numbers.get("gain"))),
            (self.tr("Date"), "" if day is None else day.isoformat()),
            (self.tr("Sample rate"), _figure(self.tr("{0:g} kHz"), self._rate_khz(facts))),
        ]
        rows += [(size.title, self._size(facts, i)) for i, size in enumerate(facts.sizes)]
        return [(title, text) for title, text in rows if text]

    def _unplayable(self, facts: ModelFacts) -> str:
        if not facts.architecture:
            return ""
        if facts.weights is None:
            return self.tr("Its kind: {0}.").format(facts.architecture)
        text = self.tr("Its kind: {0}, with {1} weights.")
        return text.format(facts.architecture, f"{facts.weights:,}")

    def _gear(self, facts: ModelFacts) -> str:
        gear = " ".join(facts.texts.get(key, "") for key in ("gear_make", "gear_model")).strip()
        kind = facts.texts.get("gear_type", "").replace("_", " + ")
        return self.tr("{0} ({1})").format(gear, kind) if gear and kind else gear or kind

    def _rate_khz(self, facts: ModelFacts) -> float | None:
        return None if facts.sample_rate_hz is None else facts.sample_rate_hz / 1000

    def _size(self, facts: ModelFacts, index: int) -> str:
        size = facts.sizes[index]
        memory = milliseconds_text(
            size.receptive_field_samples, facts.sample_rate_hz or USUAL_RATE_HZ
        )
        text = self.tr("{0} weights, hears {1} back ({2} samples)")
        return text.format(f"{size.weights:,}", memory, f"{size.receptive_field_samples:,}")


def _figure(text: str, value: float | None) -> str:
    return "" if value is None else text.format(value)
