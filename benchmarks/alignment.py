"""Latency measurement on recordings whose delay is known, beside the official trainer's.

    python benchmarks/alignment.py INPUT OUTPUT [INPUT OUTPUT ...] [--model A2.nam]

Every trial takes a pair, delays it, and adds what a real recording has: any gain with
clipping, noise, an inverted cable, a cabinet. Without blips: the given recordings and the
demo rig. With blips: inputs of the official v3 layout and our own capture signal, played
through the demo rig and the model. The official algorithm needs blips.

The delay of the demo rig is 0 by construction, that of the model is where its response to
a click starts. That of a recording is not known; it is what we measure on the untouched
pair, so its trials show robustness and nothing more. A cabinet filter starts with its
first sample and is heard from the sample that is 20 dB below its peak (ISO 3382's start of
an impulse response): both and what lies between count as right.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from nam_engine.alignment import Confidence, align_recordings
from nam_engine.audio import read_recording, rms_dbfs
from nam_engine.capture_signal import capture_signal
from nam_engine.correlation import correlate
from nam_engine.demo import amplify, play
from nam_engine.nam_file import NamContainer, read_nam
from nam_engine.render import render
from nam_engine.signals import OWN, V3, KnownInput

RATE_HZ = 48_000
TOLERANCE_SAMPLES = 2.5  # two, and the half that is lost by rounding
DELAYS = (-200, 24_001)
NOISE_DBFS, GAIN_DB = (-70.0, -30.0), (-30.0, 20.0)

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Rig:
    """An input and its output, whose own delay is ``delay_samples``."""

    name: str
    input: Samples
    output: Samples
    delay_samples: float
    known: KnownInput | None = None

    def blips(self, seconds: tuple[float, ...]) -> list[int]:
        origin = [len(self.input) if s < 0 else 0 for s in seconds]
        return [o + round(s * RATE_HZ) for o, s in zip(origin, seconds, strict=True)]


@dataclass(frozen=True)
class Trial:
    rig: Rig
    output: Samples
    earliest: float
    latest: float
    snr_db: float

    def is_right(self, delay_samples: float | None) -> bool:
        return (
            delay_samples is not None
            and self.earliest - TOLERANCE_SAMPLES <= delay_samples
            and delay_samples <= self.latest + TOLERANCE_SAMPLES
        )


def make_trial(rig: Rig, rng: np.random.Generator) -> Trial:
    output, rise = rig.output, 0
    if rng.random() < 0.5:
        cabinet = np.concatenate(
            [
                signal.butter(4, rng.uniform(3500, 6000), fs=RATE_HZ, output="sos"),
                signal.butter(4, rng.uniform(60, 120), "highpass", fs=RATE_HZ, output="sos"),
            ]
        )
        click = np.abs(signal.sosfilt(cabinet, np.eye(1, 4000)[0]))
        rise = int(np.argmax(click > 0.1 * click.max()))
        output = signal.sosfilt(cabinet, output)
    delay = int(rng.integers(*DELAYS))
    output = 10 ** (rng.uniform(*GAIN_DB) / 20) * rng.choice([-1, 1]) * output
    output = np.pad(output, (delay, 0)) if delay >= 0 else output[-delay:]
    noise_dbfs = rng.uniform(*NOISE_DBFS)
    snr_db = rms_dbfs(output) - noise_dbfs
    output = output + 10 ** (noise_dbfs / 20) * rng.standard_normal(len(output))
    return Trial(
        rig,
        output.clip(-1, 1).astype(np.float32),
        delay + rig.delay_samples,
        delay + rig.delay_samples + rise,
        snr_db,
    )


def official_delay(output: Samples) -> float | None:
    from nam.train import core

    with contextlib.redirect_stdout(io.StringIO()):
        found = core._calibrate_latency_v3(output, manual_available=True, show_plots=False)
    return found.recommended


def v3_like(playing: Samples) -> Samples:
    """An input of the official layout: replicate, blips, chirps, noise, playing."""
    validation, body = playing[: 9 * RATE_HZ], playing[: 30 * RATE_HZ]
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    chirps = 0.5 * signal.chirp(t, 20, 3, 20_000, "logarithmic")
    noise = 0.2 * np.random.default_rng(0).standard_normal(2 * RATE_HZ).clip(-3, 3)
    clicks = np.zeros(2 * RATE_HZ)
    clicks[[RATE_HZ // 2, 3 * RATE_HZ // 2]] = 0.98
    silence = np.zeros(RATE_HZ)
    parts = (validation, silence, clicks, chirps, noise, body, silence[::2], validation)
    return np.concatenate(parts).astype(np.float32)


def rigs(arguments: argparse.Namespace) -> tuple[list[Rig], list[Rig]]:
    """Those without blips and those with."""
    plain = []
    recordings = list(map(read_recording, arguments.recordings))
    for source, output in zip(recordings[::2], recordings[1::2], strict=True):
        x, y = (r.samples[: 60 * RATE_HZ] for r in (source, output))
        own = correlate(x, y, RATE_HZ)
        assert own is not None
        plain.append(Rig(output.path.stem, x, y, own.delay_samples))
    playing = play(40.0, seed=3).astype(np.float32)
    plain.append(Rig("demo rig", playing, amplify(playing).astype(np.float32), 0))

    inputs = [("v3, demo playing", v3_like(playing), V3), ("own", capture_signal(60.0), OWN)]
    inputs += [
        (f"v3, {r.path.stem}", v3_like(np.resize(r.samples, 30 * RATE_HZ)), V3)
        for r in recordings[::2]
    ]
    with_blips = []
    for name, x, known in inputs:
        with_blips.append(Rig(f"{name}, demo rig", x, amplify(x).astype(np.float32), 0, known))
        if arguments.model:
            file = read_nam(arguments.model)
            model = file.select(1.0) if isinstance(file, NamContainer) else file
            click = np.eye(1, 16_000, 8000, dtype=np.float32)[0]
            response = np.abs(render(model, click) - render(model, 0 * click))
            start = int(np.argmax(response > 0.1 * response.max())) - 8000
            with_blips.append(
                Rig(f"{name}, {arguments.model.stem}", x, render(model, x), start, known)
            )
    return plain, with_blips


def run(rig_list: list[Rig], trials: int, seed: int) -> None:
    right: Counter[str] = Counter()
    official: Counter[str] = Counter()
    count: Counter[str] = Counter()
    confidences: Counter[tuple[str, bool]] = Counter()
    seconds, errors, audible = [], [], []
    for i in range(trials):
        rig = rig_list[i % len(rig_list)]
        trial = make_trial(rig, np.random.default_rng(seed + i))
        known = rig.known
        blips, end_blips = (
            ([], []) if known is None else (rig.blips(known.blips), rig.blips(known.end_blips))
        )
        started = time.perf_counter()
        found = align_recordings(rig.input, trial.output, RATE_HZ, blips, end_blips)
        seconds.append(time.perf_counter() - started)
        is_right = trial.is_right(found.delay_samples)
        count[rig.name] += 1
        if trial.snr_db > 0:
            audible.append(is_right)
        right[rig.name] += is_right
        confidences[found.confidence.value, is_right] += 1
        errors.append(
            max(trial.earliest - found.delay_samples, found.delay_samples - trial.latest, 0)
        )
        if known is V3:
            official[rig.name] += trial.is_right(official_delay(trial.output))
    for name in count:
        line = f"{name:36} {count[name]:4} trials   ours {right[name] / count[name]:7.1%}"
        known = next(r.known for r in rig_list if r.name == name)
        print(line + (f"   official {official[name] / count[name]:7.1%}" if known is V3 else ""))
    print(
        f"all: {right.total() / trials:.1%} within two samples; quantiles 50 90 95 99 100%:",
        np.quantile(errors, [0.5, 0.9, 0.95, 0.99, 1]).round(1),
    )
    print(f"of the {len(audible)} that are louder than their noise: {np.mean(audible):.1%}")
    v3 = [r.name for r in rig_list if r.known is V3]
    if v3:
        total = sum(count[name] for name in v3)
        print(
            f"of the v3 trials: ours {sum(right[n] for n in v3) / total:.1%},"
            f" official {sum(official[n] for n in v3) / total:.1%}"
        )
    for confidence in Confidence:
        good, bad = (confidences[confidence.value, ok] for ok in (True, False))
        print(f"confidence {confidence.value:7} right {good:4}  wrong {bad:3}")
    print(f"median {np.median(seconds):.2f} s each\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path, metavar="INPUT OUTPUT")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    plain, with_blips = rigs(arguments)
    for rig in plain:
        print(f"{rig.name}: own delay {rig.delay_samples:.2f}")
    print("\nwithout blips")
    run(plain, arguments.trials, arguments.seed)
    print("with blips")
    run(with_blips, arguments.trials, arguments.seed)


if __name__ == "__main__":
    main()
