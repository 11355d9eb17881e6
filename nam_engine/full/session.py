"""A full training from three files to a folder of artefacts."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from functools import partial

from nam_engine.control import RunControl
from nam_engine.devices import resolve_device
from nam_engine.events import TrainEvent, Warned
from nam_engine.full.job import FullJob
from nam_engine.full.pairs import load_material
from nam_engine.full.records import FullRecords, config_files
from nam_engine.full.review import review
from nam_engine.full.run_file import read_seed
from nam_engine.full.tensorboard import TensorBoard
from nam_engine.keeper import Keeper
from nam_engine.kept_run import run_and_keep
from nam_engine.stopping import StopRules
from nam_engine.trainer import Trainer

__all__ = ["train_full"]

CONFIGS = ("data", "model", "learning")


def train_full(
    job: FullJob, control: RunControl | None = None
) -> Generator[TrainEvent, None, None]:
    """Run a job: ``Warned`` for what is odd in the files, then the events of ``run_and_keep``.

    Everything is kept in a folder of its own in ``job.outdir``. Raises ConfigError where the
    files are wrong, AudioError and CaptureError where the recordings are, CheckpointError
    where a run cannot go on, and what ``run_and_keep`` raises.
    """
    earlier = _run_folder(job.outdir) if job.resume else None
    description = _description(job, earlier)
    yield from map(Warned, description.warnings)
    yield from map(Warned, _cautions(description))
    name = description.data.train[0].y_path.stem
    material, oddities = load_material(
        description.data, description.network.receptive_field, name, description.validation_limit
    )
    yield from map(Warned, oddities)
    seed = job.seed if earlier is None else read_seed(earlier)
    trainer = Trainer(
        material,
        description.network,
        description.method,
        device=resolve_device(job.device or description.device),
        seed=seed,
        stop_rules=StopRules(minutes=description.minutes),
    )
    folder, warnings = _open_folder(job, earlier, trainer)
    export = partial(_export, description)
    there = [path.name for path in folder.path.iterdir()]
    records = FullRecords(description, seed, export, there)
    keeper = Keeper(folder, trainer, records, control or RunControl(), name)
    keeper.put(config_files(description))
    look = partial(review, trainer, keeper, description, plots=job.plots)
    events = run_and_keep(trainer, keeper, control or RunControl(), look, warnings)
    with closing(events):
        if job.tensorboard:
            events = TensorBoard(folder.path, description).following(events)
        yield from events
