"""job.json in the folder of a full run: what its other files do not say, and how it ended."""

from __future__ import annotations

import json
from pathlib import Path

from nam_engine.errors import CheckpointError, ConfigError
from nam_engine.job_file import JOB, Ending
from nam_engine.json_node import Node
from nam_engine.json_text import to_json

__all__ = ["encode_run", "read_seed"]

KIND = "full"
SCHEMA = 1
MAX_BYTES = 100_000
MAX_SCHEMA = 10**9
MAX_SEED = 2**53  # larger ones would be rounded


def encode_run(seed: int, ending: Ending) -> bytes:
    """The file's content. What is trained on what stands in the three files beside it."""
    document = {"schema": SCHEMA, "kind": KIND, "ending": ending.value, "seed": seed}
    return to_json(document, indent=2).encode() + b"\n"


def read_seed(folder: Path) -> int:
    """The seed of the run in a folder. Raises CheckpointError where it is none, or a newer one."""
    path = folder / JOB
    remedy = "Give the folder of a run of 'nam-engine full', or the one that holds such folders."
    try:
        with path.open("rb") as file:
            document = Node(json.loads(file.read(MAX_BYTES)), "")
        if document["kind"].text() != KIND:
            raise document["kind"].wrong(f'"{KIND}"')
        if document["schema"].integer(1, MAX_SCHEMA) > SCHEMA:
            raise CheckpointError(
                f"{path} was written by a newer version of this program.", "Go on with that one."
            )
        return document["seed"].integer(0, MAX_SEED)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}).", remedy) from error
    except ConfigError as error:
        raise CheckpointError(f"{path} is no full run's: {error.message}", remedy) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged.", remedy) from error
