from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from known_inputs import LAYOUTS, Audio, Passage, built, playing

from nam_engine.audio import Recording, Span, read_recording
from nam_engine.signals import (
    KNOWN_INPUTS,
    OWN,
    PROTEUS,
    V1_0,
    V1_1,
    V2,
    V3,
    KnownInput,
    Match,
    Recognised,
    find_blips,
    recognise,
)


def take(audio: Audio, rate_hz: int) -> Recording:
    return Recording(audio.astype(np.float32), rate_hz, Path("take.wav"))


def requantised(audio: Audio) -> Audio:
    """At 16 bits, dithered."""
    dither = np.random.default_rng(5).random((2, len(audio)), np.float32).sum(axis=0) - 1
    return np.round(2**15 * audio + dither) / np.float32(2**15)


@dataclass(frozen=True)
class Saved:
    """How an input was saved again: which end lost something (1) or got silence (-1),
    and at which rate by its own one."""

    change: Callable[[Audio], Audio] = np.copy
    start: int = 0
    end: int = 0
    rates_hz: tuple[tuple[int, int], ...] = ()


SAVED = {
    "as it was": Saved(),
    "at 16 bits": Saved(requantised),
    "softer and inverted": Saved(lambda audio: audio / -2),
    "without its start": Saved(start=1),
    "without its end": Saved(end=1),
    "without both": Saved(requantised, start=1, end=1),
    "after silence": Saved(start=-1),
    "before silence": Saved(end=-1),
    "at 96 kHz": Saved(rates_hz=((48_000, 96_000), (44_100, 96_000))),
    "at the other usual rate": Saved(rates_hz=((48_000, 44_100), (44_100, 48_000))),
}


def official_spans(known: KnownInput, end: int) -> list[Span]:
    """Train, validation and replicates in an input of ``end`` samples."""
    return [
        Span(start + end * (start < 0), stop + end * (stop <= 0))
        for start, stop in LAYOUTS[known].splits
    ]


def sides(*spans: Span) -> list[int]:
    return [side for span in spans for side in (span.start, span.stop)]


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED.keys())
@pytest.mark.parametrize("known", LAYOUTS, ids=lambda known: known.name)
def test_recognised_by_structure(known: KnownInput, saved: Saved) -> None:
    audio, trim = built(known), round(LAYOUTS[known].trim_seconds * known.rate_hz)
    start, stop = saved.start * trim, len(audio) - saved.end * trim
    kept = saved.change(audio)[max(start, 0) : stop]
    kept = np.pad(kept, (max(-start, 0), max(stop - len(audio), 0)))
    rate = dict(saved.rates_hz).get(known.rate_hz, known.rate_hz)
    scale = rate / known.rate_hz
    kept = soxr.resample(kept, known.rate_hz, rate, quality="VHQ")

    def place(sample: int) -> int:
        """Where a sample of the original is."""
        return min(max(round((sample - start) * scale), 0), len(kept))

    found = recognise(take(kept, rate))
    assert found is not None
    assert (found.known, found.match, found.samples) == (known, Match.STRUCTURE, len(kept))
    # Where nothing marks the end of an input, it is that of the recording.
    end = len(audio) if known.length or known.end_blips else stop
    train, validation, *replicates = official_spans(known, end)
    expected = [blip + end * (blip < 0) for blip in LAYOUTS[known].blips] + sides(train, validation)
    ours = [*found.blips, *found.end_blips]
    ours += sides(found.span(known.train), found.span(known.validation))
    np.testing.assert_allclose(ours, [*map(place, expected)], rtol=0, atol=scale not in (1, 2))
    if found.replicates is None:
        assert not replicates
        return
    first, second = replicates
    lost = max(0, start - first.start) + max(0, second.stop - stop)
    lengths = [len(span) for span in found.replicates]
    assert lengths == [pytest.approx((len(first) - lost) * scale, abs=1)] * 2
    assert found.replicates[1].start - found.replicates[0].start == scale * (
        second.start - first.start
    )
    inside = slice(500, -500)  # resampled, the ends ring with what is next to them
    np.testing.assert_allclose(
        *(span.of(kept)[inside] for span in found.replicates), rtol=0, atol=2**-13
    )


def assert_whole(recording: Recording, known: KnownInput, match: Match) -> None:
    """Recognised against all other known inputs, with the official spans."""
    found = recognise(recording, [*KNOWN_INPUTS, known])
    samples = len(recording.samples)
    assert found == Recognised(known, match, recording.sample_rate_hz, samples, 0, samples)
    spans = [found.span(known.train), found.span(known.validation), *(found.replicates or ())]
    original = next(k for k in LAYOUTS if k.name == known.name)
    assert spans == official_spans(original, samples)


@pytest.mark.parametrize("known", [V3, V2, V1_1, PROTEUS], ids=lambda known: known.name)
def test_recognised_by_its_file(tmp_path: Path, known: KnownInput) -> None:
    path = tmp_path / "input.wav"
    soundfile.write(path, built(known), known.rate_hz, subtype="PCM_24")
    file_md5 = hashlib.md5(path.read_bytes()).hexdigest()
    assert_whole(read_recording(path), replace(known, file_md5=file_md5), Match.FILE)


def part_md5(audio: Audio) -> str:
    return hashlib.md5(audio.astype(np.float64).tobytes()).hexdigest()


OFFICIAL_PARTS = {V3: (816_000, 432_000), V2: (384_000, 960_000), V1_1: (336_000, 432_000)}


@pytest.mark.parametrize("known", [V3, V2, V1_1, PROTEUS], ids=lambda known: known.name)
def test_recognised_by_its_parts(tmp_path: Path, known: KnownInput) -> None:
    """Whatever lies between them, and in another container."""
    audio = built(known).copy()
    audio[len(audio) // 2 :][:1000] = 0
    if known is PROTEUS:
        parts = part_md5(audio[:44_100]), None
    else:
        first, last = OFFICIAL_PARTS[known]
        parts = part_md5(audio[:first]), part_md5(audio[-last:])
    path = tmp_path / "input.flac"
    soundfile.write(path, audio, known.rate_hz, subtype="PCM_24")
    registered = replace(known, part_md5=parts)
    assert_whole(read_recording(path), registered, Match.PARTS)
    assert recognise(take(audio, 8_000), [registered]) is None
    audio[1000] += 2**-10
    found = recognise(take(audio, known.rate_hz), [registered])
    assert found is not None
    assert found.match is Match.STRUCTURE
    assert not found.missing_samples


def test_the_first_two_versions_are_told_apart_by_their_parts() -> None:
    audio = built(V1_1)
    parts = part_md5(audio[:336_000]), part_md5(audio[-432_000:])
    older = replace(V1_0, part_md5=parts)
    found = recognise(take(audio, 48_000), [V1_1, older])
    assert found is not None
    assert (found.known, found.match) == (older, Match.PARTS)


def test_a_file_that_is_gone_is_recognised_by_its_audio(tmp_path: Path) -> None:
    for place in (tmp_path / "gone.wav", tmp_path, Path("x" * 300), Path("a\0b")):
        assert recognise(replace(take(built(V1_1), 48_000), path=place)) is not None


def clicks(audio: Audio, rate_hz: int, *seconds: float) -> Audio:
    clicked = audio.copy()
    clicked[[round(t * rate_hz) for t in seconds]] = 0.9
    return clicked


def silent(audio: Audio, rate_hz: int, *passages: Passage) -> Audio:
    silenced = audio.copy()
    for start, stop in passages:
        silenced[round(start * rate_hz) : round(stop * rate_hz)] = 0
    return silenced


def hiss(seconds: float, level: float) -> Audio:
    noise = np.random.default_rng(9).standard_normal(round(seconds * 48_000))
    return (level * noise).astype(np.float32)


def unlike(known: KnownInput, start: float, stop: float) -> Audio:
    """An input with other playing in one passage."""
    audio = built(known).copy()
    part = audio[round(start * known.rate_hz) : round(stop * known.rate_hz)]
    part[:] = playing(stop - start, known.rate_hz, 99)
    return audio


def without(known: KnownInput, start: float, stop: float) -> Audio:
    return np.delete(
        built(known), np.s_[round(start * known.rate_hz) : round(stop * known.rate_hz)]
    )


@pytest.mark.parametrize("known", [V2, V1_1, PROTEUS], ids=lambda known: known.name)
def test_not_recognised_where_a_blip_was_cut_off(known: KnownInput) -> None:
    rest = without(known, 0, known.blips[0] + 0.1)
    assert recognise(take(rest, known.rate_hz)) is None


NOT_INPUTS: dict[str, Callable[[], Audio]] = {
    "nothing": lambda: np.zeros(0, np.float32),
    "a sample": lambda: np.ones(1, np.float32),
    "silence": lambda: np.zeros(190 * 48_000, np.float32),
    "hiss": lambda: hiss(190, 0.1),
    "playing": lambda: playing(190, 48_000, 1),
    "clicks without a repeated passage": lambda: clicks(
        silent(playing(190, 48_000, 1), 48_000, (10, 12)), 48_000, 10.5, 11.5
    ),
    "clicks in silence": lambda: clicks(np.zeros(190 * 48_000, np.float32), 48_000, 10.5, 11.5),
    "a click, hiss, then playing": lambda: (
        clicks(silent(playing(60, 48_000, 3), 48_000, (0, 20)), 48_000, 0.5) + hiss(60, 1e-4)
    ),
    "two clicks, then hum": lambda: clicks(
        np.r_[np.zeros(48_000), 0.1 * np.sin(np.arange(29 * 48_000) / 100)], 48_000, 0.25, 0.75
    ),
    "v3, repeated otherwise": lambda: unlike(V3, 181, 190),
    "v3, too short": lambda: built(V3)[: 187 * 48_000],
    "v3, cut in the middle": lambda: without(V3, 90, 90.1),
    "v2, repeated otherwise": lambda: unlike(V2, 171, 180),
    "v2, cut in the middle": lambda: without(V2, 90, 90.1),
    "v2, blips lost at its end": lambda: silent(built(V2), 48_000, (189.2, 189.8)),
    "v1, playing for noise": lambda: unlike(V1_1, 4, 7),
    "v1, long after the start": lambda: np.r_[np.zeros(3 * 48_000, np.float32), built(V1_1)],
    "our own, repeated otherwise": lambda: unlike(OWN, 0, 9),
}


@pytest.mark.parametrize("audio", NOT_INPUTS.values(), ids=NOT_INPUTS.keys())
def test_other_audio_is_not_recognised(audio: Callable[[], Audio]) -> None:
    assert recognise(take(audio(), 48_000)) is None


def test_playing_is_not_recognised() -> None:
    """With pauses, clicks, hum and hiss, at any level."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        rate, length = int(rng.choice([44_100, 48_000])), rng.uniform(15, 25)
        audio = 10 ** rng.uniform(-1.5, 0) * playing(length, rate, seed)
        pauses = [(t, t + rng.uniform(0.2, 4)) for t in rng.uniform(0, length, rng.integers(5))]
        audio = silent(audio, rate, (0, rng.uniform(0, 5)), *pauses)
        audio = clicks(audio, rate, *rng.uniform(0, length - 1, rng.integers(6)))
        times = np.arange(len(audio)) / rate
        audio = audio + 10 ** rng.uniform(-6, -3) * np.sin(2 * np.pi * 50 * times)
        audio = audio + 10 ** rng.uniform(-6, -3) * rng.standard_normal(len(audio))
        assert recognise(take(audio, rate)) is None, seed


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("samples", [1, 20])
@pytest.mark.parametrize("level", [0.9, -0.01])
def test_blips_are_found_where_they_start(rate: int, samples: int, level: float) -> None:
    rng = np.random.default_rng(rate)
    starts = np.cumsum(rng.integers(rate // 3, rate, 20))
    audio = 1e-5 * rng.standard_normal(starts[-1] + rate)
    for start in starts:
        audio[start : start + samples] = level
    assert find_blips(take(audio, rate)) == starts.tolist()


def test_hits_in_playing_are_no_blips() -> None:
    audio = playing(30, 48_000, 4).copy()
    hit = np.exp(-np.arange(9_600) / 1_500) * np.random.default_rng(5).uniform(-1, 1, 9_600)
    for start in range(24_000, len(audio) - 9_600, 12_000):
        audio[start : start + 9_600] += 0.5 * hit
    assert find_blips(take(audio, 48_000)) == []
    alone = np.zeros(48_000)
    alone[24_000:33_600] = hit
    assert find_blips(take(alone, 48_000)) == []


def test_clicks_softer_than_a_noise_floor_are_no_blips() -> None:
    audio = np.zeros(96_000)
    audio[48_000] = 0.002
    assert find_blips(take(audio, 48_000)) == []


@pytest.mark.parametrize("at", [0, 100])
def test_a_click_at_the_very_start_is_no_blip(at: int) -> None:
    audio = np.zeros(48_000)
    audio[[at, 24_000]] = 0.9
    assert find_blips(take(audio, 48_000)) == [24_000]
