"""Losses and figures of merit, for all submodels at once.

Shapes: ``prediction`` (batch, submodel, time), ``target`` (batch, time); every
function returns one value per submodel, shape (submodel,).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nam_engine.method import LossName, Objective

__all__ = [
    "MRSTFT_PASSAGE_SECONDS",
    "Loss",
    "MultiResolutionStft",
    "esr",
    "log_mse",
    "mean_over_passages",
    "mse",
]

MRSTFT_PASSAGE_SECONDS = 10
MSE_FLOOR = 1e-7


def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over batch and time."""
    return (prediction - target.unsqueeze(1)).square().mean(dim=(0, 2))


def log_mse(error: Tensor) -> Tensor:
    """``log(1 + MSE / MSE_FLOOR)``: how small an MSE is, in steps of equal ratio.

    Its gradient does not vanish beside that of the spectral loss when the error gets small.
    The floor is 52 dB below a target of -18 dBFS, an ESR of 6e-6.
    """
    return torch.log1p(error / MSE_FLOOR)


def esr(prediction: Tensor, target: Tensor) -> Tensor:
    """Error-to-signal ratio, sum((p - y)^2) / sum(y^2) over batch and time.

    Eq. 10 of Wright et al., Applied Sciences 10(3), 766 (2020), without its
    pre-emphasis.
    """
    error = (prediction - target.unsqueeze(1)).square().sum(dim=(0, 2))
    return error / target.square().sum()


def pre_emphasized(audio: Tensor, coefficient: float) -> Tensor:
    """``y[t] = x[t] - coefficient * x[t - 1]`` along the last axis, one sample shorter."""
    return audio[..., 1:] - coefficient * audio[..., :-1]


class MultiResolutionStft(nn.Module):
    """Spectral convergence plus L1 log magnitude, averaged over resolutions.

    Yamamoto et al., arXiv:1910.11480, with the resolutions and the power floor
    of auraloss 0.4's defaults (Steinmetz and Reiss, DMRN+15, 2020): centred
    frames with reflected ends, periodic Hann windows.
    """

    RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
    """(FFT size, hop, window length) in samples."""
    POWER_FLOOR = 1e-8

    def __init__(self) -> None:
        super().__init__()
        for _, _, window_samples in self.RESOLUTIONS:
            window = torch.hann_window(window_samples)
            self.register_buffer(f"window_{window_samples}", window, persistent=False)

    def _magnitudes(self, audio: Tensor, fft_size: int, hop: int, window_samples: int) -> Tensor:
        """(rows, time) to (rows, bins, frames)."""
        window: Tensor = self.get_buffer(f"window_{window_samples}")
        spectrum = torch.stft(
            audio, fft_size, hop, window_samples, window.to(audio.dtype), return_complex=True
        )
        power = spectrum.real.square() + spectrum.imag.square()
        return power.clamp(min=self.POWER_FLOOR).sqrt()

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        batch, submodels, samples = prediction.shape
        rows = prediction.transpose(0, 1).reshape(submodels * batch, samples)
        total = prediction.new_zeros(submodels)
        for fft_size, hop, window_samples in self.RESOLUTIONS:
            p = self._magnitudes(rows, fft_size, hop, window_samples)
            p = p.view(submodels, batch, *p.shape[1:])
            y = self._magnitudes(target, fft_size, hop, window_samples)
            # vector_norm has gradient 0, not NaN, where prediction and target are equal.
            distance = torch.linalg.vector_norm(p - y, dim=(1, 2, 3))
            convergence = distance / torch.linalg.vector_norm(y)
            log_magnitude = (p.log() - y.log()).abs().mean(dim=(1, 2, 3))
            total = total + convergence + log_magnitude
        return total / len(self.RESOLUTIONS)


def mean_over_passages(
    loss: Callable[[Tensor, Tensor], Tensor],
    prediction: Tensor,
    target: Tensor,
    passage_samples: int,
) -> Tensor:
    """The mean of a loss over passages of about ``passage_samples``."""
    passages = max(1, round(target.shape[-1] / passage_samples))
    pairs = zip(
        prediction.tensor_split(passages, dim=-1),
        target.tensor_split(passages, dim=-1),
        strict=True,
    )
    return torch.stack([loss(p, y) for p, y in pairs]).mean(dim=0)


class Loss:
    """What training makes small: an objective over a batch. ``mrstft`` computes the MRSTFT."""

    def __init__(self, objective: Objective, mrstft: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._objective = objective
        self._mrstft = mrstft

    def __call__(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, and the MSE and MRSTFT in it without gradient, each summed over submodels."""
        objective = self._objective
        error = mse(prediction, target)
        is_log = objective.error is LossName.LOG_MSE
        loss = (log_mse(error) if is_log else error).sum()
        mrstft = torch.zeros_like(loss)
        if objective.mrstft_weight > 0:
            mrstft = self._mrstft(prediction, target).sum()
            loss = loss + objective.mrstft_weight * mrstft
        for weight, coefficient, term in (
            (objective.pre_emphasis_mse_weight, objective.pre_emphasis_mse_coefficient, mse),
            (
                objective.pre_emphasis_mrstft_weight,
                objective.pre_emphasis_mrstft_coefficient,
                self._mrstft,
            ),
        ):
            if weight > 0:
                pair = (pre_emphasized(audio, coefficient) for audio in (prediction, target))
                loss = loss + weight * term(*pair).sum()
        if objective.dc_weight > 0:
            offset = prediction.mean(dim=2) - target.mean(dim=1, keepdim=True)
            loss = loss + objective.dc_weight * offset.square().mean(dim=0).sum()
        return loss, error.detach().sum(), mrstft.detach()
