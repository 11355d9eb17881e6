"""Which of the dropped files is the input, and which are recordings of it?

No Qt here: sorting reads every sound file, so it happens in the background.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nam_engine.audio import Recording, read_recording
from nam_engine.errors import AudioError
from nam_engine.signals import Match, Recognised, recognise

__all__ = ["MAX_FILES", "SOUND_SUFFIXES", "Sorted", "sort_files"]

SOUND_SUFFIXES = frozenset((".wav", ".wave", ".flac", ".aif", ".aiff", ".w64", ".rf64"))
MODEL_SUFFIX = ".nam"
MAX_FILES = 200

# Whole words, as people name the file that they play.
INPUT_WORDS = re.compile(
    r"(?<![a-z])(input|di|dry|reamp|sweep|(test|capture)[ _-]?signal)(?![a-z])", re.IGNORECASE
)

# How much of a blip's energy lies close to its peak: all but a thousandth in an input that
# was resampled, at most 0.986 in what 14 random rigs made of it.
MIN_BLIP_SHARE = 0.995
CLOSE_SECONDS = 0.0005
BEFORE_SECONDS, AFTER_SECONDS = 0.01, 0.02

Ignored = tuple[Path, str]


@dataclass(frozen=True)
class Sorted:
    """What was dropped, told apart.

    ``input`` is the one to use from now on: found among the files, else the known one.
    ``ignored`` has a sentence why for each. A ``question`` is to be put to the user: which
    of ``recordings``, in which the candidates are then, is the input?
    """

    input: Path | None = None
    recordings: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    question: str = ""


def sort_files(
    paths: Sequence[Path], known_input: Path | None, should_stop: Callable[[], bool]
) -> Sorted:
    """Tell inputs from recordings and models; folders are searched one level deep.

    An input is what ``signals.recognise`` knows and no amp has touched, else, where no
    input is known yet, the only file whose name says so. At most 200 files are looked at.
    After a stop the rest is left out: nobody waits for the answer.
    """
    ignored: list[Ignored] = []
    files = _collect(paths, ignored, should_stop)
    models = tuple(path for path in files if path.suffix.lower() == MODEL_SUFFIX)
    originals: list[Path] = []
    takes: list[Path] = []
    for path in files:
        if path in models or _is_same(path, known_input):
            continue
        if should_stop():
            break
        try:
            recording = read_recording(path)
        except AudioError as error:
            ignored.append((path, str(error)))
            continue
        takes.append(path)
        if _is_original(recording):
            originals.append(path)
    source, question = _choose(takes, originals, known_input)
    recordings = tuple(path for path in takes if path != source)
    return Sorted(source, recordings, models, tuple(ignored), question)


def _choose(
    takes: Sequence[Path], originals: Sequence[Path], known_input: Path | None
) -> tuple[Path | None, str]:
    """The input, or the question which one it is."""
    if len(originals) == 1:
        return originals[0], ""
    if originals:
        names = _listed(path.name for path in originals)
        return known_input, f"{names} are test signals. Which one did you play?"
    if known_input is not None or not takes:
        return known_input, ""
    named = [path for path in takes if INPUT_WORDS.search(path.stem)]
    if len(named) == 1:
        return named[0], ""
    if len(takes) == 1:
        return None, f"Is {takes[0].name} what you played, or what came out of the amp?"
    return None, "Which of these files is the one that you played into the amp?"


def _is_original(recording: Recording) -> bool:
    """Whether a recording is a known input itself and not what an amp made of it.

    What comes out of a clean amp still has the input's structure; but the amp rings
    after a blip.
    """
    found = recognise(recording)
    if found is None:
        return False
    return found.match is not Match.STRUCTURE or _has_bare_blips(recording, found)


def _has_bare_blips(recording: Recording, found: Recognised) -> bool:
    rate = found.rate_hz
    before, after, close = (
        round(seconds * rate) for seconds in (BEFORE_SECONDS, AFTER_SECONDS, CLOSE_SECONDS)
    )
    for blip in (*found.blips, *found.end_blips):
        around = recording.samples[max(0, blip - before) : blip + after]
        energy = np.square(around, dtype=np.float64)
        peak = int(energy.argmax())
        if energy[max(0, peak - close) : peak + close + 1].sum() < MIN_BLIP_SHARE * energy.sum():
            return False
    return True


def _collect(
    paths: Iterable[Path], ignored: list[Ignored], should_stop: Callable[[], bool]
) -> list[Path]:
    """The sound files and models, each once; what else there is goes to ``ignored``."""
    files: dict[Path, None] = {}
    left_out: list[Path] = []
    for path in paths:
        found, reason = _of_folder(path, should_stop) if path.is_dir() else _of_file(path)
        if reason:
            ignored.append((path, reason))
        for file in found:
            if file in files:
                continue
            if len(files) < MAX_FILES:
                files[file] = None
            else:
                left_out.append(file)
    if left_out:
        more = f"Only {MAX_FILES} files are looked at at once; {len(left_out)} more were left out."
        ignored.append((left_out[0], more))
    return list(files)


def _of_file(path: Path) -> tuple[list[Path], str]:
    if _is_wanted(path):
        return [path], ""
    return [], f"{path.name} is neither a sound file nor a .nam model."


def _of_folder(folder: Path, should_stop: Callable[[], bool]) -> tuple[list[Path], str]:
    """Its sound files and models by name, and a sentence where there are others or none."""
    try:
        entries = sorted(_until(should_stop, folder.iterdir()))
    except OSError as error:
        return [], f"The folder {folder.name} cannot be opened ({error.strerror})."
    visible = [e for e in entries if not e.name.startswith(".") and e.is_file()]
    wanted = [entry for entry in visible if _is_wanted(entry)]
    if not wanted:
        return [], f"The folder {folder.name} has no sound files in it."
    others = len(visible) - len(wanted)
    if not others:
        return wanted, ""
    what = "1 other file was" if others == 1 else f"{others} other files were"
    return wanted, f"{what} left alone in the folder {folder.name}."


def _until(should_stop: Callable[[], bool], entries: Iterable[Path]) -> Iterator[Path]:
    for entry in entries:
        if should_stop():
            return
        yield entry


def _is_wanted(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in SOUND_SUFFIXES or suffix == MODEL_SUFFIX


def _is_same(path: Path, other: Path | None) -> bool:
    return other is not None and path.absolute() == other.absolute()


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}"
