"""What can be found out about a pair of recordings and about a trained model, in words.

The one source of these words: the command line, the window and docs/troubleshooting.md
all take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Finding", "Kind", "Probe", "Severity", "troubleshooting_page"]


class Severity(Enum):
    """How much a finding matters; a STOP keeps a pair from training until the user insists."""

    INFO = "info"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True)
class Advice:
    """What a kind of finding means: a title, the likely cause and what to do.

    ``of_model`` tells what is wrong with a trained model from what is wrong with recordings.
    """

    title: str
    cause: str
    remedy: str
    of_model: bool = False


class Kind(Enum):
    """Every kind of finding."""

    KNOWN_INPUT = Advice(
        "The input is a known capture signal",
        "The file is one of the standard inputs, or a copy that was saved again.",
        "Nothing: its blips, its validation passage and its repeats are used.",
    )
    OWN_INPUT = Advice(
        "The input is your own",
        "The file is none of the known capture signals.",
        "It works as well. Its ESR tells better from worse on this input, but does not"
        " compare with the ESR of captures made with another one.",
    )
    CHANNEL = Advice(
        "One channel of a stereo file was taken",
        "The other channel is silent, or you chose this one.",
        "Nothing, if this is the channel of the amp.",
    )
    CONVERTED = Advice(
        "The sample rate was converted",
        "The file has another sample rate than the input, or another than you asked for.",
        "Nothing. Recording at the input's own rate saves the conversion.",
    )
    OUTPUT_LONGER = Advice(
        "The recording is longer than the input",
        "The recorder ran on after the signal had ended.",
        "Nothing: the rest is left out.",
    )
    OUTPUT_SHORTER = Advice(
        "The recording is shorter than the input",
        "The recording was stopped early or its end was cut off.",
        "Nothing, as long as most of it is there: the input's end is left out.",
    )
    OUTPUT_TOO_SHORT = Advice(
        "Much of the recording is missing",
        "The recording was stopped early, or belongs to another input.",
        "Record the whole input. You may train on what is there.",
    )
    SILENT = Advice(
        "A recording is silent",
        "A cable, a muted channel or the wrong file.",
        "Check the cables and levels and record again.",
    )
    QUIET = Advice(
        "The recording is very quiet",
        "The interface's input gain is low.",
        "Turn the input gain up until the loudest playing peaks at about -6 dBFS.",
    )
    CLIPPED = Advice(
        "The recording is clipped",
        "The interface's input was too loud: the tops of the waves are cut off flat."
        " The model would learn this as a part of the amp.",
        "Turn the interface's input gain down by 6 dB and record again.",
    )
    DC_OFFSET = Advice(
        "The recording has a DC offset",
        "The interface or a plug-in adds a constant to the signal.",
        "Use a high-pass filter below 10 Hz in the recording chain, or another input.",
    )
    SAME_AS_INPUT = Advice(
        "The recording is the input itself",
        "The amp was bypassed, or the recorder took the signal before it.",
        "Check what the recorded channel listens to and record again.",
    )
    UNRELATED = Advice(
        "The recording has nothing to do with the input",
        "This is another file's recording, something else was recorded, or noise is all there is.",
        "Check that input and recording belong together.",
    )
    WRONG_SPEED = Advice(
        "The recording plays at another speed",
        "It was recorded at one sample rate and labelled with another, usually by a converter"
        " or an interface that was set to a different rate than the project.",
        "Set the same rate in the interface and in the project and record again.",
    )
    INVERTED = Advice(
        "The rig turns the signal upside down",
        "Many amps do, and so does a cable or a setting with inverted polarity.",
        "Nothing: the model will do the same. Turn the recording over if the model is to be"
        " blended with another signal.",
    )
    EARLY = Advice(
        "The recording is earlier than the input",
        "The recorder compensates for more latency than there is.",
        "Nothing: the input is moved instead. If the model plays late, set the latency by hand.",
    )
    LATENCY_UNCERTAIN = Advice(
        "The latency is uncertain",
        "The recording is very noisy or very distorted, or its effects hide where it starts.",
        "Compare input and recording and set the latency by hand if needed.",
    )
    LATENCY_BY_HAND = Advice(
        "The latency set by hand is not the measured one",
        "A typing error, or a setting left from another recording.",
        "Compare input and recording at both.",
    )
    CLOCK_DRIFT = Advice(
        "The two clocks drift apart",
        "Input and recording ran on two devices that are not synchronised.",
        "Play and record with the same interface, or synchronise the two.",
    )
    JUMP = Advice(
        "Samples are missing or too many",
        "The computer could not keep up, and the interface dropped or repeated a buffer.",
        "Use a larger buffer, close other programs and record again.",
    )
    GAP = Advice(
        "The recording has gaps",
        "The computer could not keep up, or a part was cut out.",
        "Use a larger buffer, close other programs and record again.",
    )
    CLICKS = Advice(
        "The recording has clicks",
        "A loose cable, a bad contact or a dropped buffer.",
        "Listen to these places, check the cables and record again.",
    )
    NOISE = Advice(
        "The noise floor",
        "Hum, hiss and interference of the rig. No model can learn noise: its share is the"
        " lowest ESR that can be reached.",
        "A better cable, more distance to the computer and a louder signal into the interface"
        " lower it.",
    )
    NOISE_GATE = Advice(
        "There seems to be a noise gate",
        "Soft playing vanishes all at once. A gate opens and closes by rules that the model"
        " cannot follow.",
        "Switch the gate off and record again; use one in front of the model instead.",
    )
    NOT_REPEATABLE = Advice(
        "The rig does not repeat itself",
        "The same passage sounded different the second time: noise, an effect that depends on"
        " time, a knob that was moved, or an amp that was still cold.",
        "Switch effects and gate off, let the amp warm up, touch nothing and record again.",
    )
    LEVEL_CHANGED = Advice(
        "The level changed during the recording",
        "A knob was moved, or the amp was still warming up.",
        "Let the amp warm up, touch nothing and record again.",
    )
    LONG_RESPONSE = Advice(
        "The sound rings on for longer than the model can hear",
        "A delay or a reverb is switched on. The model hears 132 ms back.",
        "Switch it off and record again; use one after the model instead.",
    )
    MODULATION = Advice(
        "The pitch or the delay swings",
        "A chorus, a vibrato, a flanger or a rotary speaker is switched on. The model cannot"
        " follow what moves by itself.",
        "Switch it off and record again; use one after the model instead.",
    )
    MODEL_BROKEN = Advice(
        "The model breaks down",
        "Training ran away: what the model plays grows beyond all numbers.",
        "Do not play it. Train again.",
        of_model=True,
    )
    MODEL_UNRELATED = Advice(
        "The model does not follow the recording",
        "Training was stopped at its very start or failed, or input and recording do not lie"
        " on each other.",
        "Check the recording and its latency, then train for longer.",
        of_model=True,
    )
    MODEL_INVERTED = Advice(
        "The model plays upside down",
        "Training failed, or the recording was turned over after it: the model moves the"
        " speaker in where the amp moves it out.",
        "Train again with the recording as it is now.",
        of_model=True,
    )
    MODEL_LATE = Advice(
        "The model plays late",
        "Less latency was taken out of the recording than it has, so that the model delays what"
        " you play; or training has not found out where the sound begins.",
        "Train again with the measured latency. If that is what was used, train for longer.",
        of_model=True,
    )
    MODEL_DC_OFFSET = Advice(
        "The model has a DC offset",
        "Training was short, or its input has no pauses, where a constant shows. Many players"
        " filter it out; in others it clicks when the model is switched on and off.",
        "Train for longer, on an input with pauses as our capture signal has them.",
        of_model=True,
    )
    MODEL_NOISY = Advice(
        "The model is noisier than the amp",
        "It makes more of the faintest sounds than of soft playing, because training heard"
        " nothing so faint. The hiss of an idle guitar comes out loud.",
        "Train for longer, on an input that fades into pauses as our capture signal does.",
        of_model=True,
    )


@dataclass(frozen=True)
class Finding:
    """One thing that was found out about a pair of recordings or a model.

    ``message`` is a sentence with the figures; ``numbers`` has them by name, with units;
    ``picture`` holds arrays to be drawn. A stop that is not ``overridable`` leaves nothing
    to train on.
    """

    kind: Kind
    severity: Severity
    message: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    picture: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    overridable: bool = True

    @property
    def cause(self) -> str:
        return self.kind.value.cause

    @property
    def remedy(self) -> str:
        return self.kind.value.remedy

    def to_json(self) -> dict[str, Any]:
        """Everything but the picture."""
        return {
            "kind": self.kind.name.lower(),
            "severity": self.severity.value,
            "message": self.message,
            "cause": self.cause,
            "remedy": self.remedy,
            "numbers": {name: float(np.round(value, 6)) for name, value in self.numbers.items()},
            "overridable": self.overridable,
        }


@dataclass(frozen=True)
class Probe:
    """What a model does when it is tried out, and what is wrong with that.

    ``delay_samples`` is how long after its input the model starts to sound, and
    ``expected_delay_samples`` how long after it the recording does that it learned from.
    ``polarity`` is -1 where it moves against the recording. ``dc_dbfs`` is its constant output
    in silence (-inf: none), ``noise_dbfs`` what it makes of an idle guitar. Each is None where
    it cannot be told.
    """

    name: str
    delay_samples: int | None
    expected_delay_samples: int | None
    polarity: int | None
    dc_dbfs: float | None
    noise_dbfs: float | None
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "delay_samples": self.delay_samples,
            "expected_delay_samples": self.expected_delay_samples,
            "polarity": self.polarity,
            "dc_dbfs": self.dc_dbfs,
            "noise_dbfs": self.noise_dbfs,
            "findings": [finding.to_json() for finding in self.findings],
        }


def troubleshooting_page() -> str:
    """docs/troubleshooting.md."""
    lines = [
        "# Troubleshooting",
        "",
        "What `nam-engine` and the window say about your recordings and models, why, and what"
        " to do.",
        "",
        "(Written from `nam_engine/findings.py`: `python docs/write_troubleshooting.py`.)",
    ]
    for section, of_model in (("Your recordings", False), ("The trained model", True)):
        lines += ["", f"## {section}"]
        for advice in (kind.value for kind in Kind if kind.value.of_model is of_model):
            lines += [
                "",
                f"### {advice.title}",
                "",
                advice.cause,
                "",
                f"**What to do:** {advice.remedy}",
            ]
    return "\n".join(lines) + "\n"
