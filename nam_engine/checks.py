"""What can be told about a pair before it is trained on, one function per question.

Each takes an aligned :class:`Pair` and returns its findings. Limits were set so that
clean recordings stay clean (``tests/engine/test_checks.py``); the words are those of
``findings.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nam_engine.alignment import Alignment, Confidence
from nam_engine.audio import Recording, Span, rms_dbfs
from nam_engine.effects import (
    Levels,
    Swing,
    find_dropouts,
    find_gate,
    find_swing,
    frame_levels,
    quiet_spans,
    ring_on_db,
)
from nam_engine.findings import Finding, Kind, Severity

__all__ = [
    "Noise",
    "Pair",
    "check_pair",
    "noise_floor",
    "offset_at_rest",
    "replicate_esr",
    "without_offset",
]

Samples = NDArray[np.float32]

INFO, WARN, STOP = Severity.INFO, Severity.WARN, Severity.STOP

SILENT_DBFS = -80.0
QUIET_PEAK_DBFS = -34.0
FULL_SCALE, MIN_CLIPPED_RUN = 0.9995, 3
MAX_CLIPPED_SHARE = 1e-3
MAX_DC, MAX_DC_SHARE = 0.003, 0.03
REST_FRAME_SECONDS, REST_SHARE, MIN_REST_FRAMES = 0.02, 0.01, 5
COPY_ESR = 1e-4
MAX_REPLICATE_ESR = 0.01
MAX_NOISE_ESR = 0.01
MAX_LEVEL_CHANGE_DB = 0.5
MAX_RING_ON_DBFS, RING_ON_ABOVE_REST_DB, RING_ON_BELOW_PLAYING_DB = -70.0, 10.0, 50.0
MIN_ECHO_SHARE = 0.2
MIN_SWING_SAMPLES_48K, MIN_SWING_SHARE = 2.0, 0.35
MIN_DRIFT_PPM, MIN_DRIFT_SAMPLES_48K = 1.0, 8.0
MIN_GAP_SECONDS, GAP_NEIGHBOUR_SECONDS = 0.002, 0.01
GAP_INPUT_DBFS = -40.0
TOP_OF_WAVE = 0.1
CLICK_RATIO, CLICK_OVER_INPUT, CLICK_LEVEL = 40.0, 8.0, 0.02
CLICK_FRAME_SECONDS, CLICK_FRAMES = 0.01, 6
JUMP_FLOOR = 1e-9
JUMP_SECONDS = 1.0  # within which the place of a jump is known
QUIET_MARGIN_SECONDS = 0.3
MAX_PLACES = 1000


@dataclass(frozen=True)
class Pair:
    """An aligned input ``x`` and output ``y``, (time,) each, of equal length.

    ``validation`` is the passage that will validate, ``replicates`` the one that is played
    twice. ``recorded`` is the output as it was before its rate was converted and
    ``latency_samples`` were taken out.
    """

    x: Samples
    y: Samples
    sample_rate_hz: int
    alignment: Alignment
    validation: Span
    replicates: tuple[Span, Span] | None
    input_name: str
    recorded: Recording
    latency_samples: int = 0

    @property
    def output_name(self) -> str:
        return self.recorded.path.name

    @cached_property
    def levels(self) -> Levels:
        return frame_levels(self.x, self.y, self.sample_rate_hz)

    def seconds(self, samples: float) -> float:
        return samples / self.sample_rate_hz

    def place(self, sample: float) -> float:
        """The second of the recording at which a sample of the pair is."""
        return self.seconds(max(0, self.latency_samples) + sample)


@dataclass(frozen=True)
class Noise:
    """The output's level where the input is silent, and its share of what validates."""

    level_dbfs: float
    esr: float


def check_pair(pair: Pair) -> list[Finding]:
    """All findings about the sound of a pair."""
    silent = check_silence(pair)
    if silent:
        return silent
    foreign = check_identity(pair)
    checks = LEVEL_CHECKS if foreign else LEVEL_CHECKS + CHECKS
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda check: check(pair), checks))
    return [finding for findings in [foreign, *found] for finding in findings]


def without_offset(samples: Samples) -> Samples:
    """What is heard of samples (time,): an offset is not."""
    return samples - np.float32(samples.mean(dtype=np.float64))


def check_silence(pair: Pair) -> list[Finding]:
    findings = []
    for name, samples in ((pair.input_name, pair.x), (pair.output_name, pair.y)):
        level_dbfs = rms_dbfs(without_offset(samples))
        if level_dbfs < SILENT_DBFS:
            level = "digital silence" if level_dbfs == -np.inf else f"{level_dbfs:.0f} dBFS"
            findings.append(
                Finding(Kind.SILENT, STOP, f"{name} is silent ({level}).", overridable=False)
            )
    return findings


def check_level(pair: Pair) -> list[Finding]:
    findings = []
    peak = float(np.abs(pair.y).max())
    peak_dbfs = 20 * np.log10(peak)
    if peak_dbfs < QUIET_PEAK_DBFS:
        message = f"{pair.output_name} peaks at only {peak_dbfs:.0f} dBFS."
        findings.append(Finding(Kind.QUIET, WARN, message, {"peak_dbfs": peak_dbfs}))
    dc, swing = offset_at_rest(pair.x, pair.y, pair.sample_rate_hz)
    if abs(dc) > max(MAX_DC, swing, MAX_DC_SHARE * 10 ** (rms_dbfs(pair.y) / 20)):
        message = f"{pair.output_name} is off centre by {100 * dc:+.1f}% of full scale."
        findings.append(Finding(Kind.DC_OFFSET, WARN, message, {"dc": dc}))
    return findings


def offset_at_rest(x: Samples, y: Samples, sample_rate_hz: int) -> tuple[float, float]:
    """The output's mean in the softest moments of the input, and how far it moves about it.

    ``x`` and ``y`` are (time,); of full scale.

    An amp that bends one side more is off centre while it is played; an offset that is
    added to it is there at rest as well.
    """
    frame = round(REST_FRAME_SECONDS * sample_rate_hz)
    count = len(y) // frame
    if not count:
        return 0.0, 0.0
    x, y = (samples[: count * frame].reshape(count, frame) for samples in (x, y))
    softest = max(MIN_REST_FRAMES, round(REST_SHARE * count))
    rest = y[np.argsort(np.einsum("ij,ij->i", x, x), kind="stable")[:softest]]
    return float(np.median(rest.mean(axis=1))), float(np.median(rest.std(axis=1)))


def check_clipping(pair: Pair) -> list[Finding]:
    """Runs of samples at full scale; a single one is just a loud moment.

    A file that goes beyond full scale is in floating point and has lost nothing there.
    """
    samples, rate = pair.recorded.samples, pair.recorded.sample_rate_hz
    size = np.abs(samples)
    if not FULL_SCALE <= size.max() <= 1 / FULL_SCALE:
        return []
    starts, lengths = _runs(size >= FULL_SCALE)
    starts, lengths = starts[lengths >= MIN_CLIPPED_RUN], lengths[lengths >= MIN_CLIPPED_RUN]
    if not len(starts):
        return []
    share = int(lengths.sum()) / len(samples)
    places = "place" if len(starts) == 1 else "places"
    message = (
        f"{pair.output_name} is clipped at {len(starts)} {places}, first at"
        f" {starts[0] / rate:.1f} s ({100 * share:.2g}% of the recording)."
    )
    return [
        Finding(
            Kind.CLIPPED,
            STOP if share > MAX_CLIPPED_SHARE else WARN,
            message,
            {"places": len(starts), "share": share, "first_seconds": starts[0] / rate},
            {"seconds": starts[:MAX_PLACES] / rate},
        )
    ]


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return edges[::2], edges[1::2] - edges[::2]


def check_identity(pair: Pair) -> list[Finding]:
    """Is the output the input itself, or nothing that can be laid against it?"""
    power = float(np.dot(pair.x, pair.x))
    gain = float(np.dot(pair.x, pair.y)) / power
    rest = pair.y - np.float32(gain) * pair.x
    if float(np.dot(rest, rest)) < COPY_ESR * float(np.dot(pair.y, pair.y)):
        over = " and turned over" if gain < 0 else ""
        level = f"{20 * np.log10(abs(gain)):+.1f} dB{over}"
        message = f"{pair.output_name} is {pair.input_name} itself ({level})."
        return [Finding(Kind.SAME_AS_INPUT, STOP, message, {"gain": gain})]
    if pair.alignment.confidence is Confidence.NONE:
        swing = _swing(pair)
        if swing is not None:
            return [_modulation(pair, swing, STOP)]
        message = f"Nothing in {pair.output_name} follows {pair.input_name}."
        return [Finding(Kind.UNRELATED, STOP, message, {"agreement": pair.alignment.agreement})]
    return []


def noise_floor(pair: Pair) -> Noise | None:
    """The output's noise where the input has long been silent; None where it never is."""
    margin = round(QUIET_MARGIN_SECONDS * pair.sample_rate_hz)
    powers = []
    for span in quiet_spans(pair.x, pair.sample_rate_hz):
        rest = pair.y[span.start + margin : span.stop]
        frames = rest[: len(rest) // 512 * 512].reshape(-1, 512)
        powers.append(np.var(frames, axis=1, dtype=np.float64))
    every = np.concatenate(powers) if powers else np.zeros(0)
    target_dbfs = rms_dbfs(pair.validation.of(pair.y))
    if len(every) < 2 or target_dbfs == -np.inf:
        return None
    noise = float(np.median(every))
    level_dbfs = 10 * float(np.log10(noise)) if noise > 0 else -np.inf
    return Noise(level_dbfs, 10 ** ((level_dbfs - target_dbfs) / 10))


def check_noise(pair: Pair) -> list[Finding]:
    noise = noise_floor(pair)
    if noise is None:
        return []
    if noise.esr == 0:
        return [Finding(Kind.NOISE, INFO, f"{pair.output_name} has no noise in its pauses.")]
    loud = noise.esr > MAX_NOISE_ESR
    message = (
        f"The noise of {pair.output_name} is {noise.level_dbfs:.0f} dBFS;"
        f" no model can get below an ESR of {noise.esr:.1g} on it."
    )
    return [
        Finding(
            Kind.NOISE,
            WARN if loud else INFO,
            message,
            {"noise_dbfs": noise.level_dbfs, "esr_floor": noise.esr},
        )
    ]


def check_gate(pair: Pair) -> list[Finding]:
    gate = find_gate(pair.levels)
    if gate is None:
        return []
    message = (
        f"Below {gate.threshold_db:.0f} dBFS of {pair.input_name} the sound of"
        f" {pair.output_name} falls by {min(gate.drop_db, 99):.0f} dB at once."
    )
    numbers = {"threshold_dbfs": gate.threshold_db, "drop_db": gate.drop_db}
    picture = {"input_db": pair.levels.input_db, "output_db": pair.levels.output_db}
    return [Finding(Kind.NOISE_GATE, WARN, message, numbers, picture)]


def replicate_esr(pair: Pair) -> float | None:
    """ESR between the two times that the same passage was played; None without one."""
    if pair.replicates is None:
        return None
    first, second = (span.of(pair.y) for span in pair.replicates)
    return _esr(first, second)


def _esr(target: Samples, other: Samples) -> float | None:
    power = float(np.dot(target, target))
    difference = target - other
    return float(np.dot(difference, difference)) / power if power > 0 else None


def check_replicates(pair: Pair) -> list[Finding]:
    """Does the rig repeat itself? Its level, its noise and the clocks are other findings."""
    esr = replicate_esr(pair)
    if esr is None or pair.replicates is None:
        return []
    first, second = (span.of(pair.y) for span in pair.replicates)
    findings = []
    change_db = rms_dbfs(second) - rms_dbfs(first)
    if change_db == -np.inf:
        change_db = 0.0  # nothing was played the second time
    if abs(change_db) > MAX_LEVEL_CHANGE_DB:
        than = "louder" if change_db > 0 else "softer"
        message = (
            f"{pair.output_name} is {abs(change_db):.1f} dB {than} at its end than at its start."
        )
        findings.append(Finding(Kind.LEVEL_CHANGED, WARN, message, {"change_db": change_db}))
    if check_clock(pair):
        return findings
    noise = noise_floor(pair)
    expected = 2 * 10 ** ((noise.level_dbfs - rms_dbfs(first)) / 10) if noise else 0.0
    at_equal_level = _esr(first, np.float32(10 ** (-change_db / 20)) * second)
    if (at_equal_level or 0.0) - expected > MAX_REPLICATE_ESR:
        message = (
            f"The passage that is played twice differs in {pair.output_name} (ESR {esr:.2g};"
            f" {MAX_REPLICATE_ESR:g} or less is good)."
        )
        picture = {"first": first, "second": second}
        findings.append(Finding(Kind.NOT_REPEATABLE, WARN, message, {"esr": esr}, picture))
    return findings


def check_time_effects(pair: Pair) -> list[Finding]:
    findings = []
    correlation = pair.alignment.correlation
    echo = correlation.echo if correlation is not None else None
    ring = ring_on_db(pair.x, pair.y, pair.sample_rate_hz, quiet_spans(pair.x, pair.sample_rate_hz))
    if echo is not None and echo.share > MIN_ECHO_SHARE:
        message = (
            f"{pair.output_name} repeats itself after {1000 * echo.seconds:.0f} ms,"
            f" {-20 * np.log10(echo.share):.0f} dB down."
        )
        numbers = {"echo_seconds": echo.seconds, "echo_share": echo.share}
        findings.append(Finding(Kind.LONG_RESPONSE, WARN, message, numbers))
    elif ring is not None:
        still_db, rest_db = ring
        loud = still_db > max(MAX_RING_ON_DBFS, rms_dbfs(pair.y) - RING_ON_BELOW_PLAYING_DB)
        if loud and still_db > rest_db + RING_ON_ABOVE_REST_DB:
            message = (
                f"{pair.output_name} still sounds at {still_db:.0f} dBFS"
                " a fifth of a second after the input has stopped."
            )
            numbers = {"ring_on_dbfs": still_db, "rest_dbfs": rest_db}
            findings.append(Finding(Kind.LONG_RESPONSE, WARN, message, numbers))
    swing = _swing(pair)
    if swing is not None:
        findings.append(_modulation(pair, swing, WARN))
    return findings


def _swing(pair: Pair) -> Swing | None:
    """A swing of the delay that no amp has."""
    correlation = pair.alignment.correlation
    if correlation is None:
        return None
    move = pair.alignment.delay_samples - pair.latency_samples
    x, y = pair.x[max(0, -move) :], pair.y[max(0, move) :]
    swing = find_swing(x, y, pair.sample_rate_hz, correlation.bend)
    least = MIN_SWING_SAMPLES_48K * pair.sample_rate_hz / 48_000
    if swing is None or swing.samples < least or swing.share < MIN_SWING_SHARE:
        return None
    return swing


def _modulation(pair: Pair, swing: Swing, severity: Severity) -> Finding:
    too_far = ", too far to measure the latency" if severity is STOP else ""
    return Finding(
        Kind.MODULATION,
        severity,
        f"The delay of {pair.output_name} swings {swing.hz:.1f} times a second"
        f" by {1000 * pair.seconds(swing.samples):.2g} ms{too_far}.",
        {"hz": swing.hz, "swing_seconds": pair.seconds(swing.samples)},
        {"seconds": swing.seconds, "delays": swing.delays},
    )


def check_clock(pair: Pair) -> list[Finding]:
    alignment = pair.alignment
    if alignment.jumps:
        first = alignment.jumps[0]
        what = "are missing" if first.samples < 0 else "are too many"
        more = f"; it happens {len(alignment.jumps)} times" if len(alignment.jumps) > 1 else ""
        later = pair.seconds(alignment.delay_samples)
        seconds = np.array([later + jump.seconds for jump in alignment.jumps])
        message = (
            f"{abs(first.samples)} samples {what} in {pair.output_name}"
            f" at about {seconds[0]:.1f} s{more}."
        )
        picture = {
            "seconds": seconds,
            "samples": np.array([jump.samples for jump in alignment.jumps]),
        }
        numbers = {"samples": first.samples, "first_seconds": float(seconds[0])}
        return [Finding(Kind.JUMP, STOP, message, numbers, picture)]
    if alignment.drift_ppm is None:
        return []
    samples = alignment.drift_ppm * 1e-6 * len(pair.x)
    least = MIN_DRIFT_SAMPLES_48K * pair.sample_rate_hz / 48_000
    if abs(alignment.drift_ppm) < MIN_DRIFT_PPM or abs(samples) < least:
        return []
    message = (
        f"{pair.output_name} drifts by {alignment.drift_ppm:+.1f} ppm against"
        f" {pair.input_name}: {samples:+.0f} samples from start to end."
    )
    numbers = {"ppm": alignment.drift_ppm, "samples": samples}
    return [Finding(Kind.CLOCK_DRIFT, WARN, message, numbers)]


def check_gaps(pair: Pair) -> list[Finding]:
    gaps = _gaps(pair)
    if not gaps:
        return []
    more = f" and {len(gaps) - 1} times more" if len(gaps) > 1 else ""
    first = gaps[0]
    message = (
        f"{pair.output_name} falls silent for {1000 * pair.seconds(len(first)):.0f} ms"
        f" at {pair.place(first.start):.2f} s{more}."
    )
    numbers = {
        "places": len(gaps),
        "first_seconds": pair.place(first.start),
        "first_length_seconds": pair.seconds(len(first)),
    }
    picture = {
        "seconds": np.array([pair.place(gap.start) for gap in gaps[:MAX_PLACES]]),
        "lengths": np.array([pair.seconds(len(gap)) for gap in gaps[:MAX_PLACES]]),
    }
    return [Finding(Kind.GAP, WARN, message, numbers, picture)]


def _gaps(pair: Pair) -> list[Span]:
    """Where the output stands still, or is lost in noise, while the input is played.

    An amp that clips stands still as well, but only at the tops of its waves.
    """
    starts, lengths = _runs(np.concatenate([[False], pair.y[1:] == pair.y[:-1]]))
    long = lengths >= MIN_GAP_SECONDS * pair.sample_rate_hz
    starts, lengths = starts[long], lengths[long]
    around = round(GAP_NEIGHBOUR_SECONDS * pair.sample_rate_hz)
    audible = 10 ** ((GAP_INPUT_DBFS + rms_dbfs(pair.y)) / 20)

    def is_gap(gap: Span) -> bool:
        before = pair.y[max(0, gap.start - around) : gap.start]
        after = pair.y[gap.stop : gap.stop + around]
        if not (len(before) and len(after)) or rms_dbfs(gap.of(pair.x)) < GAP_INPUT_DBFS:
            return False
        heard = min(np.abs(before).max(), np.abs(after).max()) > audible
        near = np.concatenate([before, after])
        top = TOP_OF_WAVE * (near.max() - near.min())
        return bool(heard and near.min() + top < pair.y[gap.start] < near.max() - top)

    gaps = [Span(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    gaps = [gap for gap in gaps if is_gap(gap)]
    if pair.alignment.jumps or find_gate(pair.levels) is not None:
        return gaps
    dropouts = [
        dropout
        for dropout in find_dropouts(pair.levels)
        if not any(gap.start < dropout.stop and dropout.start < gap.stop for gap in gaps)
    ]
    return sorted(gaps + dropouts, key=lambda gap: gap.start)


def check_clicks(pair: Pair) -> list[Finding]:
    """Single jumps far out of what is around them, where the input has none.

    A distorted wave jumps in each of its periods, a click stands alone: it is measured by
    what three other frames within hearing reach. Of the input the start of a note counts
    as well, which fills a few frames.
    """
    frame = round(CLICK_FRAME_SECONDS * pair.sample_rate_hz)
    heights = _jumps(pair.y, frame)
    ratios = _prominence(heights, rank=3)
    clicks = np.flatnonzero((ratios > CLICK_RATIO) & (heights > CLICK_LEVEL * np.abs(pair.y).max()))
    if not len(clicks):
        return []
    # An input that begins in the middle of a note jumps there.
    input_ratios = _prominence(_jumps(np.pad(pair.x, (4, 0)), frame), rank=CLICK_FRAMES)
    near_input = _around(input_ratios).max(axis=1)[clicks]
    edges = np.array([edge for gap in _gaps(pair) for edge in (gap.start, gap.stop)]) / frame
    jumps = np.array([jump.seconds for jump in pair.alignment.jumps]) / CLICK_FRAME_SECONDS
    explained = [
        ratios[clicks] < CLICK_OVER_INPUT * near_input,
        _any_within(clicks, edges, CLICK_FRAMES),
        _any_within(clicks, jumps, JUMP_SECONDS / CLICK_FRAME_SECONDS),
    ]
    clicks = clicks[~np.any(explained, axis=0)]
    if not len(clicks):
        return []
    places = "place" if len(clicks) == 1 else "places"
    first = pair.place(clicks[0] * frame)
    message = f"{pair.output_name} clicks at {len(clicks)} {places}, first at {first:.2f} s."
    numbers = {"places": len(clicks), "first_seconds": first}
    seconds = np.array([pair.place(click * frame) for click in clicks[:MAX_PLACES]])
    return [Finding(Kind.CLICKS, WARN, message, numbers, {"seconds": seconds})]


def _jumps(samples: Samples, frame: int) -> Samples:
    """How high the largest jump of each frame is, (frame,), by a single sample's measure.

    Jumps are seen in the fourth difference, in which the sound of a speaker is soft.
    """
    jumps = np.abs(np.diff(samples, 4)) / np.float32(6)
    highest: Samples = jumps[: len(jumps) // frame * frame].reshape(-1, frame).max(axis=1)
    return highest


def _prominence(heights: Samples, rank: int) -> Samples:
    """The heights (frame,) over what ``rank`` others around each reach."""
    usual = np.partition(_around(heights), -rank - 1, axis=1)[:, -rank - 1]
    return heights / (usual + np.float32(JUMP_FLOOR))


def _around(frames: Samples) -> Samples:
    """Each of the frames (frame,) with its neighbours, (frame, neighbour)."""
    padded = np.pad(frames, CLICK_FRAMES)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * CLICK_FRAMES + 1)


def _any_within(
    places: NDArray[np.intp], others: NDArray[np.floating], distance: float
) -> NDArray[np.bool_]:
    """Which of the places are that near to any of the others."""
    distances = np.abs(np.subtract.outer(places, others))
    return np.asarray(distances.min(axis=1, initial=np.inf) <= distance)


Check = Callable[[Pair], list[Finding]]
LEVEL_CHECKS: tuple[Check, ...] = (check_clipping, check_level)
# These mean something only where the output follows the input.
CHECKS: tuple[Check, ...] = (
    check_time_effects,
    check_clock,
    check_gaps,
    check_clicks,
    check_replicates,
    check_gate,
    check_noise,
)
