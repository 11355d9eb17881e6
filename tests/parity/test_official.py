"""We equal the official trainer: prediction, losses, gradients, optimizer steps, files."""

from __future__ import annotations

import pytest
import torch
from nam.train import core as official_core
from nam.train.lightning_module import PackedLightningModule
from torch import Tensor

from nam_engine.losses import MultiResolutionStft, esr, mse
from nam_engine.presets import A2, OFFICIAL_RECIPE
from nam_engine.wavenet.config import parse_packed
from nam_engine.wavenet.packed import PackedWaveNet

BATCH, WINDOW = 2, 4096


def relative(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference relative to the largest value."""
    scale = theirs.abs().max().clamp(min=1e-30)
    return float(((ours - theirs).abs().max() / scale).detach())


def distance(ours: Tensor, theirs: Tensor) -> float:
    """Euclidean distance relative to the length."""
    return float(torch.linalg.vector_norm(ours - theirs) / torch.linalg.vector_norm(theirs))


@pytest.fixture
def official() -> PackedLightningModule:
    torch.manual_seed(7)
    return PackedLightningModule.init_from_config(official_core._get_packed_model_config())


def official_convs(module: PackedLightningModule) -> list[torch.nn.Module]:
    """In the order of our ``Network.convolutions``."""
    convs = []
    for array in module.net._net._layer_arrays:
        convs.append(array._rechannel)
        for layer in array._layers:
            convs += [layer.conv, layer.input_mixer, layer.layer1x1]
        convs.append(array._head_rechannel)
    return convs


def twin_of(module: PackedLightningModule) -> PackedWaveNet:
    """Our network with the official one's weights."""
    ours = PackedWaveNet(parse_packed(A2)).to(next(module.parameters()).dtype)
    for mine, theirs in zip(ours.network.convolutions(), official_convs(module), strict=True):
        mine.weight.data.copy_(theirs.weight.data)
        if mine.bias is not None:
            mine.bias.data.copy_(theirs.bias.data)
    return ours


def batch(dtype: torch.dtype, context: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    audio = 0.3 * torch.randn(BATCH, context + WINDOW, generator=generator, dtype=torch.float64)
    target = torch.tanh(4 * audio[:, context:]) * 0.2
    return audio.to(dtype), target.to(dtype)


def prepare_official_mrstft(module: PackedLightningModule, dtype: torch.dtype) -> None:
    """Its window tensors are made lazily and in float32; a float64 run needs float64."""
    module._mrstft_loss(torch.zeros(1, WINDOW), torch.zeros(1, WINDOW))
    for stft in module._mrstft.stft_losses:
        stft.window = stft.window.to(dtype)


def our_loss(network: PackedWaveNet, audio: Tensor, target: Tensor) -> Tensor:
    prediction = network(audio)
    mrstft = MultiResolutionStft()
    return mse(prediction, target).sum() + 0.0005 * mrstft(prediction, target).sum()


def paired_gradients(
    module: PackedLightningModule, ours: PackedWaveNet
) -> list[tuple[Tensor, Tensor]]:
    pairs = []
    for mine, theirs in zip(ours.network.convolutions(), official_convs(module), strict=True):
        pairs.append((mine.weight, theirs.weight))
        if mine.bias is not None:
            pairs.append((mine.bias, theirs.bias))
    return pairs


def test_recipe_is_the_official_one() -> None:
    config = official_core._get_packed_model_config()
    assert config["optimizer"] == {
        "lr": OFFICIAL_RECIPE.learning_rate,
        "weight_decay": OFFICIAL_RECIPE.weight_decay,
    }
    assert config["lr_scheduler"]["kwargs"] == {"gamma": OFFICIAL_RECIPE.lr_decay_per_epoch}
    assert config["loss"]["mrstft_weight"] == OFFICIAL_RECIPE.mrstft_weight
    assert OFFICIAL_RECIPE.window_samples == official_core._NY_DEFAULT


def test_official_configuration_is_read_as_our_preset() -> None:
    config = official_core._get_packed_model_config()["net"]["config"]
    assert parse_packed(config) == parse_packed(A2)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=["f32", "f64"]
)
def test_prediction_losses_and_gradients_are_equal(
    official: PackedLightningModule, dtype: torch.dtype, tolerance: float
) -> None:
    official = official.to(dtype)
    ours = twin_of(official)
    audio, target = batch(dtype, ours.receptive_field - 1)

    prepare_official_mrstft(official, dtype)
    predicted = official.net(audio, pad_start=False)
    assert relative(ours(audio), predicted) < tolerance

    loss = official.training_step((audio, target), 0)
    mine = our_loss(ours, audio, target)
    assert relative(mine, loss) < tolerance
    terms = [official._get_loss_dict(predicted[:, i], target) for i in range(2)]
    for name, values in (
        ("MSE", mse(predicted, target)),
        ("MRSTFT", MultiResolutionStft()(predicted, target)),
    ):
        expected = torch.stack([t[name].value for t in terms])
        assert relative(values, expected) < tolerance, name

    loss.backward()
    mine.backward()
    for our_parameter, official_parameter in paired_gradients(official, ours):
        if official_parameter.grad is None:
            assert our_parameter.grad is None
            continue
        assert our_parameter.grad is not None
        assert relative(our_parameter.grad, official_parameter.grad) < tolerance


def take_state(
    pairs: list[tuple[Tensor, Tensor]], ours: torch.optim.Adam, theirs: torch.optim.Adam
) -> None:
    """Give our network and optimizer the official ones' state."""
    for mine, other in pairs:
        mine.data.copy_(other.data)
        if other in theirs.state:
            state = {key: value.clone() for key, value in theirs.state[other].items()}
            ours.state[mine].update(state)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_first_ten_optimizer_steps_are_equal(
    official: PackedLightningModule, dtype: torch.dtype
) -> None:
    """In float64 both run freely. In float32 each step starts from the same state:
    Adam divides small gradients by their own size, so rounding alone drives two
    free float32 runs apart (a relative 5e-3 after ten steps)."""
    official = official.to(dtype)
    ours = twin_of(official)
    pairs = paired_gradients(official, ours)
    their_optimizer = official.configure_optimizers()["optimizer"]
    our_optimizer = torch.optim.Adam(
        ours.parameters(),
        lr=OFFICIAL_RECIPE.learning_rate,
        weight_decay=OFFICIAL_RECIPE.weight_decay,
    )
    prepare_official_mrstft(official, dtype)
    for step in range(10):
        if dtype is torch.float32:
            take_state(pairs, our_optimizer, their_optimizer)
        audio, target = batch(dtype, ours.receptive_field - 1, seed=step)
        for optimizer, loss in (
            (their_optimizer, official.training_step((audio, target), 0)),
            (our_optimizer, our_loss(ours, audio, target)),
        ):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        official.net.apply_mask()
        mine = torch.cat([a.detach().ravel() for a, _ in pairs])
        theirs = torch.cat([b.detach().ravel() for _, b in pairs])
        tolerance = 1e-5 if dtype is torch.float32 else 1e-9
        assert distance(mine, theirs) < tolerance, f"step {step}"


def test_esr_is_the_official_figure() -> None:
    generator = torch.Generator().manual_seed(1)
    prediction = torch.randn(1, 2, 5000, generator=generator)
    target = torch.randn(1, 5000, generator=generator)
    expected = [official_core._esr(prediction[0, i], target[0]) for i in range(2)]
    assert esr(prediction, target).tolist() == pytest.approx(expected, rel=1e-5)
