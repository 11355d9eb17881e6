from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from support import small_packed, two_array_packed
from torch import Tensor

from nam_engine.errors import ConfigError
from nam_engine.losses import MultiResolutionStft, mse
from nam_engine.presets import A2, OFFICIAL_RECIPE
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.ordinary import WaveNet
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed
from nam_engine.wavenet.predict import predict

CONFIGS = {"A2": parse_packed(A2), "two arrays": two_array_packed(), "small": small_packed()}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> PackedConfig:
    return CONFIGS[request.param]


def batches(config: PackedConfig, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(3)
    context = config.receptive_field - 1
    for _ in range(count):
        audio = 0.3 * torch.randn(2, context + 1536, generator=generator, dtype=torch.float64)
        yield audio, 0.2 * torch.tanh(3 * audio[:, context:])


def off_block_weights(network: PackedWaveNet) -> Tensor:
    return torch.cat(
        [
            conv.weight.detach()[conv.mask == 0]
            for conv in network.network.convolutions()
            if conv.mask is not None
        ]
    )


def assert_equal_gradients(packed: PackedWaveNet, separate: list[WaveNet]) -> None:
    for i, wavenet in enumerate(separate):
        for ours, theirs in zip(
            packed.network.convolutions(), wavenet.network.convolutions(), strict=True
        ):
            expected = theirs.weight.grad
            if expected is None:  # the last layer's 1x1, which nobody reads
                assert ours.weight.grad is None
                continue
            assert ours.weight.grad is not None
            tolerance = 1e-10 * expected.abs().max().item()
            actual = ours.weight.grad[ours.blocks[i]]
            torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance)


def loss_of(prediction: Tensor, target: Tensor) -> Tensor:
    mrstft = MultiResolutionStft()
    return mse(prediction, target).sum() + 0.0005 * mrstft(prediction, target).sum()


def test_prediction_has_batch_submodel_time(config: PackedConfig) -> None:
    network = PackedWaveNet(config)
    audio = torch.zeros(2, config.receptive_field + 9)
    assert network(audio).shape == (2, len(config.submodels), 10)


def test_packed_training_equals_separate_training(config: PackedConfig) -> None:
    """Loss, gradients and 20 optimizer steps, off-block weights zero throughout.

    In float64 and with small steps: 23 layers under Adam's first, sign-like steps
    of 0.004 magnify rounding about tenfold a step, in either form of the network.
    """
    packed = PackedWaveNet(config).double()
    separate = [packed.extract(i) for i in range(len(config.submodels))]

    def adam(parameters: list[torch.nn.Parameter]) -> torch.optim.Adam:
        return torch.optim.Adam(
            parameters,
            lr=1e-4,
            weight_decay=OFFICIAL_RECIPE.weight_decay,
        )

    packed_optimizer = adam(list(packed.parameters()))
    optimizers = [adam(list(w.parameters())) for w in separate]
    for step, (audio, target) in enumerate(batches(config, 20)):
        packed_loss = loss_of(packed(audio), target)
        losses = [loss_of(w(audio).unsqueeze(1), target) for w in separate]
        assert packed_loss.item() == pytest.approx(sum(losses).item(), rel=1e-11)

        packed_optimizer.zero_grad()
        packed_loss.backward()
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            loss.backward()
        if step == 0:
            assert_equal_gradients(packed, separate)
        packed_optimizer.step()
        for optimizer in optimizers:
            optimizer.step()
        for i, wavenet in enumerate(separate):
            ours, theirs = packed.extract(i).export_weights(), wavenet.export_weights()
            assert np.linalg.norm(ours - theirs) < 1e-8 * np.linalg.norm(theirs), f"step {step}"
        assert not off_block_weights(packed).any()


def test_blocks_start_as_the_ordinary_submodel_would(config: PackedConfig) -> None:
    """Uniform within 1/sqrt(fan-in of the block), and using the whole range."""
    network = PackedWaveNet(config, torch.Generator().manual_seed(0))
    assert not off_block_weights(network).any()
    for submodel in range(len(config.submodels)):
        for conv in network.network.convolutions():
            out_slice, in_slice = conv.blocks[submodel]
            block = conv.weight.detach()[out_slice, in_slice]
            bound = block[0].numel() ** -0.5
            assert block.abs().max() <= bound
            if block.numel() >= 50:
                assert block.abs().max() > 0.9 * bound
                assert block.std().item() == pytest.approx(bound / 3**0.5, rel=0.25)


def test_extract_and_insert_are_inverse(config: PackedConfig) -> None:
    source = PackedWaveNet(config, torch.Generator().manual_seed(1))
    target = PackedWaveNet(config, torch.Generator().manual_seed(2))
    audio = torch.randn(1, config.receptive_field + 20)
    for i in range(len(config.submodels)):
        wavenet = source.extract(i)
        torch.testing.assert_close(wavenet(audio), source(audio)[:, i], rtol=1e-5, atol=1e-7)
        target.insert(i, wavenet)
    torch.testing.assert_close(target(audio), source(audio), rtol=0, atol=0)
    assert not off_block_weights(target).any()


def test_insert_keeps_the_sound_of_another_head_scale(config: PackedConfig) -> None:
    network = PackedWaveNet(config)
    wavenet = network.extract(0)
    weights = wavenet.export_weights()
    weights[-1] = 0.77
    wavenet.import_weights(weights)
    network.insert(0, wavenet)
    audio = torch.randn(1, config.receptive_field + 20)
    torch.testing.assert_close(network(audio)[:, 0], wavenet(audio), rtol=1e-4, atol=1e-6)


def test_insert_refuses_another_structure() -> None:
    network = PackedWaveNet(CONFIGS["small"])
    with pytest.raises(ConfigError, match="structure of submodel 'large'"):
        network.insert(1, network.extract(0))


def test_exported_weights_read_back_bit_for_bit(config: PackedConfig) -> None:
    for part in config.submodels:
        wavenet = WaveNet(part.config, torch.Generator().manual_seed(5))
        weights = wavenet.export_weights()
        assert weights.shape == (part.config.weight_count,)
        assert weights[-1] == np.float32(part.config.head_scale)
        other = WaveNet(part.config)
        other.import_weights(weights)
        np.testing.assert_array_equal(other.export_weights(), weights)


def test_import_refuses_another_number_of_weights() -> None:
    wavenet = WaveNet(CONFIGS["small"].submodels[0].config)
    with pytest.raises(ConfigError, match="weights but 3 were given"):
        wavenet.import_weights(np.zeros(3, np.float32))


@pytest.mark.parametrize("samples", [1, 100, 57_344, 57_345, 300_000])
def test_long_audio_in_pieces_equals_one_pass(samples: int) -> None:
    network = PackedWaveNet(CONFIGS["small"])
    audio = torch.randn(samples + network.receptive_field - 1)
    with torch.no_grad():
        whole = network(audio[None])[0]
    pieces = predict(network, audio, network.receptive_field)
    assert pieces.shape == (2, samples)
    torch.testing.assert_close(pieces, whole, rtol=1e-5, atol=1e-6)
