"""What is wrong with a trained model, found out by playing it.

Its ESR says how close it comes to the recording as a whole; this says what a low ESR can
hide: that it plays late, upside down, off centre or noisily, or breaks down. The words
are those of ``findings.py``.
"""

from __future__ import annotations

from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from nam_engine.alignment import Confidence
from nam_engine.audio import rms_dbfs
from nam_engine.capture import Capture
from nam_engine.findings import Finding, Kind, Probe, Severity
from nam_engine.gain_staging import MAX_DC, MAX_DC_SHARE, offset_at_rest
from nam_engine.intake import CaptureReport
from nam_engine.nam_file import NamModel
from nam_engine.presets import submodel_title
from nam_engine.render import play, render

__all__ = ["Probe", "probe_model"]

Samples = NDArray[np.float32]

WARN, STOP = Severity.WARN, Severity.STOP

# From soft playing to hard: the model must start at once at every level.
PULSE_LEVELS_DBFS = (-40.0, -20.0, -6.0)
# Models with an ESR of 0.01 ripple up to a tenth of the peak ahead of the sound.
START_OF_SOUND = 0.2  # of the peak
# A speaker takes up to six samples to be heard; more than eight colour the sound when the
# model is blended with another signal (a notch below 3 kHz).
MAX_LATE_SECONDS = 8 / 48_000
PLAYING_SECONDS, MAX_LAG_SECONDS = 4.0, 0.05
MIN_CORRELATION = 0.3  # a tenth of the energy
# Hiss of a quiet interface with nobody playing, and the softest playing that matters.
IDLE_DBFS, SOFT_DBFS = -96.0, -60.0
NOISE_SECONDS, NOISE_SEED = 0.5, 0
MAX_NOISE_DBFS, NOISE_MARGIN_DB = -70.0, 10.0


def probe_model(name: str, model: NamModel, capture: Capture, report: CaptureReport) -> Probe:
    """Try out a model that was trained on a capture, whose report is ``report``.

    ``name`` is the submodel's; the findings call it by its title. Takes less than a second for A2.
    """
    rate = capture.sample_rate_hz
    expected = None
    if report.alignment.confidence is not Confidence.NONE:
        expected = report.alignment.delay_samples - report.latency_samples
    title = submodel_title(name)
    passage = capture.loudest_validation(PLAYING_SECONDS)
    answers = _pulse_answers(model)
    idle, soft = (_noise_answer(model, level_dbfs, rate) for level_dbfs in (IDLE_DBFS, SOFT_DBFS))
    played = play(model, capture.input, passage.start, passage.stop)
    if not all(np.isfinite(audio).all() for audio in (answers, idle, soft, played)):
        message = f"{title} plays values that are no numbers."
        broken = Finding(Kind.MODEL_BROKEN, STOP, message)
        return Probe(name, None, expected, None, None, None, (broken,))
    dc = float(answers[0, 0, 0])
    delay = _delay(answers)
    correlation, lag = _compare(played, passage.of(capture.target), rate)
    follows = abs(correlation) >= MIN_CORRELATION
    noise_dbfs, soft_dbfs = (rms_dbfs(audio - audio.mean()) for audio in (idle, soft))
    return Probe(
        name=name,
        delay_samples=delay,
        expected_delay_samples=expected,
        polarity=int(np.sign(correlation)) if follows else None,
        dc_dbfs=_dbfs(dc),
        noise_dbfs=noise_dbfs,
        findings=(
            *_about_likeness(title, correlation),
            *_about_delay(title, delay, expected, lag if follows else 0, rate),
            *_about_dc(title, dc, capture),
            *_about_noise(title, noise_dbfs, soft_dbfs, report.noise_floor_dbfs),
        ),
    )


def _pulse_answers(model: NamModel) -> Samples:
    """(level, sign, time) from the sample before a pulse until the model has forgotten it."""
    hears = model.config.receptive_field
    pulses = np.zeros((len(PULSE_LEVELS_DBFS), 2, hears + 1), np.float32)
    for pair, level_dbfs in zip(pulses, PULSE_LEVELS_DBFS, strict=True):
        pair[:, 1] = np.array([1, -1]) * 10 ** (level_dbfs / 20)
    return render(model, pulses.ravel()).reshape(pulses.shape)


def _delay(answers: Samples) -> int | None:
    """How many samples after the pulses (level, sign, 1 + time) their answers start.

    The difference between the two signs is without what does not turn over with the pulse:
    the constant output, and much of the bend. It starts where it passes a share of its peak,
    below which an imperfect model ripples. Of the levels the middle one counts.
    """
    sizes = np.abs(answers[:, 0] - answers[:, 1])[:, 1:]
    starts = [int(np.argmax(size > START_OF_SOUND * size.max())) for size in sizes if size.any()]
    return median_low(starts) if starts else None


def _noise_answer(model: NamModel, level_dbfs: float, sample_rate_hz: int) -> Samples:
    """What the model makes of white noise, from when it hears nothing else."""
    hears = model.config.receptive_field
    length = hears + round(NOISE_SECONDS * sample_rate_hz)
    noise = np.random.default_rng(NOISE_SEED).standard_normal(length, np.float32)
    return render(model, np.float32(10 ** (level_dbfs / 20)) * noise)[hears:]


def _compare(played: Samples, target: Samples, sample_rate_hz: int) -> tuple[float, int]:
    """The correlation (-1 to 1) of two passages (time,) where they are most alike, and how
    many samples late the played one must be for it.

    One that is late has the wrong sign as easily as the right one where it is not moved.
    """
    a, b = (audio - audio.mean(dtype=np.float64) for audio in (played, target))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    if norm == 0:
        return 0.0, 0
    size = 1 << (2 * len(a) - 1).bit_length()
    reach = round(MAX_LAG_SECONDS * sample_rate_hz)
    lags = np.arange(-reach, reach + 1)
    products = np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size).conj(), size)[lags]
    best = int(np.argmax(np.abs(products)))
    return float(products[best]) / norm, int(lags[best])


def _dbfs(value: float) -> float:
    return 20 * float(np.log10(abs(value))) if value else -np.inf


def _about_likeness(title: str, correlation: float) -> list[Finding]:
    numbers = {"correlation": correlation}
    if abs(correlation) < MIN_CORRELATION:
        message = (
            f"{title} hardly follows the recording: they correlate by {correlation:.2f}, not by 1."
        )
        return [Finding(Kind.MODEL_UNRELATED, STOP, message, numbers)]
    if correlation < 0:
        message = f"{title} plays the recording upside down."
        return [Finding(Kind.MODEL_INVERTED, WARN, message, numbers)]
    return []


def _about_delay(
    title: str, delay: int | None, expected: int | None, lag: int, sample_rate_hz: int
) -> list[Finding]:
    """Later than the recording (by ``lag``), or as late as a recording that is not aligned.

    The playing tells the former, as a slow filter delays a pulse's answer and is no fault.
    """
    most = MAX_LATE_SECONDS * sample_rate_hz
    if lag > most:
        late, than = lag, "than the recording"
    elif delay is not None and expected is not None and min(delay, expected) > most:
        late, than = expected, "than it has to, like the recording that it learned from"
    else:
        return []
    milliseconds = 1000 * late / sample_rate_hz
    message = f"{title} plays {late} samples ({milliseconds:.1f} ms) later {than}."
    return [Finding(Kind.MODEL_LATE, WARN, message, {"late_samples": late})]


def _about_dc(title: str, dc: float, capture: Capture) -> list[Finding]:
    """By the limits for a recording, unless the recording is off centre by itself."""
    recorded_dc, _ = offset_at_rest(capture.input, capture.target, capture.sample_rate_hz)
    level = 10 ** (rms_dbfs(capture.target) / 20)
    if abs(dc) <= max(MAX_DC, MAX_DC_SHARE * level, 2 * abs(recorded_dc)):
        return []
    message = f"{title} is off centre by {100 * dc:+.1f}% of full scale ({_dbfs(dc):.0f} dBFS)."
    return [Finding(Kind.MODEL_DC_OFFSET, WARN, message, {"dc": dc, "recorded_dc": recorded_dc})]


def _about_noise(
    title: str, noise_dbfs: float, soft_dbfs: float, floor_dbfs: float | None
) -> list[Finding]:
    """Louder than the recording's noise, and than the model's own gain explains.

    The recording was made with digital silence at the input. A rig of high gain and little
    noise (a plug-in has none) makes more of an idle guitar, and so must its model.
    """
    if floor_dbfs is None:
        return []
    amplified_dbfs = IDLE_DBFS + soft_dbfs - SOFT_DBFS
    usual_dbfs = max(floor_dbfs, amplified_dbfs)
    if noise_dbfs <= max(MAX_NOISE_DBFS, usual_dbfs + NOISE_MARGIN_DB):
        return []
    message = (
        f"{title} makes {noise_dbfs:.0f} dBFS of an idle guitar; about {usual_dbfs:.0f} dBFS"
        " would be right."
    )
    numbers = {"noise_dbfs": noise_dbfs, "usual_dbfs": usual_dbfs}
    return [Finding(Kind.MODEL_NOISY, WARN, message, numbers)]
