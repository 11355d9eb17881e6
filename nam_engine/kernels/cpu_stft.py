"""The spectral loss on processors: value and gradient in one pass, in every core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.kernels.frames import compare, differentiate, frame, overlap_add
from nam_engine.losses import MultiResolutionStft

__all__ = ["CpuStft"]

Samples = NDArray[np.float32]
FLOOR = np.float32(MultiResolutionStft.POWER_FLOOR)


class CpuStft:
    """Computes what :class:`MultiResolutionStft` does, for float32 in main memory.

    PyTorch transforms; what comes before and after that is done for each window of the batch
    by itself. Memory is kept from call to call, for the shape of the latest one.
    """

    def __init__(self, reference: MultiResolutionStft, pool: Executor) -> None:
        self._windows = [
            reference.get_buffer(f"window_{samples}").numpy()
            for _, _, samples in reference.RESOLUTIONS
        ]
        self._pool = pool
        self._shape: tuple[int, ...] = ()
        self._works: list[_Work] = []

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(batch, submodel, time) and (batch, time) to one value per submodel."""
        loss: Tensor = _Loss.apply(self, prediction, target)  # type: ignore[no-untyped-call]
        return loss

    def value_and_gradient(self, prediction: Samples, target: Samples) -> tuple[Samples, Samples]:
        """The value per submodel and its gradient by ``prediction``."""
        if self._shape != prediction.shape:
            self._shape = prediction.shape
            self._works = [
                _Work.make(prediction.shape, fft_size, hop)
                for fft_size, hop, _ in MultiResolutionStft.RESOLUTIONS
            ]
        value = np.zeros(prediction.shape[1])
        gradient = np.zeros(prediction.shape, np.float32)
        for work, window in zip(self._works, self._windows, strict=True):
            value += self._one_resolution(prediction, target, window, work, gradient)
        count = np.float32(len(self._works))
        gradient /= count
        return (value / count).astype(np.float32), gradient

    def _one_resolution(
        self, prediction: Samples, target: Samples, window: Samples, work: _Work, gradient: Samples
    ) -> NDArray[np.float64]:
        """The value per submodel; its gradient is added to ``gradient``."""
        batch, submodels, _ = prediction.shape
        frames, spectra, back = work.frames.numpy(), work.parts.numpy(), work.back.numpy()

        def cut(b: int) -> None:
            for s in range(submodels):
                frame(prediction[b, s], work.hop, window, frames[s, b])
            frame(target[b], work.hop, window, frames[submodels, b])

        sums = np.empty((batch, submodels, 3))

        def measure(b: int) -> None:
            for s in range(submodels):
                sums[b, s] = compare(spectra[s, b], spectra[submodels, b], FLOOR)

        self._for_each(cut, batch)
        torch.fft.rfft(work.frames, out=work.spectra)
        self._for_each(measure, batch)
        distance, energy, logarithm = sums.sum(axis=0).T
        distance, energy = np.sqrt(distance), np.sqrt(energy)
        bins = batch * spectra[0, 0].size // 2
        # Equal audio has a distance of zero, and no gradient.
        of_distance = 1 / (np.where(distance, distance, np.inf) * energy)

        def turn(b: int) -> None:
            for s in range(submodels):
                by_distance, by_logarithm = np.float32(of_distance[s]), np.float32(1 / bins)
                differentiate(
                    spectra[s, b], spectra[submodels, b], FLOOR, by_distance, by_logarithm
                )

        def add(b: int) -> None:
            for s in range(submodels):
                overlap_add(back[s, b], work.hop, window, gradient[b, s])

        self._for_each(turn, batch)
        fft_size = work.frames.shape[-1]
        torch.fft.irfft(work.spectra[:submodels], fft_size, norm="forward", out=work.back)
        self._for_each(add, batch)
        value: NDArray[np.float64] = distance / energy + logarithm / bins
        return value

    def _for_each(self, work: Callable[[int], None], batch: int) -> None:
        for _ in self._pool.map(work, range(batch)):
            pass


@dataclass(frozen=True)
class _Work:
    """Memory for one resolution.

    ``frames`` are (submodel and then target, batch, frame, time), ``spectra`` the same with bins,
    ``parts`` their real and imaginary parts, ``back`` the submodels' frames of the gradient.
    """

    hop: int
    frames: Tensor
    spectra: Tensor
    parts: Tensor
    back: Tensor

    @classmethod
    def make(cls, shape: tuple[int, ...], fft_size: int, hop: int) -> _Work:
        batch, submodels, samples = shape
        count = samples // hop + 1
        frames = torch.zeros(submodels + 1, batch, count, fft_size)
        spectra = torch.empty(*frames.shape[:3], fft_size // 2 + 1, dtype=torch.complex64)
        parts = torch.view_as_real(spectra).flatten(-2)
        return cls(hop, frames, spectra, parts, torch.empty(submodels, *frames.shape[1:]))


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stft: CpuStft, prediction: Tensor, target: Tensor) -> Tensor:
        value, gradient = stft.value_and_gradient(prediction.detach().numpy(), target.numpy())
        ctx.gradient = torch.from_numpy(gradient)
        return torch.from_numpy(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        return None, ctx.gradient * gradient[:, None], None
