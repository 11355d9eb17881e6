"""How loud a pair is: silence, too little level, an offset, clipping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nam_engine.audio import rms_dbfs
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.pair import MAX_PLACES, Pair, runs

__all__ = [
    "MAX_DC",
    "MAX_DC_SHARE",
    "SILENT_DBFS",
    "check_clipping",
    "check_level",
    "check_silence",
    "offset_at_rest",
    "without_offset",
]

Samples = NDArray[np.float32]

WARN, STOP = Severity.WARN, Severity.STOP

SILENT_DBFS = -80.0
QUIET_PEAK_DBFS = -34.0
FULL_SCALE, MIN_CLIPPED_RUN = 0.9995, 3
MAX_CLIPPED_SHARE = 1e-3
MAX_DC, MAX_DC_SHARE = 0.003, 0.03
REST_FRAME_SECONDS, REST_SHARE, MIN_REST_FRAMES = 0.02, 0.01, 5


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
    starts, lengths = runs(size >= FULL_SCALE)
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
