"""Copying finished models to where the user wants them; nothing is overwritten unasked."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nam_engine.atomic import unused_path
from nam_engine.errors import NamFileError
from nam_engine.job_folder import file_name
from nam_engine.metadata import UserMetadata
from nam_engine.nam_file import copy_nam
from nam_gui.figures import esr_text
from nam_gui.job import Job

__all__ = ["PLACEHOLDERS", "ModelCopy", "export_model", "proposed_name", "proposed_path"]

PLACEHOLDERS = ("recording", "gear", "tone", "date", "esr")
"""What may stand in braces in a name's template."""

# With what separates it from the text before it, which goes too where there is nothing to say.
PLACE = re.compile(rf"([ _-]*)\{{({'|'.join(PLACEHOLDERS)})\}}")


@dataclass(frozen=True)
class ModelCopy:
    """A model, where it is to go, and what the copy is to say."""

    model_path: Path
    target: Path
    user: UserMetadata
    may_replace: bool = False


def proposed_name(template: str, job: Job, today: date) -> str:
    """The name of a job's exported file, without its ending, as the user's template wants it."""
    user = job.user_metadata
    values = {
        "recording": user.name or "",
        "gear": " ".join(filter(None, (user.gear_make, user.gear_model))),
        "tone": "" if user.tone_type is None else user.tone_type.value.replace("_", " "),
        "date": today.isoformat(),
        "esr": esr_text(job.esr[-1]) if job.esr else "",
    }

    # All at once: a recording called {gear} keeps its name.
    def fill(place: re.Match[str]) -> str:
        value = values[place[2]]
        return place[1] + value if value else ""

    return file_name(PLACE.sub(fill, template))


def proposed_path(folder: Path, name: str) -> Path:
    """A path in ``folder`` that is not taken yet, if that can be told."""
    path = folder / f"{name}.nam"
    with contextlib.suppress(OSError):
        return unused_path(path)
    return path


def export_model(copy: ModelCopy) -> Path:
    """Write a copy of a model, with a number where its name is taken and may not be replaced.

    Returns where it is. Raises NamFileError where that fails.
    """
    try:
        target = copy.target if copy.may_replace else unused_path(copy.target)
    except OSError as error:
        raise NamFileError(
            f"{copy.target} cannot be written ({error.strerror}).", "Choose another folder."
        ) from error
    copy_nam(copy.model_path, target, copy.user)
    return target
