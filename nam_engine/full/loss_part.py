"""The ``loss`` of model.json: what is made small, and which figure makes a model the best."""

from __future__ import annotations

from nam_engine.errors import ConfigError, UnsupportedError
from nam_engine.full.json_file import JsonFile
from nam_engine.json_node import Node, quoted
from nam_engine.method import JudgedBy, LossName, Objective

__all__ = ["parse_loss"]

MAX_WEIGHT = 1e6
OLD_MRSTFT_WEIGHT = "mstft_key"
KNOWN = (
    "custom_losses",
    "dc_weight",
    "fourier",
    "log_mse",
    "mask_first",
    "mrstft_weight",
    "mse_weight",
    OLD_MRSTFT_WEIGHT,
    "pre_emph_coef",
    "pre_emph_mrstft_coef",
    "pre_emph_mrstft_weight",
    "pre_emph_weight",
    "val_loss",
)


def parse_loss(file: JsonFile) -> tuple[Objective, JudgedBy]:
    """Weights that are null, absent, or not above zero leave their term out."""
    loss = file.root.get("loss", {})
    file.warn_of_unknown(loss, KNOWN)
    _refuse_unsupported(loss)
    if loss.get("mask_first", 0).value != 0:
        file.warn(f"{loss['mask_first'].where} has no effect.")
    if loss.has("mse_weight") and loss["mse_weight"].value != 1:
        file.warn(f"{loss['mse_weight'].where} has no effect: the MSE always counts 1.")
    mrstft_key = "mrstft_weight"
    if OLD_MRSTFT_WEIGHT in loss:
        where = loss[OLD_MRSTFT_WEIGHT].where
        if mrstft_key in loss:
            file.warn(f"{where} has no effect beside {mrstft_key}.")
        else:
            file.warn(f"{where} is an old name; call it {mrstft_key}.")
            mrstft_key = OLD_MRSTFT_WEIGHT
    mrstft_weight = _weight(loss, mrstft_key)
    emphasised_weight = _weight(loss, "pre_emph_mrstft_weight")
    if "pre_emph_mrstft_coef" not in loss:  # then it is the MRSTFT itself, once more
        mrstft_weight, emphasised_weight = mrstft_weight + emphasised_weight, 0.0
    mse_weight = _weight(loss, "pre_emph_weight")
    if mse_weight and "pre_emph_coef" not in loss:
        raise ConfigError(f"{loss.get('pre_emph_coef').where} is missing beside pre_emph_weight.")
    log_mse = loss.get("log_mse", False).boolean()
    objective = Objective(
        error=LossName.LOG_MSE if log_mse else LossName.MSE,
        mrstft_weight=mrstft_weight,
        pre_emphasis_mse_weight=mse_weight,
        pre_emphasis_mse_coefficient=_coefficient(loss, "pre_emph_coef"),
        pre_emphasis_mrstft_weight=emphasised_weight,
        pre_emphasis_mrstft_coefficient=_coefficient(loss, "pre_emph_mrstft_coef"),
        dc_weight=_weight(loss, "dc_weight"),
    )
    return objective, _judged_by(loss.get("val_loss", "mse"))


def _refuse_unsupported(loss: Node) -> None:
    if loss.get("fourier", False).boolean():
        raise UnsupportedError(
            f"{loss['fourier'].where} asks for an error of spectra, which is not supported.",
            "Use mrstft_weight for a spectral loss.",
        )
    if loss.get("custom_losses", {}).keys():
        raise UnsupportedError(
            f"{loss['custom_losses'].where} would run code that the file names.", "Remove it."
        )


def _weight(loss: Node, key: str) -> float:
    return max(0.0, loss.get(key, 0.0).between(-MAX_WEIGHT, MAX_WEIGHT))


def _coefficient(loss: Node, key: str) -> float:
    return loss.get(key, 0.0).between(-1.0, 1.0)


def _judged_by(node: Node) -> JudgedBy:
    if node.text() not in list(JudgedBy):
        raise UnsupportedError(
            f"{node.where} is {quoted(node.text())}; a loss of one's own would be code.",
            f"Possible are {' and '.join(JudgedBy)}.",
        )
    return JudgedBy(node.text())
