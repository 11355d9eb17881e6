"""A full training from three files to a folder of artefacts."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

from nam_engine.control import RunControl
from nam_engine.device_choice import choose_device
from nam_engine.errors import CheckpointError, NamEngineError
from nam_engine.events import TrainEvent, TrainResult, Warned
from nam_engine.export import build_container
from nam_engine.full.description import Description
from nam_engine.full.job import FullJob
from nam_engine.full.pairs import load_material
from nam_engine.full.reading import read_description
from nam_engine.full.records import FullRecords, config_files, config_name
from nam_engine.full.review import review
from nam_engine.full.run_file import read_seed
from nam_engine.full.tensorboard import follow, require_tensorboard
from nam_engine.job_file import JOB
from nam_engine.job_folder import LAST, MODEL, PREVIOUS, JobFolder
from nam_engine.keeper import Keeper
from nam_engine.kept_run import run_and_keep
from nam_engine.metadata import UserMetadata, esr_json
from nam_engine.nam_file import NamFile
from nam_engine.stopping import StopRules
from nam_engine.trainer import Trainer

__all__ = ["train_full"]

PARTS = ("data", "model", "learning")
FOLDER_NAME = "%Y-%m-%d-%H-%M-%S"


def train_full(
    job: FullJob, control: RunControl | None = None
) -> Generator[TrainEvent, None, None]:
    """Run a job: ``Warned`` for what is odd in the files, then the events of ``run_and_keep``.

    Everything is kept in a folder of its own in ``job.outdir``. Raises ConfigError where the
    files are wrong, AudioError and CaptureError where the recordings are, CheckpointError
    where a run cannot go on, and what ``run_and_keep`` raises.
    """
    if job.tensorboard:
        require_tensorboard()
    earlier = _run_folder(job.outdir) if job.resume else None
    seed = job.seed if earlier is None else read_seed(earlier)
    description = _description(job, earlier)
    cautions = [*map(Warned, description.warnings), *map(Warned, _cautions(description))]
    yield from cautions
    name = description.data.train[0].y_path.stem
    material, oddities = load_material(
        description.data, description.network.receptive_field, name, description.validation_limit
    )
    yield from map(Warned, oddities)
    cautions += map(Warned, oddities)
    network, method = description.network, description.method
    choice = choose_device(job.device or description.device, network, method, material)
    trainer = Trainer(
        material,
        network,
        method,
        device=choice.device,
        seed=seed,
        stop_rules=StopRules(minutes=description.minutes),
    )
    folder, warnings = _open_folder(job, earlier, trainer)
    there = [path.name for path in folder.path.iterdir()]
    records = FullRecords(description, seed, partial(_export, description), there)
    control = control or RunControl()
    keeper = Keeper(folder, trainer, records, control, name)
    keeper.put(config_files(description))
    for caution in cautions:
        keeper.note(caution)
    look = partial(review, trainer, keeper, description, plots=job.plots)
    events = run_and_keep(trainer, keeper, control, look, [*choice.told, *warnings])
    if job.tensorboard:
        judged_by = description.method.judged_by
        events = follow(events, folder.path, judged_by, is_packed=description.is_packed)
    with closing(events):
        yield from events


def _run_folder(path: Path) -> Path:
    """The folder of a run, or the one in it whose run was saved last."""
    if (path / JOB).is_file():
        return path
    states = [state for file in (PREVIOUS, LAST) for state in path.glob(f"*/{file}")]
    if not states:
        raise CheckpointError(
            f"There is no run to go on with in {path}.",
            "Give the folder of a run, or the one that holds it.",
        )
    return max(states, key=lambda state: state.stat().st_mtime).parent


def _description(job: FullJob, earlier: Path | None) -> Description:
    """What the job's files say or, where a run goes on, those that are kept with it."""
    if earlier is not None:
        return read_description(*(earlier / config_name(part) for part in PARTS))
    assert job.data_path is not None
    assert job.model_path is not None
    assert job.learning_path is not None
    return read_description(job.data_path, job.model_path, job.learning_path)


def _cautions(description: Description) -> Iterator[str]:
    """What trains well and then surprises."""
    submodels = description.network.submodels
    if not all(array.layer1x1 for s in submodels for array in s.config.layer_arrays):
        yield (
            "The network has layers without a 1x1 convolution (layer_1x1_config.active is false):"
            " the plugin will play another sound than the one that was trained."
        )
    pairs = (pair for s in submodels for pair in pairwise(s.config.layer_arrays))
    if any(array.channels != before.head_channels for before, array in pairs):
        yield (
            "The network has a layer array whose channels are not as many as the outputs"
            " (head.out_channels) of the one before it: the plugin will refuse to load the model."
        )


def _open_folder(
    job: FullJob, earlier: Path | None, trainer: Trainer
) -> tuple[JobFolder, list[Warned]]:
    """A new folder called after the time, or that of the run which goes on from its state."""
    if earlier is None:
        name = datetime.now().strftime(FOLDER_NAME)
        return JobFolder.create(job.outdir, name, MODEL), []
    folder = JobFolder(earlier, MODEL)
    try:
        return folder, folder.restore(trainer.restore)
    except NamEngineError:
        folder.close()
        raise


def _export(description: Description, result: TrainResult) -> NamFile:
    """A container of all submodels, or the one model of a plain WaveNet."""
    container = build_container(
        description.network,
        result,
        user=UserMetadata(),
        training=esr_json({s.name: s.metrics.esr for s in result.submodels}),
        moment=datetime.now(),
    )
    if description.is_packed:
        return container
    return replace(container.entries[0].model, metadata=container.metadata)
