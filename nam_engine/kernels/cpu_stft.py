"""The spectral loss on processors: value and gradient in one pass, in every core.

Each window of a batch is framed, transformed (by PyTorch) and compared by one thread while it is
in the cache. The gradient needs sums over the whole batch, so a second pass turns the spectra
into the gradient by them and transforms that back.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.kernels.frames import compare, differentiate, frame, overlap_add
from nam_engine.kernels.pool import Spares
from nam_engine.losses import MultiResolutionStft
from nam_engine.method import MIN_SPECTRAL_SAMPLES

__all__ = ["CpuStft"]

Samples = NDArray[np.float32]
Sums = NDArray[np.float64]
"""(submodel, 3): squared distance, squared target and logarithmic distance."""

FLOOR = np.float32(MultiResolutionStft.POWER_FLOOR)
PIECE_FRAMES = 128
"""So many frames of long audio are judged at once."""


@dataclass(frozen=True)
class _Resolution:
    fft_size: int
    hop: int
    window: Samples

    def frame_count(self, samples: int) -> int:
        return samples // self.hop + 1

    def frames(self, submodels: int, count: int) -> Tensor:
        """Room for frames of all submodels and, last, the target."""
        return torch.zeros(submodels + 1, count, self.fft_size)

    def spectra(self, submodels: int, count: int) -> Tensor:
        """Room for what becomes of them."""
        bins = self.fft_size // 2 + 1
        return torch.empty(submodels + 1, count, bins, dtype=torch.complex64)

    def transform(
        self,
        prediction: Samples,
        target: Samples,
        first_frame: int,
        frames: Tensor,
        spectra: Tensor | None = None,
    ) -> Sums:
        """Fill ``frames`` and ``spectra`` from (submodel, time) and (time,); their sums."""
        rows = frames.numpy()
        for signal, row in zip((*prediction, target), rows, strict=True):
            frame(signal, self.hop, self.window, row, first_frame)
        *of_models, of_target = _parts(torch.fft.rfft(frames, out=spectra))
        return np.array([compare(of_model, of_target, FLOOR) for of_model in of_models])

    def transform_back(
        self,
        spectra: Tensor,
        by_distance: Samples,
        by_logarithm: np.float32,
        back: Tensor,
        gradient: Samples,
    ) -> None:
        """Add to ``gradient`` (submodel, time); takes ``spectra`` and ``back`` as memory."""
        *of_models, of_target = _parts(spectra)
        for of_model, factor in zip(of_models, by_distance, strict=True):
            differentiate(of_model, of_target, FLOOR, factor, by_logarithm)
        torch.fft.irfft(spectra[:-1], self.fft_size, norm="forward", out=back)
        for signal, row in zip(gradient, back.numpy(), strict=True):
            overlap_add(row, self.hop, self.window, signal)


class CpuStft:
    """Computes what :class:`MultiResolutionStft` does, for float32 in main memory.

    Memory is kept from batch to batch.
    """

    def __init__(self, reference: MultiResolutionStft, pool: Executor) -> None:
        self._resolutions = [
            _Resolution(fft_size, hop, reference.get_buffer(f"window_{window_samples}").numpy())
            for fft_size, hop, window_samples in reference.RESOLUTIONS
        ]
        self._pool = pool
        self._shape: tuple[int, ...] = ()

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(batch, submodel, time) and (batch, time) to one value per submodel."""
        if torch.is_grad_enabled() and prediction.requires_grad:
            loss: Tensor = _Loss.apply(self, prediction, target)  # type: ignore[no-untyped-call]
            return loss
        return torch.from_numpy(self.value(prediction.detach().numpy(), target.numpy()))

    def value(self, prediction: Samples, target: Samples) -> Samples:
        """Per submodel. Audio of any length takes little memory."""
        batch, _, samples = prediction.shape
        _require_reflectable(samples)
        sums = [self._long(prediction, target, resolution) for resolution in self._resolutions]
        return self._value(np.array(sums), batch, samples)

    def value_and_gradient(self, prediction: Samples, target: Samples) -> tuple[Samples, Samples]:
        """The value per submodel and its gradient by ``prediction``."""
        batch, submodels, samples = prediction.shape
        _require_reflectable(samples)
        if self._shape != prediction.shape:
            self._make_room(batch, submodels, samples)
        gradient = np.zeros(prediction.shape, np.float32)

        def transform(window: int) -> Sums:
            with self._scratches.one() as scratch:
                of_resolutions = zip(
                    self._resolutions, scratch.frames, self._spectra[window], strict=True
                )
                return np.array(
                    [
                        resolution.transform(prediction[window], target[window], 0, *room)
                        for resolution, *room in of_resolutions
                    ]
                )

        sums = np.sum(list(self._pool.map(transform, range(batch))), axis=0)
        distance, energy = np.sqrt(sums[..., 0]), np.sqrt(sums[..., 1])
        resolutions = np.float32(len(self._resolutions))
        # Equal audio has a distance of zero, and no gradient.
        by_distance = 1 / (np.where(distance, distance, np.inf) * energy)
        by_logarithm = [1 / (batch * spectra[0].numel()) for spectra in self._spectra[0]]

        def transform_back(window: int) -> None:
            with self._scratches.one() as scratch:
                for i, resolution in enumerate(self._resolutions):
                    resolution.transform_back(
                        self._spectra[window][i],
                        by_distance[i].astype(np.float32) / resolutions,
                        np.float32(by_logarithm[i]) / resolutions,
                        scratch.back[i],
                        gradient[window],
                    )

        for _ in self._pool.map(transform_back, range(batch)):
            pass
        return self._value(sums, batch, samples), gradient

    def _long(self, prediction: Samples, target: Samples, resolution: _Resolution) -> Sums:
        """The sums of one resolution over audio of any length, piece by piece."""
        batch, submodels, samples = prediction.shape
        count = resolution.frame_count(samples)
        spares = Spares(partial(resolution.frames, submodels, min(count, PIECE_FRAMES)))

        def transform(piece: tuple[int, int]) -> Sums:
            window, first = piece
            with spares.one() as frames:
                some = frames[:, : count - first]
                return resolution.transform(prediction[window], target[window], first, some)

        pieces = product(range(batch), range(0, count, PIECE_FRAMES))
        total: Sums = np.sum(list(self._pool.map(transform, pieces)), axis=0)
        return total

    def _value(self, sums: NDArray[np.float64], batch: int, samples: int) -> Samples:
        """Of sums (resolution, submodel, 3), per submodel."""
        frames = [resolution.frame_count(samples) for resolution in self._resolutions]
        bins = [resolution.fft_size // 2 + 1 for resolution in self._resolutions]
        counts = batch * np.multiply(frames, bins)[:, None]
        terms = np.sqrt(sums[..., 0]) / np.sqrt(sums[..., 1]) + sums[..., 2] / counts
        value: Samples = terms.mean(axis=0).astype(np.float32)
        return value

    def _make_room(self, batch: int, submodels: int, samples: int) -> None:
        self._shape = (batch, submodels, samples)
        counts = [(r, r.frame_count(samples)) for r in self._resolutions]
        self._spectra = [[r.spectra(submodels, count) for r, count in counts] for _ in range(batch)]
        self._scratches = Spares(partial(_Scratch.make, self._resolutions, submodels, samples))


@dataclass(frozen=True)
class _Scratch:
    """What one thread needs for one window: frames of all, and of the submodels' gradients."""

    frames: list[Tensor]
    back: list[Tensor]

    @classmethod
    def make(cls, resolutions: list[_Resolution], submodels: int, samples: int) -> _Scratch:
        frames = [r.frames(submodels, r.frame_count(samples)) for r in resolutions]
        return cls(frames, [torch.empty_like(of_all[:-1]) for of_all in frames])


def _parts(spectra: Tensor) -> Samples:
    """(..., bin) as their real and imaginary parts."""
    parts: Samples = torch.view_as_real(spectra).flatten(-2).numpy()
    return parts


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stft: CpuStft, prediction: Tensor, target: Tensor) -> Tensor:
        value, gradient = stft.value_and_gradient(prediction.detach().numpy(), target.numpy())
        ctx.gradient = torch.from_numpy(gradient)
        return torch.from_numpy(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        return None, ctx.gradient * gradient[:, None], None


def _require_reflectable(samples: int) -> None:
    """The inner loops trust that they stay within the memory."""
    if samples < MIN_SPECTRAL_SAMPLES:
        raise ValueError(f"{samples} samples are too few for the MRSTFT.")
