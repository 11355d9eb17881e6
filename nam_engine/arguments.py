"""What the commands' options have in common: their types and the groups they come in."""

from __future__ import annotations

import argparse
from typing import Any

from nam_engine.device_report import DEVICES
from nam_engine.presets import A2_CHANNELS, RECIPES

__all__ = [
    "add_choices",
    "add_device",
    "add_json",
    "add_recipe",
    "add_stop_rules",
    "positive",
    "seconds",
    "seed",
    "slim",
]

MAX_NUMBER = 10**9
MIN_MINUTES = 0.001


def add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--latency",
        type=int,
        metavar="SAMPLES",
        help="how much later the recording is (default: measured)",
    )
    parser.add_argument(
        "--validation",
        type=span,
        metavar="START:STOP",
        help="seconds to validate on (default: the known input's, else near the end)",
    )
    parser.add_argument("--rate", type=positive, metavar="HZ", help="convert to this sample rate")
    parser.add_argument(
        "--channel", type=positive, metavar="N", help="the recording's channel to use, from 1"
    )
    parser.add_argument("--flip", action="store_true", help="turn the recording upside down")


def add_stop_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target-esr", type=esr, metavar="ESR", help="stop when the validation ESR is this low"
    )
    parser.add_argument(
        "--target-submodel",
        choices=tuple(A2_CHANNELS),
        help="whose ESR --target-esr means (default: the largest's)",
    )
    parser.add_argument(
        "--patience", type=positive, metavar="N", help="stop after N epochs without improvement"
    )
    parser.add_argument("--minutes", type=minutes, metavar="M", help="stop after so many minutes")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        default="standard",
        help="how to train: draft to try something out, best for the last bit, official as the"
        " official trainer does (default: standard)",
    )
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="how long to train (default: the recipe's)"
    )


def add_device(parser: argparse.ArgumentParser, default: str | None = "auto") -> None:
    parser.add_argument("--device", choices=DEVICES, default=default)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def number(text: str, kind: type[int] | type[float], minimum: float, maximum: float) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = kind(-1)
    # Written so that NaN is refused too.
    if not minimum <= number <= maximum:
        whole = "a whole number" if kind is int else "a number"
        bounds = f"from {minimum:g}" + (f" to {maximum:g}" if maximum < MAX_NUMBER else "")
        raise argparse.ArgumentTypeError(f"'{text}' is not {whole} {bounds}")
    return number


def positive(text: str) -> int:
    return int(number(text, int, 1, MAX_NUMBER))


def seed(text: str) -> int:
    return int(number(text, int, 0, MAX_NUMBER))


def slim(text: str) -> float:
    return float(number(text, float, 0, 1))


def esr(text: str) -> float:
    return float(number(text, float, 0, 1))


def minutes(text: str) -> float:
    return float(number(text, float, MIN_MINUTES, MAX_NUMBER))


def seconds(text: str) -> float:
    return float(number(text, float, 0, MAX_NUMBER))


def span(text: str) -> tuple[float, float]:
    start, _, stop = text.partition(":")
    span = seconds(start), seconds(stop)
    if span[0] >= span[1]:
        raise argparse.ArgumentTypeError("must be START:STOP in seconds, such as 181:190")
    return span
