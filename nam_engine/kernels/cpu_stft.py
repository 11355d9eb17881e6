"""The spectral loss on processors: value and gradient in one pass, in every core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nam_engine.kernels.frames import compare, differentiate, frame, overlap_add
from nam_engine.losses import MultiResolutionStft

__all__ = ["CpuStft"]

Samples = NDArray[np.float32]
Sums = NDArray[np.float64]
"""(submodel, 3): squared distance, squared target and logarithmic distance."""

FLOOR = np.float32(MultiResolutionStft.POWER_FLOOR)
PIECES, PIECE_SAMPLES = 16, 8192
"""How long audio is judged: so many pieces at once."""


class _Piece(NamedTuple):
    """Some frames of one window of the batch."""

    window: int
    first_frame: int
    frames: int


class CpuStft:
    """Computes what :class:`MultiResolutionStft` does, for float32 in main memory.

    PyTorch transforms; what comes before and after that is done piece by piece in all cores.
    Memory is kept from call to call.
    """

    def __init__(self, reference: MultiResolutionStft, pool: Executor) -> None:
        self._resolutions = [
            (fft_size, hop, reference.get_buffer(f"window_{window_samples}").numpy())
            for fft_size, hop, window_samples in reference.RESOLUTIONS
        ]
        self._pool = pool
        self._shape: tuple[int, ...] = ()
        self._works: list[_Work] = []

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(batch, submodel, time) and (batch, time) to one value per submodel."""
        if torch.is_grad_enabled() and prediction.requires_grad:
            loss: Tensor = _Loss.apply(self, prediction, target)  # type: ignore[no-untyped-call]
            return loss
        return torch.from_numpy(self.value(prediction.detach().numpy(), target.numpy()))

    def value(self, prediction: Samples, target: Samples) -> Samples:
        """Per submodel. Audio of any length takes the memory of a batch."""
        batch, submodels, samples = prediction.shape
        value = np.zeros(submodels)
        for work in self._works_for(PIECES, submodels, PIECE_SAMPLES):
            count, at_once = samples // work.hop + 1, work.frames.shape[2]
            pieces = [
                _Piece(window, first, min(at_once, count - first))
                for window, first in product(range(batch), range(0, count, at_once))
            ]
            sums = np.zeros((submodels, 3))
            for i in range(0, len(pieces), PIECES):
                sums += self._compare(prediction, target, work, pieces[i : i + PIECES])
            value += work.value(sums, batch * count)
        return (value / len(self._resolutions)).astype(np.float32)

    def value_and_gradient(self, prediction: Samples, target: Samples) -> tuple[Samples, Samples]:
        """The value per submodel and its gradient by ``prediction``."""
        batch, submodels, samples = prediction.shape
        value = np.zeros(submodels)
        gradient = np.zeros(prediction.shape, np.float32)
        for work in self._works_for(batch, submodels, samples):
            count = work.frames.shape[2]
            pieces = [_Piece(window, 0, count) for window in range(batch)]
            sums = self._compare(prediction, target, work, pieces)
            value += work.value(sums, batch * count)
            self._differentiate(sums, work, gradient)
        resolutions = np.float32(len(self._resolutions))
        gradient /= resolutions
        return (value / resolutions).astype(np.float32), gradient

    def _works_for(self, batch: int, submodels: int, samples: int) -> list[_Work]:
        if self._shape != (batch, submodels, samples):
            self._shape = (batch, submodels, samples)
            self._works = [_Work.make(self._shape, *each) for each in self._resolutions]
        return self._works

    def _compare(
        self, prediction: Samples, target: Samples, work: _Work, pieces: Sequence[_Piece]
    ) -> Sums:
        """Transform pieces; what they add to the sums."""
        submodels = prediction.shape[1]
        frames, spectra = work.frames.numpy(), work.parts.numpy()
        sums = np.zeros((len(pieces), submodels, 3))

        def cut(i: int) -> None:
            window, first, count = pieces[i]
            for s in range(submodels):
                frame(prediction[window, s], work.hop, work.window, frames[s, i, :count], first)
            frame(target[window], work.hop, work.window, frames[submodels, i, :count], first)

        def measure(i: int) -> None:
            count = pieces[i].frames
            for s in range(submodels):
                sums[i, s] = compare(spectra[s, i, :count], spectra[submodels, i, :count], FLOOR)

        self._for_each(cut, len(pieces))
        torch.fft.rfft(work.frames, out=work.spectra)
        self._for_each(measure, len(pieces))
        total: Sums = sums.sum(axis=0)
        return total

    def _differentiate(self, sums: Sums, work: _Work, gradient: Samples) -> None:
        """Turn the spectra of a batch into the gradient by it, and add that to ``gradient``."""
        batch, submodels, _ = gradient.shape
        spectra, back = work.parts.numpy(), work.back.numpy()
        distance, energy = np.sqrt(sums[:, 0]), np.sqrt(sums[:, 1])
        # Equal audio has a distance of zero, and no gradient.
        by_distance = (1 / (np.where(distance, distance, np.inf) * energy)).astype(np.float32)
        by_logarithm = np.float32(1 / (batch * work.spectra[0, 0].numel()))

        def turn(b: int) -> None:
            for s in range(submodels):
                of_target = spectra[submodels, b]
                differentiate(spectra[s, b], of_target, FLOOR, by_distance[s], by_logarithm)

        def add(b: int) -> None:
            for s in range(submodels):
                overlap_add(back[s, b], work.hop, work.window, gradient[b, s])

        self._for_each(turn, batch)
        fft_size = work.frames.shape[-1]
        torch.fft.irfft(work.spectra[:submodels], fft_size, norm="forward", out=work.back)
        self._for_each(add, batch)

    def _for_each(self, work: Callable[[int], None], count: int) -> None:
        for _ in self._pool.map(work, range(count)):
            pass


@dataclass(frozen=True)
class _Work:
    """One resolution and memory for it.

    ``frames`` are (submodel and last the target, piece, frame, time), ``spectra`` the same with
    bins, ``parts`` their real and imaginary parts, ``back`` the submodels' frames of the gradient.
    """

    hop: int
    window: Samples
    frames: Tensor
    spectra: Tensor
    parts: Tensor
    back: Tensor

    @classmethod
    def make(cls, shape: tuple[int, ...], fft_size: int, hop: int, window: Samples) -> _Work:
        batch, submodels, samples = shape
        frames = torch.zeros(submodels + 1, batch, samples // hop + 1, fft_size)
        spectra = torch.empty(*frames.shape[:3], fft_size // 2 + 1, dtype=torch.complex64)
        parts = torch.view_as_real(spectra).flatten(-2)
        back = torch.empty(submodels, *frames.shape[1:])
        return cls(hop, window, frames, spectra, parts, back)

    def value(self, sums: Sums, frame_count: int) -> NDArray[np.float64]:
        """Of this resolution, per submodel."""
        distance, energy, logarithm = sums.T
        bins = frame_count * self.spectra.shape[-1]
        value: NDArray[np.float64] = np.sqrt(distance) / np.sqrt(energy) + logarithm / bins
        return value


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stft: CpuStft, prediction: Tensor, target: Tensor) -> Tensor:
        value, gradient = stft.value_and_gradient(prediction.detach().numpy(), target.numpy())
        ctx.gradient = torch.from_numpy(gradient)
        return torch.from_numpy(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        return None, ctx.gradient * gradient[:, None], None
