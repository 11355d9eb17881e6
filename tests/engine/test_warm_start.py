from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support import RATE_HZ, container_of, small_capture, small_packed, two_array_packed
from trainers import trainer_of

from nam_engine.errors import NamFileError
from nam_engine.events import BestImproved, EpochDone, Finished
from nam_engine.nam_file import ContainerEntry, NamContainer, NamModel, write_nam
from nam_engine.presets import Recipe
from nam_engine.trainer import Trainer
from nam_engine.warm_start import read_start

RECIPE = Recipe(epochs=4, window_samples=2048, batch_size=8, learning_rate=0.03)


def trainer(recipe: Recipe = RECIPE) -> Trainer:
    return trainer_of(small_capture(), small_packed(), recipe, device=torch.device("cpu"))


def trained() -> NamContainer:
    """A container as a run would export it, its head scale undone by the training level."""
    run = trainer()
    *_, end = run.run()
    assert isinstance(end, Finished)
    entries = [
        ContainerEntry(max_value, NamModel(submodel.config, best.weights, RATE_HZ))
        for max_value, submodel, best in zip(
            (0.5, 1.0), run.config.submodels, end.result.submodels, strict=True
        )
    ]
    return NamContainer(tuple(entries))


def test_training_goes_on_where_the_file_was(tmp_path: Path) -> None:
    first = trainer()
    list(first.run())
    write_nam(tmp_path / "a.nam", trained())
    run = trainer()
    run.start_from(read_start(tmp_path / "a.nam", run.config, RATE_HZ))
    events = list(run.run())
    starts = [e for e in events if isinstance(e, BestImproved) and e.epoch == 0]
    assert [s.submodel for s in starts] == [0, 1]
    for start, before in zip(starts, first.result().submodels, strict=True):
        assert start.esr == pytest.approx(before.metrics.esr, rel=1e-4)
    rows = [e for e in events if isinstance(e, EpochDone)]
    assert rows[0].loss < 0.7 * first.history[0].loss


def test_fine_tuning_never_makes_it_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nam(tmp_path / "a.nam", trained())
    run = trainer(Recipe(epochs=1, window_samples=2048, batch_size=8, learning_rate=5.0))
    models = read_start(tmp_path / "a.nam", run.config, RATE_HZ)
    run.start_from(models)
    *_, end = run.run()
    assert isinstance(end, Finished)
    assert [s.epoch for s in end.result.submodels] == [0, 0]
    for best, model in zip(end.result.submodels, models, strict=True):
        # Folded by the training level and back, in float32.
        np.testing.assert_allclose(best.weights[:-3], model.weights[:-3], rtol=1e-5, atol=1e-7)


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    config = small_packed()
    path = tmp_path / "a.nam"
    write_nam(path, container_of(config).entries[0].model)
    with pytest.raises(NamFileError, match=r"a\.nam holds one model; training needs 2"):
        read_start(path, config, RATE_HZ)
    write_nam(path, container_of(two_array_packed()))
    with pytest.raises(NamFileError, match="do not have the sizes and layers of small and large"):
        read_start(path, config, RATE_HZ)
    write_nam(path, container_of(config))
    with pytest.raises(NamFileError, match=r"made for 48000 samples per second but .* has 44100"):
        read_start(path, config, 44_100)
    path.write_text("{}")
    with pytest.raises(NamFileError):
        read_start(path, config, RATE_HZ)
