"""What happens in time: echoes, what rings on, a delay that swings, clocks, lost samples."""

from __future__ import annotations

import numpy as np

from nam_engine.audio import rms_dbfs
from nam_engine.effects import Swing, find_swing, quiet_spans, ring_on_db
from nam_engine.findings import Finding, Kind, Severity
from nam_engine.pair import Pair

__all__ = ["check_clock", "check_time_effects", "delay_swing", "modulation"]

WARN, STOP = Severity.WARN, Severity.STOP

MAX_RING_ON_DBFS, RING_ON_ABOVE_REST_DB, RING_ON_BELOW_PLAYING_DB = -70.0, 10.0, 50.0
MIN_ECHO_SHARE = 0.2
MIN_SWING_SAMPLES_48K, MIN_SWING_SHARE = 2.0, 0.35
MIN_DRIFT_PPM, MIN_DRIFT_SAMPLES_48K = 1.0, 8.0


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
    swing = delay_swing(pair)
    if swing is not None:
        findings.append(modulation(pair, swing, WARN))
    return findings


def delay_swing(pair: Pair) -> Swing | None:
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


def modulation(pair: Pair, swing: Swing, severity: Severity) -> Finding:
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
