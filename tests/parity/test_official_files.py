"""Our files in the official trainer, its files in ours, and its figures."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from nam.models._from_nam import init_from_nam
from nam.models.base import BaseNet
from nam.models.wavenet import PackedWaveNet as OfficialPackedWaveNet
from support import container_of, two_array_packed

from nam_engine.audio import rms_dbfs
from nam_engine.loudness import measure_loudness, pink_noise
from nam_engine.nam_file import NamContainer, NamModel, read_nam, write_nam
from nam_engine.presets import A2
from nam_engine.render import render
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.parse import parse_packed

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"

# The official trainer has no preset for the second; its own form is the exported one.
CONFIGS = {"A2": parse_packed(A2), "two arrays": two_array_packed()}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> PackedConfig:
    return CONFIGS[request.param]


def official_form(config: PackedConfig) -> dict:
    submodels = [{"name": s.name, "config": s.config.to_json()} for s in config.submodels]
    return {"submodels": copy.deepcopy(submodels), "sample_rate": 48_000}


def assert_sounds_equal(ours: np.ndarray, theirs: np.ndarray) -> None:
    error = np.sum((ours - theirs) ** 2, dtype=np.float64)
    assert error / np.sum(theirs**2, dtype=np.float64) < 1e-10


def test_our_container_loads_in_the_official_trainer(tmp_path: Path, config: PackedConfig) -> None:
    write_nam(tmp_path / "ours.nam", container_of(config))
    document = json.loads((tmp_path / "ours.nam").read_text())
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, 9000).astype(np.float32)
    ours = read_nam(tmp_path / "ours.nam")
    assert isinstance(ours, NamContainer)
    for entry, raw in zip(ours.entries, document["config"]["submodels"], strict=True):
        official = init_from_nam(raw["model"])
        weights = official._net.export_weights()
        np.testing.assert_array_equal(weights, entry.model.weights)
        with torch.no_grad():
            played = official(torch.from_numpy(audio), pad_start=True).numpy()
        assert_sounds_equal(render(entry.model, audio), played)


def test_official_container_loads_in_ours(tmp_path: Path, config: PackedConfig) -> None:
    torch.manual_seed(3)
    official = OfficialPackedWaveNet.init_from_config(official_form(config))
    official.eval().export(tmp_path, basename="official")
    ours = read_nam(tmp_path / "official.nam")
    assert isinstance(ours, NamContainer)
    assert [e.max_value for e in ours.entries] == list(config.max_values)
    for i, entry in enumerate(ours.entries):
        submodel = official.extract_submodel(i)
        np.testing.assert_array_equal(entry.model.weights, submodel._net.export_weights())
        assert entry.model.config.layer_arrays == config.submodels[i].config.layer_arrays
        assert entry.model.sample_rate_hz == 48_000


def test_our_configuration_is_written_as_the_official_one(config: PackedConfig) -> None:
    """Key for key: the runtime's A2 path is taken only if every field matches."""
    official = OfficialPackedWaveNet.init_from_config(official_form(config))
    for i, part in enumerate(config.submodels):
        theirs = official.extract_submodel(i)._net.export_config()
        ours = part.config.to_json()
        assert json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)
        assert list(ours["layers"][0]) == list(theirs["layers"][0])


def test_loudness_and_gain_are_defined_as_the_official_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the official noise the figures agree, for networks of any loudness."""
    noise = BaseNet._metadata_loudness_x().numpy()
    monkeypatch.setattr("nam_engine.loudness.pink_noise", lambda: noise)
    for seed, drive in enumerate((0.1, 1.0, 30.0)):
        model = container_of(CONFIGS["A2"], seed).entries[0].model
        weights = model.weights.copy()
        weights[:3] *= drive
        model = NamModel(model.config, weights, 48_000)
        official = init_from_nam(model.to_json())
        ours = measure_loudness(model)
        assert ours.loudness_db == pytest.approx(official._metadata_loudness(), abs=1e-3)
        assert ours.gain == pytest.approx(official._metadata_gain(), abs=1e-5)


def test_our_noise_is_like_the_official_one() -> None:
    """Level, peak and power in each octave from 31 Hz to 16 kHz, within a decibel."""
    official, ours = BaseNet._metadata_loudness_x().numpy(), pink_noise()
    assert rms_dbfs(ours) == pytest.approx(rms_dbfs(official), abs=0.01)
    assert np.abs(ours).max() == pytest.approx(np.abs(official).max(), abs=0.02)
    powers = [np.abs(np.fft.rfft(x)) ** 2 for x in (official, ours)]
    for low in 31.25 * 2 ** np.arange(9):
        octave = slice(round(low), round(2 * low))
        difference_db = 10 * np.log10(powers[1][octave].sum() / powers[0][octave].sum())
        assert abs(difference_db) < 1.0


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference recordings are not here")
class TestRealA2File:
    """A real A2 container and what the native runtime plays for it."""

    def container(self) -> NamContainer:
        file = read_nam(REFERENCE / "A2.nam")
        assert isinstance(file, NamContainer)
        return file

    @pytest.mark.parametrize(("name", "slim"), [("lite", 0.0), ("full", 1.0)])
    def test_we_play_what_the_native_runtime_plays(self, name: str, slim: float) -> None:
        import soundfile

        audio, _ = soundfile.read(REFERENCE / "di.wav", dtype="float32")
        played, _ = soundfile.read(REFERENCE / f"A2_{name}_runtime.wav", dtype="float32")
        assert_sounds_equal(render(self.container().select(slim), audio), played)

    def test_loudness_and_gain(self) -> None:
        for entry in self.container().entries:
            measured = measure_loudness(entry.model)
            assert measured.loudness_db == pytest.approx(entry.model.metadata["loudness"], abs=0.3)
            assert measured.gain == pytest.approx(entry.model.metadata["gain"], abs=0.02)

    def test_written_configuration_is_field_for_field_the_real_one(self) -> None:
        document = json.loads((REFERENCE / "A2.nam").read_text())
        for raw, part in zip(document["config"]["submodels"], CONFIGS["A2"].submodels, strict=True):
            assert list(part.config.to_json()["layers"][0]) == list(
                raw["model"]["config"]["layers"][0]
            )
            assert part.config.to_json() == raw["model"]["config"]
