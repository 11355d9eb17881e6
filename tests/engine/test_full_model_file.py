from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from full_files import DELETED, example, read_changed

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.method import (
    JudgedBy,
    LossName,
    Objective,
    OptimizerChoice,
    RateDecay,
    TorchScheduler,
)

SUBMODELS = "net.config.submodels"


def test_plain_network_is_one_submodel_called_model(tmp_path: Path) -> None:
    plain = example()["model"]["net"]["config"]["submodels"][1]["config"]
    net = {"name": "WaveNet", "config": plain}
    description = read_changed(tmp_path, ("model.net", net))
    assert not description.is_packed
    assert description.network.names == ("model",)
    assert description.network.max_values == (1.0,)
    assert description.network.receptive_field == 1796


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            f"{SUBMODELS}.1.config.layers_configs.0.dilations",
            [1, 5, 29, 97, 228],
            "Submodel 'large': net.config.submodels[1].config.layers_configs[0].dilations is"
            " [1, 5, 29, 97, 228] but submodel 'small' has [1, 5, 29, 97, 227]; packed submodels"
            " must agree.",
        ),
        (
            f"{SUBMODELS}.0.config.layers_configs.0.gated",
            True,
            "Submodel 'small': net.config.submodels[0].config.layers_configs[0].gated asks for"
            " gated activations (true), which is not supported.",
        ),
        (
            "net.config.export",
            {"container_max_values": [0.5]},
            "net.config.export.container_max_values has 1 values for 2 submodels.",
        ),
        ("net.name", "LSTM", 'net.name is "LSTM", which cannot be trained here.'),
        ("net.config.submodel", [], "net.config.submodel is not a setting of a packed network."),
        (
            "checkpoint_path",
            "x.ckpt",
            "checkpoint_path asks for a checkpoint, which could run code.",
        ),
    ],
)
def test_networks_that_cannot_be_trained_are_refused(
    place: str, value: object, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_changed(tmp_path, (f"model.{place}", value))
    assert caught.value.message == f"model.json: {expected}"


def test_loss_says_all_that_it_can_say(tmp_path: Path) -> None:
    loss = {
        "val_loss": "mse",
        "mrstft_weight": 0.1,
        "pre_emph_weight": 0.2,
        "pre_emph_coef": 0.85,
        "pre_emph_mrstft_weight": 0.3,
        "pre_emph_mrstft_coef": 0.95,
        "dc_weight": 0.4,
        "log_mse": True,
    }
    method = read_changed(tmp_path, ("model.loss", loss)).method
    assert method.objective == Objective(LossName.LOG_MSE, 0.1, 0.2, 0.85, 0.3, 0.95, 0.4)
    assert method.judged_by == JudgedBy.MSE


def test_absent_loss_is_the_mse_alone(tmp_path: Path) -> None:
    method = read_changed(tmp_path, ("model.loss", DELETED)).method
    assert method.objective == Objective()
    assert method.judged_by == JudgedBy.MSE


def test_weights_not_above_zero_leave_their_terms_out(tmp_path: Path) -> None:
    loss = {"mrstft_weight": -1, "pre_emph_weight": 0, "dc_weight": None}
    assert read_changed(tmp_path, ("model.loss", loss)).method.objective == Objective()


def test_spectral_loss_without_coefficient_is_the_spectral_loss_again(tmp_path: Path) -> None:
    loss = {"mrstft_weight": 0.25, "pre_emph_mrstft_weight": 0.5}
    objective = read_changed(tmp_path, ("model.loss", loss)).method.objective
    assert objective == Objective(mrstft_weight=0.75)


@pytest.mark.parametrize(
    ("loss", "weight", "expected"),
    [
        ({"mstft_key": 0.5}, 0.5, "loss.mstft_key is an old name; call it mrstft_weight."),
        (
            {"mstft_key": 0.5, "mrstft_weight": 0.1},
            0.1,
            "loss.mstft_key has no effect beside mrstft_weight.",
        ),
        ({"mask_first": 4096}, 0, "loss.mask_first has no effect."),
        ({"mse_weight": 0.5}, 0, "loss.mse_weight has no effect: the MSE always counts 1."),
    ],
)
def test_what_the_loss_ignores_is_told(
    loss: dict[str, Any], weight: float, expected: str, tmp_path: Path
) -> None:
    description = read_changed(tmp_path, ("model.loss", loss))
    assert description.warnings == (f"model.json: {expected}",)
    assert description.method.objective.mrstft_weight == weight


@pytest.mark.parametrize(
    ("loss", "error", "expected"),
    [
        ({"fourier": True}, UnsupportedError, r"loss\.fourier asks for"),
        ({"custom_losses": {"a": {}}}, UnsupportedError, r"loss\.custom_losses would run code"),
        ({"val_loss": "a"}, UnsupportedError, r"loss\.val_loss is \"a\""),
        ({"pre_emph_weight": 1}, ConfigError, r"loss\.pre_emph_coef is missing beside"),
        ({"pre_emph_coef": 1.5}, ConfigError, r"loss\.pre_emph_coef should be a number between"),
        ({"mrstft_weight": "1"}, ConfigError, r"loss\.mrstft_weight should be a number"),
        ([], ConfigError, r"loss should be an object"),
    ],
)
def test_losses_that_cannot_be_are_refused(
    loss: object, error: type[ConfigError], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=r"^model\.json: " + expected):
        read_changed(tmp_path, ("model.loss", loss))


@pytest.mark.parametrize(
    ("optimizer", "name", "settings"),
    [
        ({}, "Adam", {"lr": 0.001}),
        ({"lr": 1, "betas": [0.8, 0.9]}, "Adam", {"lr": 1.0, "betas": [0.8, 0.9]}),
        ({"class": "Adadelta"}, "Adadelta", {"lr": 1.0}),
        (
            {"class": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": True},
            "SGD",
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        ),
        ({"class": "SOAP", "lr": 0.02}, "SOAP", {"lr": 0.02}),
    ],
)
def test_optimizers_are_chosen_by_name(
    optimizer: dict[str, Any], name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    description = read_changed(tmp_path, ("model.optimizer", optimizer))
    assert description.method.optimizer == OptimizerChoice(name, settings)
    assert description.warnings == ()


def test_how_a_step_is_computed_is_not_for_the_file_to_say(tmp_path: Path) -> None:
    optimizer = {"lr": 0.1, "fused": True, "capturable": True}
    description = read_changed(tmp_path, ("model.optimizer", optimizer))
    assert description.method.optimizer.settings == {"lr": 0.1}
    assert description.warnings == (
        "model.json: optimizer: these have no effect: capturable, fused.",
    )


def test_missing_optimizer_and_schedule_are_told(tmp_path: Path) -> None:
    description = read_changed(
        tmp_path, ("model.optimizer", DELETED), ("model.lr_scheduler", DELETED)
    )
    assert description.method.optimizer == OptimizerChoice("Adam", {"lr": 0.001})
    assert description.method.schedule == RateDecay()
    assert description.warnings == (
        "model.json: optimizer is missing; Adam with a learning rate of 0.001 is used.",
        "model.json: lr_scheduler is missing; the learning rate does not change.",
    )


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ({"betas": [0.9]}, r"optimizer\.betas: Adam cannot use it \(.*index out of range\)"),
        ({"betas": [2, 0.9]}, r"optimizer\.betas: Adam cannot use it \(Invalid beta .* 0: 2\)"),
        ({"momentum": 1}, r"optimizer\.momentum: Adam cannot use it \(.*unexpected keyword"),
        ({"eps": "x", "betas": 1}, r"optimizer: Adam cannot use these settings \("),
        ({"weight_decay": 1e300, "class": "SGD"}, r"optimizer\.weight_decay: SGD cannot use it"),
        ({"class": "adam"}, r'optimizer\.class is "adam", which is not known'),
        ({"class": "Optimizer"}, r"optimizer\.class is Optimizer, which cannot work"),
        ({"class": "LBFGS"}, r"optimizer\.class is LBFGS, .* the loss several times"),
        ({"class": "SparseAdam"}, r"optimizer\.class is SparseAdam, .* sparse gradients"),
        ({"class": "Muon"}, r"optimizer\.class is Muon, .* matrices"),
        ({"class": "SOAP", "lr": 1, "eps": 1}, r"optimizer\.eps: SOAP has lr and nothing else"),
        ({"class": "SOAP"}, r"optimizer\.lr is missing"),
        ({"lr": -1}, r"optimizer\.lr should be a number between 0 and 1000"),
        ({"lr": 0}, r"optimizer\.lr is 0"),
        ({f"a{i}": 1 for i in range(40)}, r"optimizer has 40 settings"),
    ],
)
def test_optimizers_that_cannot_work_are_refused(
    optimizer: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"^model\.json: " + expected):
        read_changed(tmp_path, ("model.optimizer", optimizer))


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        (None, RateDecay()),
        ({"class": "ExponentialLR", "kwargs": {"gamma": 1}}, RateDecay(1.0)),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": 0.999}, "interval": "step"},
            TorchScheduler("ExponentialLR", {"gamma": 0.999}, "step"),
        ),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": 0.9}, "frequency": 5},
            TorchScheduler("ExponentialLR", {"gamma": 0.9}, frequency=5),
        ),
        (
            {"class": "CosineAnnealingLR", "kwargs": {"T_max": 100}, "monitor": "anything"},
            TorchScheduler("CosineAnnealingLR", {"T_max": 100}),
        ),
        ({"class": "ConstantLR"}, TorchScheduler("ConstantLR")),
        (
            {"class": "ReduceLROnPlateau", "kwargs": {"factor": 0.5}, "monitor": "ESR_packed_1"},
            TorchScheduler("ReduceLROnPlateau", {"factor": 0.5}, monitor="ESR_packed_1"),
        ),
        (
            {"class": "OneCycleLR", "kwargs": {"max_lr": 0.1, "total_steps": 100}},
            TorchScheduler("OneCycleLR", {"max_lr": 0.1, "total_steps": 100}),
        ),
    ],
)
def test_schedules_are_chosen_by_name(scheduler: object, expected: object, tmp_path: Path) -> None:
    description = read_changed(tmp_path, ("model.lr_scheduler", scheduler))
    assert description.method.schedule == expected
    assert description.warnings == ()


def test_word_that_newer_versions_of_torch_refuse_has_no_effect(tmp_path: Path) -> None:
    kwargs = {"gamma": 0.9, "verbose": True}
    description = read_changed(tmp_path, ("model.lr_scheduler.kwargs", kwargs))
    assert description.method.schedule == RateDecay(0.9)
    assert description.warnings == ("model.json: lr_scheduler.kwargs.verbose has no effect.",)


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ({}, r"lr_scheduler\.class is missing"),
        ({"class": "Exponential"}, r'lr_scheduler\.class is "Exponential", which is not known'),
        ({"class": "os"}, r"lr_scheduler\.class is \"os\""),
        ({"class": "LambdaLR"}, r"lr_scheduler\.class is LambdaLR, .* a function of Python"),
        ({"class": "SequentialLR"}, r"lr_scheduler\.class is SequentialLR, .* objects of Python"),
        ({"class": "LRScheduler"}, r"lr_scheduler\.class is LRScheduler, "),
        ({"class": "StepLR"}, r"lr_scheduler\.kwargs: StepLR cannot use .* 'step_size'"),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": 0.9, "step_size": 3}},
            r"lr_scheduler\.kwargs\.step_size: ExponentialLR cannot use it",
        ),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": "0.9"}},
            r"lr_scheduler\.kwargs\.gamma: ExponentialLR cannot use it",
        ),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": 1e30}},
            r"lr_scheduler\.kwargs\.gamma: .*the learning rate becomes inf after 11 calls",
        ),
        (
            {"class": "ExponentialLR", "kwargs": {"gamma": -1}},
            r"lr_scheduler\.kwargs\.gamma: .*the learning rate becomes -0\.004 after 1 calls",
        ),
        (
            {"class": "OneCycleLR", "kwargs": {"max_lr": 0.1, "total_steps": 99}},
            r"lr_scheduler\.kwargs.*: OneCycleLR cannot use .*99",
        ),
        ({"class": "ReduceLROnPlateau"}, r"lr_scheduler\.monitor is missing"),
        (
            {"class": "ReduceLROnPlateau", "monitor": "ESR_packed_2"},
            r'lr_scheduler\.monitor is "ESR_packed_2", which is not logged',
        ),
        (
            {"class": "ReduceLROnPlateau", "monitor": "ESR", "interval": "step"},
            r"lr_scheduler\.interval is step, but ESR is not known",
        ),
        ({"class": "ConstantLR", "interval": "day"}, r"lr_scheduler\.interval should be"),
        ({"class": "ConstantLR", "frequency": 0}, r"lr_scheduler\.frequency should be"),
    ],
)
def test_schedules_that_cannot_work_are_refused(
    scheduler: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"^model\.json: " + expected):
        read_changed(tmp_path, ("model.lr_scheduler", scheduler))


def test_schedule_is_not_followed_further_than_is_known(tmp_path: Path) -> None:
    one_cycle = {"class": "OneCycleLR", "kwargs": {"max_lr": 0.1, "total_steps": 99}}
    description = read_changed(
        tmp_path, ("model.lr_scheduler", one_cycle), ("learning.trainer.max_steps", 3)
    )
    assert isinstance(description.method.schedule, TorchScheduler)


def test_schedule_of_our_own_optimizer_knows_no_momentum(tmp_path: Path) -> None:
    cyclic = {"class": "CyclicLR", "kwargs": {"base_lr": 0.01, "max_lr": 0.1}}
    soap = ("model.optimizer", {"class": "SOAP", "lr": 0.02})
    with pytest.raises(ConfigError, match=r"lr_scheduler\.kwargs: CyclicLR cannot use .*momentum"):
        read_changed(tmp_path, soap, ("model.lr_scheduler", cyclic))
    cyclic["kwargs"] = {"base_lr": 0.01, "max_lr": 0.1, "cycle_momentum": False}
    schedule = read_changed(tmp_path, soap, ("model.lr_scheduler", cyclic)).method.schedule
    assert schedule == TorchScheduler("CyclicLR", cyclic["kwargs"])
