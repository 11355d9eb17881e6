"""Phrases for guitar and bass, one function per way of playing.

Each returns the notes of one phrase of about ``seconds``; how loud a phrase is
played is decided elsewhere, the levels here are within the phrase. Pitches are
MIDI numbers: 28 is a bass's low E, 40 a guitar's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nam_engine.strings import Note

__all__ = [
    "PHRASES",
    "Phrase",
    "arpeggio",
    "bass_fingers",
    "bass_slap",
    "double_stops",
    "fast_run",
    "harmonics",
    "lead",
    "palm_mutes",
    "percussion",
    "power_chords",
    "ringing_out",
    "strummed_chords",
    "tremolo",
]

Phrase = Callable[[np.random.Generator, float], list[Note]]

LOWEST_BASS = 23  # a five-string's low B
LOWEST, HIGHEST = 35, 88  # a seven-string's low B to the 24th fret
OPEN_STRINGS = (40, 45, 50, 55, 59, 64)
CHORDS = (
    (40, 47, 52, 56, 59, 64),
    (40, 47, 52, 55, 59, 64),
    (45, 52, 57, 61, 64),
    (43, 47, 50, 55, 59, 67),
    (48, 52, 55, 60, 64),
    (50, 57, 62, 65),
    (41, 48, 53, 57, 60, 65),
    (48, 55, 59, 64, 67),
    (45, 50, 55, 60, 64),
)
SCALES = ((0, 3, 5, 7, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 11), (0, 1, 4, 5, 7, 8, 11))


def strummed_chords(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, chord, spread = _tone(rng), _chord(rng), rng.uniform(0.004, 0.02)
    notes = []
    for stroke, (start, step) in enumerate(_steps(rng, seconds, (0.16, 0.32, 0.32, 0.64))):
        level, decay = _accent(rng, 9), rng.uniform(0.8, 2.5)
        strings = chord[::-1] if stroke % 2 else chord
        for order, pitch in enumerate(strings):
            begin = start + order * spread
            notes.append(Note(begin, _hz(pitch), step, level, decay, bright_hz))
    return notes


def arpeggio(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, chord, notes = _tone(rng), _chord(rng), []
    for start, _ in _steps(rng, seconds, (0.12, 0.12, 0.24)):
        ring = rng.uniform(0.5, 1.5)
        notes.append(Note(start, _hz(rng.choice(chord)), ring, _accent(rng, 8), 1.2, bright_hz))
    return notes


def ringing_out(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, decay = _tone(rng), seconds / rng.uniform(3, 6)
    chord = _chord(rng)[: rng.integers(1, 7)]
    return [
        Note(0.015 * order, _hz(pitch), seconds, 1.0, decay, bright_hz)
        for order, pitch in enumerate(chord)
    ]


def power_chords(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, notes = _tone(rng), []
    home = int(rng.integers(LOWEST, 46))
    for start, step in _steps(rng, seconds, (0.14, 0.28, 0.28, 0.56)):
        if step < 0.2:
            notes.append(Note(start, _hz(home), step, 0.7, 0.1, bright_hz, pick=0.4))
            continue
        root = home + rng.choice([0, 2, 3, 5, 7])
        for interval in (0, 7, 12):
            begin = start + 0.0004 * interval
            notes.append(Note(begin, _hz(root + interval), step, _accent(rng, 4), 2.0, bright_hz))
    return notes


def palm_mutes(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, decay, notes = _tone(rng), rng.uniform(0.05, 0.14), []
    root = int(rng.integers(LOWEST, 48))
    for start, step in _steps(rng, seconds, (0.1, 0.1, 0.1, 0.2)):
        pitch = root + rng.choice([0, 0, 0, 0, 1, 3, 5])
        level = _accent(rng, 12)
        notes.append(Note(start, _hz(pitch), step, level, decay, bright_hz, pick=0.5))
        if rng.random() < 0.3:
            notes.append(Note(start, _hz(pitch + 7), step, level, decay, bright_hz, pick=0.5))
    return notes


def lead(rng: np.random.Generator, seconds: float) -> list[Note]:
    """Long notes that are bent, slid into and shaken."""
    bright_hz, scale, notes = _tone(rng), _scale(rng, 52, HIGHEST - 2), []
    degree = rng.integers(len(scale))
    for start, step in _steps(rng, seconds, (0.25, 0.5, 0.5, 1.0)):
        degree = np.clip(degree + rng.integers(-4, 5), 0, len(scale) - 1)
        semitones = float(rng.choice([1, 2, 2, 3]))
        gestures = (
            ((0.08, 0.0), (0.25, semitones)),
            ((0.1, semitones), (0.35, 0.0)),
            ((0.0, -2 * semitones), (0.12, 0.0)),
            ((step - 0.15, 0.0), (step, -3 * semitones)),
            (),
        )
        bend, vibrato = gestures[rng.integers(len(gestures))], rng.choice([0.0, 0.15, 0.4])
        pitch_hz, level = _hz(scale[degree]), _accent(rng, 8)
        notes.append(Note(start, pitch_hz, step, level, 1.5, bright_hz, 0.2, bend, vibrato))
    return notes


def fast_run(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, scale, notes = _tone(rng), _scale(rng, 40, HIGHEST), []
    degree, direction = rng.integers(len(scale)), 1
    for start, step in _steps(rng, seconds, (0.075, 0.075, 0.075, 0.15)):
        if not 0 <= degree + direction < len(scale) or rng.random() < 0.06:
            direction = -direction
        degree = np.clip(degree + direction, 0, len(scale) - 1)
        notes.append(Note(start, _hz(scale[degree]), step, _accent(rng, 7), 0.7, bright_hz))
    return notes


def double_stops(rng: np.random.Generator, seconds: float) -> list[Note]:
    bright_hz, scale, notes = _tone(rng), _scale(rng, 47, HIGHEST - 9), []
    interval = int(rng.choice([3, 4, 5, 7, 9]))
    for start, step in _steps(rng, seconds, (0.18, 0.36, 0.36)):
        root, level = rng.choice(scale), _accent(rng, 8)
        slide = ((0.0, -2.0), (0.08, 0.0)) if rng.random() < 0.3 else ()
        notes += [
            Note(start, _hz(pitch), step, level, 1.0, bright_hz, bend=slide)
            for pitch in (root, root + interval)
        ]
    return notes


def tremolo(rng: np.random.Generator, seconds: float) -> list[Note]:
    """One string picked as fast as it goes, growing or fading by 25 dB."""
    bright_hz, scale, notes = _tone(rng), _scale(rng, 45, HIGHEST), []
    from_db, to_db = rng.permutation([-25.0, 0.0])
    pitch = rng.choice(scale)
    for start, step in _steps(rng, seconds, (0.075,)):
        if rng.random() < 0.15:
            pitch = rng.choice(scale)
        level = 10 ** (np.interp(start, (0, seconds), (from_db, to_db)) / 20) * _accent(rng, 3)
        notes.append(Note(start, _hz(pitch), step, level, 0.5, bright_hz, pick=0.4))
    return notes


def harmonics(rng: np.random.Generator, seconds: float) -> list[Note]:
    """Open strings touched lightly at a node: only the multiples of one partial sound."""
    bright_hz, notes = _tone(rng), []
    for start, step in _steps(rng, seconds, (0.2, 0.4, 0.8)):
        pitch_hz = _hz(rng.choice(OPEN_STRINGS)) * rng.choice([2, 3, 4, 5])
        notes.append(Note(start, pitch_hz, 2 * step, _accent(rng, 6), 1.0, bright_hz, pick=0.3))
    return notes


def percussion(rng: np.random.Generator, seconds: float) -> list[Note]:
    """Muted strings struck, then a pick scraped along a wound string."""
    bright_hz, notes = _tone(rng), []
    for start, step in _steps(rng, 0.65 * seconds, (0.1, 0.2, 0.2, 0.4)):
        level, decay = _accent(rng, 12), rng.uniform(0.015, 0.04)
        for order, pitch in enumerate(OPEN_STRINGS):
            begin = start + 0.002 * order
            notes.append(Note(begin, _hz(pitch), step, level, decay, bright_hz, pick=1.0))
    start, ridge_hz = 0.65 * seconds, 700.0
    while start < 0.95 * seconds:
        notes.append(Note(start, ridge_hz, 0.05, _accent(rng, 6), 0.01, 8_000, pick=2.0))
        ridge_hz *= 1.01
        start += 8 / ridge_hz
    return notes


def bass_fingers(rng: np.random.Generator, seconds: float) -> list[Note]:
    hand = int(rng.integers(LOWEST_BASS, 38))
    scale, bright_hz, notes = _scale(rng, hand, hand + 14), rng.uniform(400, 1_200), []
    for start, step in _steps(rng, seconds, (0.15, 0.3, 0.3, 0.6)):
        pitch, length = rng.choice(scale), step * rng.uniform(0.6, 1)
        notes.append(Note(start, _hz(pitch), length, _accent(rng, 9), 1.5, bright_hz, pick=0.05))
    return notes


def bass_slap(rng: np.random.Generator, seconds: float) -> list[Note]:
    """The thumb on a low string, a finger that pops the octave."""
    scale, notes = _scale(rng, LOWEST_BASS + 5, 38), []
    for start, step in _steps(rng, seconds, (0.12, 0.12, 0.24, 0.36)):
        octave = 12 * int(rng.random() < 0.35)
        pitch, level = rng.choice(scale) + octave, _accent(rng, 9)
        length, decay = step * rng.uniform(0.5, 1), rng.uniform(0.2, 0.7)
        notes.append(Note(start, _hz(pitch), length, level, decay, 6_000, pick=0.8))
    return notes


PHRASES: tuple[Phrase, ...] = (
    strummed_chords,
    bass_fingers,
    lead,
    palm_mutes,
    arpeggio,
    power_chords,
    fast_run,
    ringing_out,
    percussion,
    double_stops,
    bass_slap,
    tremolo,
    harmonics,
)


def _steps(
    rng: np.random.Generator, seconds: float, lengths: tuple[float, ...]
) -> Iterator[tuple[float, float]]:
    """Start and length of the notes of a rhythm, at a random tempo and not quite in time."""
    tempo, start = rng.uniform(0.8, 1.3), 0.0
    while start < seconds - 0.05:
        step = float(rng.choice(lengths)) * tempo
        yield start, step
        start += step * rng.uniform(0.96, 1.04)


def _hz(midi_pitch: float) -> float:
    return float(440.0 * 2 ** ((midi_pitch - 69) / 12))


def _tone(rng: np.random.Generator) -> float:
    """Above which frequency a guitar's partials fall off: neck to bridge, dark to bright."""
    return float(1_000 * 6 ** rng.random())


def _accent(rng: np.random.Generator, range_db: float) -> float:
    return float(10 ** (-range_db * rng.random() / 20))


def _chord(rng: np.random.Generator) -> tuple[int, ...]:
    """One of the chords, low to high, on any of the lower frets."""
    fret = int(rng.integers(0, 8))
    return tuple(pitch + fret for pitch in CHORDS[rng.integers(len(CHORDS))])


def _scale(rng: np.random.Generator, lowest: int, highest: int) -> list[int]:
    """The pitches of a random scale from ``lowest`` to ``highest``."""
    key, steps = rng.integers(12), SCALES[rng.integers(len(SCALES))]
    return [pitch for pitch in range(lowest, highest + 1) if (pitch - key) % 12 in steps]
