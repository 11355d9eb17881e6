"""How close a model sounds, in the user's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from nam_engine.verdict import Verdict, verdict

__all__ = ["match_word", "verdict_word"]


def verdict_word(esr: float) -> str:
    """As in "great"; the same bands as everywhere."""
    return {
        Verdict.GREAT: _tr("great"),
        Verdict.GOOD: _tr("good"),
        Verdict.MAY_DO: _tr("may do"),
        Verdict.POOR: _tr("poor"),
        Verdict.WRONG: _tr("something went wrong"),
    }[verdict(esr)]


def match_word(esr: float) -> str:
    """The same of a model from elsewhere: nothing need be wrong with it."""
    if verdict(esr) is Verdict.WRONG:
        return _tr("does not match this recording")
    return verdict_word(esr)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Verdict", text)
