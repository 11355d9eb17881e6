"""We equal the official trainer: prediction, losses, gradients, optimizer steps, files."""

from __future__ import annotations

import copy

import pytest
import torch
from nam.train import core as official_core
from nam.train.lightning_module import PackedLightningModule
from official_networks import copy_weights, paired_parameters, prepare_official_mrstft
from torch import Tensor

from nam_engine.losses import MultiResolutionStft, esr, mse
from nam_engine.presets import A2, OFFICIAL_RECIPE
from nam_engine.wavenet.packed import PackedWaveNet
from nam_engine.wavenet.parse import parse_packed

BATCH, WINDOW = 2, 4096
GRADIENT_BATCHES = 9


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


def twin_of(module: PackedLightningModule) -> PackedWaveNet:
    """Our network with the official one's weights."""
    ours = PackedWaveNet(parse_packed(A2)).to(next(module.parameters()).dtype)
    copy_weights(module, ours)
    return ours


def batch(dtype: torch.dtype, context: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    audio = 0.3 * torch.randn(BATCH, context + WINDOW, generator=generator, dtype=torch.float64)
    target = torch.tanh(4 * audio[:, context:]) * 0.2
    return audio.to(dtype), target.to(dtype)


def our_loss(network: PackedWaveNet, audio: Tensor, target: Tensor) -> Tensor:
    prediction = network(audio)
    mrstft = MultiResolutionStft()
    return mse(prediction, target).sum() + 0.0005 * mrstft(prediction, target).sum()


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
def test_predictions_and_losses_are_equal(
    official: PackedLightningModule, dtype: torch.dtype, tolerance: float
) -> None:
    official = official.to(dtype)
    ours = twin_of(official)
    audio, target = batch(dtype, ours.receptive_field - 1)

    prepare_official_mrstft(official, dtype)
    predicted = official.net(audio, pad_start=False)
    assert relative(ours(audio), predicted) < tolerance
    loss = official.training_step((audio, target), 0)
    assert relative(our_loss(ours, audio, target), loss) < tolerance
    terms = [official._get_loss_dict(predicted[:, i], target) for i in range(2)]
    for name, values in (
        ("MSE", mse(predicted, target)),
        ("MRSTFT", MultiResolutionStft()(predicted, target)),
    ):
        expected = torch.stack([t[name].value for t in terms])
        assert relative(values, expected) < tolerance, name


def gradients(
    official: PackedLightningModule, dtype: torch.dtype, seed: int
) -> tuple[list[Tensor | None], list[Tensor | None]]:
    """Ours and the official ones for the same weights and batch, as float64."""
    official = copy.deepcopy(official).to(dtype)
    ours = twin_of(official)
    prepare_official_mrstft(official, dtype)
    audio, target = batch(dtype, ours.receptive_field - 1, seed)
    official.training_step((audio, target), 0).backward()
    our_loss(ours, audio, target).backward()
    pairs = paired_parameters(official, ours)
    mine = [a.grad.double() if a.grad is not None else None for a, _ in pairs]
    theirs = [b.grad.double() if b.grad is not None else None for _, b in pairs]
    return mine, theirs


def test_gradients_are_equal(official: PackedLightningModule) -> None:
    mine, theirs = gradients(official, torch.float64, seed=0)
    assert [g is None for g in mine] == [g is None for g in theirs]
    for our_gradient, official_gradient in zip(mine, theirs, strict=True):
        if our_gradient is not None and official_gradient is not None:
            assert relative(our_gradient, official_gradient) < 1e-12


def distances(gradient: list[Tensor | None], truth: list[Tensor | None]) -> list[float]:
    """Of the whole gradient, then of each parameter's."""
    pairs = zip(gradient, truth, strict=True)
    each = [distance(g, t) for g, t in pairs if g is not None and t is not None]
    return [distance(flat(gradient), flat(truth)), *each]


def test_float32_gradients_are_as_exact_as_the_official_ones(
    official: PackedLightningModule,
) -> None:
    """Against the truth, the official gradient in float64.

    How far rounding drives a gradient off is chance: the sums over time cancel, and their
    order changes with the processor and its threads. In one batch either trainer may be
    three times as exact as the other, in a rare one both are a hundred times worse than
    usual; so medians of several batches are compared. Those of ours are 0.5 to 1.4 times the
    official ones, with one thread or two. An error of 2e-4 in any one parameter's gradient,
    where rounding makes 2e-5, is beyond the factor of two.
    """
    ours, theirs = [], []
    for seed in range(GRADIENT_BATCHES):
        _, truth = gradients(official, torch.float64, seed)
        mine32, theirs32 = gradients(official, torch.float32, seed)
        ours.append(distances(mine32, truth))
        theirs.append(distances(theirs32, truth))
    our_median, their_median = (torch.tensor(d).median(dim=0).values for d in (ours, theirs))
    assert our_median[0] < 1e-5
    assert (our_median / their_median).max() < 2


def flat(tensors: list[Tensor | None]) -> Tensor:
    return torch.cat([t.detach().ravel() for t in tensors if t is not None])


def adam(network: torch.nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(
        network.parameters(),
        lr=OFFICIAL_RECIPE.learning_rate,
        weight_decay=OFFICIAL_RECIPE.weight_decay,
    )


def take_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_first_ten_optimizer_steps_are_equal(official: PackedLightningModule) -> None:
    official = official.double()
    ours = twin_of(official)
    pairs = paired_parameters(official, ours)
    our_optimizer = adam(ours)
    their_optimizer = official.configure_optimizers()["optimizer"]
    prepare_official_mrstft(official, torch.float64)
    for step in range(10):
        audio, target = batch(torch.float64, ours.receptive_field - 1, seed=step)
        take_step(their_optimizer, official.training_step((audio, target), 0))
        take_step(our_optimizer, our_loss(ours, audio, target))
        official.net.apply_mask()
        # Adam divides small gradients by their own size, which magnifies rounding.
        tolerance = 1e-12 * 10 ** (step * 0.6)
        mine, theirs = (flat([pair[side] for pair in pairs]) for side in (0, 1))
        assert distance(mine, theirs) < tolerance, f"step {step}"


def test_first_ten_optimizer_steps_agree_in_float32(official: PackedLightningModule) -> None:
    """Each step from the official state: left alone, rounding drives two float32
    runs apart within a few steps, whichever they are."""
    ours = twin_of(official)
    pairs = paired_parameters(official, ours)
    our_optimizer = adam(ours)
    their_optimizer = official.configure_optimizers()["optimizer"]
    for step in range(10):
        for mine, theirs in pairs:
            mine.data.copy_(theirs.data)
            state = their_optimizer.state.get(theirs, {})
            our_optimizer.state[mine].update({k: v.clone() for k, v in state.items()})
        audio, target = batch(torch.float32, ours.receptive_field - 1, seed=step)
        take_step(their_optimizer, official.training_step((audio, target), 0))
        take_step(our_optimizer, our_loss(ours, audio, target))
        official.net.apply_mask()
        mine32, theirs32 = (flat([pair[side] for pair in pairs]) for side in (0, 1))
        assert distance(mine32, theirs32) < 1e-4, f"step {step}"


def test_esr_is_the_official_figure() -> None:
    generator = torch.Generator().manual_seed(1)
    prediction = torch.randn(1, 2, 5000, generator=generator)
    target = torch.randn(1, 5000, generator=generator)
    expected = [official_core._esr(prediction[0, i], target[0]) for i in range(2)]
    assert esr(prediction, target).tolist() == pytest.approx(expected, rel=1e-5)
