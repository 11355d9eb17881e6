"""The metadata of a .nam file.

Field names and values are those of the official trainer. What the user did not
set is null in the file, never a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

__all__ = [
    "MAX_LEVEL_DBU",
    "GearType",
    "LatencyCalibration",
    "LatencyWarnings",
    "ToneType",
    "TrainingMetadata",
    "UserMetadata",
    "date_json",
    "esr_json",
]


MAX_LEVEL_DBU = 60.0
"""A level beyond this, either way, is a mistake."""


class GearType(Enum):
    AMP = "amp"
    PEDAL = "pedal"
    PEDAL_AMP = "pedal_amp"
    AMP_CAB = "amp_cab"
    AMP_PEDAL_CAB = "amp_pedal_cab"
    PREAMP = "preamp"
    STUDIO = "studio"


class ToneType(Enum):
    CLEAN = "clean"
    OVERDRIVE = "overdrive"
    CRUNCH = "crunch"
    HI_GAIN = "hi_gain"
    FUZZ = "fuzz"


@dataclass(frozen=True)
class UserMetadata:
    """What the user says about the capture; levels are dBu at 0 dBFS."""

    name: str | None = None
    modeled_by: str | None = None
    gear_make: str | None = None
    gear_model: str | None = None
    gear_type: GearType | None = None
    tone_type: ToneType | None = None
    input_level_dbu: float | None = None
    output_level_dbu: float | None = None

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {k: v.value if isinstance(v, Enum) else v for k, v in fields.items()}


@dataclass(frozen=True)
class LatencyWarnings:
    matches_lookahead: bool = False
    disagreement_too_high: bool = False
    not_detected: bool = False


@dataclass(frozen=True)
class LatencyCalibration:
    """An automatic measurement of the delay, in samples; by default there was none."""

    algorithm_version: int = 1
    delays: tuple[int, ...] = ()
    safety_factor: int = 0
    recommended: int | None = None
    warnings: LatencyWarnings = field(default_factory=lambda: LatencyWarnings(not_detected=True))


@dataclass(frozen=True)
class TrainingMetadata:
    """How the file came about; ``submodel_validation_esr`` is name to ESR."""

    submodel_validation_esr: dict[str, float]
    manual_latency_samples: int | None
    calibration: LatencyCalibration = field(default_factory=LatencyCalibration)
    ignore_checks: bool = False
    checks_version: int = 1
    checks_passed: bool = True

    def to_json(self) -> dict[str, Any]:
        calibration = asdict(self.calibration)
        calibration["delays"] = list(self.calibration.delays)
        return {
            "settings": {"ignore_checks": self.ignore_checks},
            "data": {
                "latency": {
                    "manual": self.manual_latency_samples,
                    "calibration": calibration,
                },
                "checks": {"version": self.checks_version, "passed": self.checks_passed},
            },
            **esr_json(self.submodel_validation_esr),
        }


def esr_json(submodel_validation_esr: Mapping[str, float]) -> dict[str, Any]:
    """How close the models came: all that a file says of a training that nobody checked.

    Name to ESR, the largest submodel last: its own is what the official trainer writes.
    """
    return {
        "validation_esr": list(submodel_validation_esr.values())[-1],
        "submodel_validation_esr": dict(submodel_validation_esr),
    }


def date_json(moment: datetime) -> dict[str, int]:
    """The ``date`` object of a .nam file."""
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
