"""What is to be trained, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nam_engine.audio import read_recording
from nam_engine.intake import Choices, Intake, take_in
from nam_engine.metadata import UserMetadata
from nam_engine.presets import STANDARD_RECIPE, Recipe
from nam_engine.stopping import StopRules

__all__ = ["TrainJob"]


@dataclass(frozen=True)
class TrainJob:
    """One recording to be turned into a .nam file in a folder of its own in ``outdir``.

    Folder and file are called after ``user.name``, else after the recording. ``channel`` (from
    1) of the recording is used, where its channels differ. With ``resume`` the training in
    ``folder`` goes on where it was or, where none is given, the latest of this name, if there
    is one; a new one begins with the models of ``start_path``, if given.
    """

    input_path: Path
    output_path: Path
    outdir: Path
    recipe: Recipe = STANDARD_RECIPE
    device: str = "auto"
    seed: int = 0
    choices: Choices = field(default_factory=Choices)
    channel: int | None = None
    user: UserMetadata = field(default_factory=UserMetadata)
    stop_rules: StopRules = field(default_factory=StopRules)
    resume: bool = False
    folder: Path | None = None
    start_path: Path | None = None

    def take_in(self) -> Intake:
        """Read the pair and take it in; raises what reading and ``intake.take_in`` raise."""
        return take_in(
            read_recording(self.input_path),
            read_recording(self.output_path, self.channel),
            self.choices,
        )
