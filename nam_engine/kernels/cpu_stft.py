"""The spectral loss on processors: value and gradient in one pass, in every core."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nam_engine.kernels.frames import compare, differentiate, frame, overlap_add
from nam_engine.losses import MultiResolutionStft

__all__ = ["CpuStft"]


class CpuStft:
    """What :class:`MultiResolutionStft` computes, (batch, submodel, time) float32 in memory.

    PyTorch transforms; what comes before and after is done for each window by itself.
    """

    def __init__(self, reference: MultiResolutionStft, pool: Executor) -> None:
        self._windows = [
            reference.get_buffer(f"window_{samples}").numpy()
            for _, _, samples in reference.RESOLUTIONS
        ]
        self._pool = pool
        self._frames: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Per submodel, shape (submodel,)."""
        loss: Tensor = _Loss.apply(self, prediction, target)  # type: ignore[no-untyped-call]
        return loss

    def value_and_gradient(self, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes (submodel,) and that of ``prediction``."""
        submodels = prediction.shape[1]
        value = np.zeros(submodels)
        gradient = np.zeros(tuple(prediction.shape), np.float32)
        for resolution, window in zip(
            MultiResolutionStft.RESOLUTIONS, self._windows, strict=True
        ):
            value += self._one(prediction.numpy(), target.numpy(), resolution, window, gradient)
        count = len(self._windows)
        return torch.from_numpy(value).float() / count, torch.from_numpy(gradient).div_(count)

    def _one(
        self,
        prediction: Any,
        target: Any,
        resolution: tuple[int, int, int],
        window: Any,
        gradient: Any,
    ) -> Any:
        """The terms of one resolution; its gradient is added to ``gradient``."""
        fft_size, hop, _ = resolution
        batch, submodels, samples = prediction.shape
        count = samples // hop + 1
        floor = np.float32(MultiResolutionStft.POWER_FLOOR)
        shape = (submodels + 1, batch, count, fft_size)
        if shape not in self._frames:
            self._frames[shape] = (torch.zeros(shape), torch.empty(*shape[:3], fft_size//2+1, dtype=torch.complex64), torch.empty(submodels,*shape[1:]))
        frames,spectra,back = self._frames[shape]
        rows = frames.numpy()

        def cut(b: int) -> None:
            for s in range(submodels):
                frame(prediction[b, s], hop, window, rows[s, b])
            frame(target[b], hop, window, rows[-1, b])

        self._for_each_window(cut, batch)
        torch.fft.rfft(frames, out=spectra)
        bins = torch.view_as_real(spectra).flatten(-2).numpy()
        sums = np.empty((batch, submodels, 3))

        def measure(b: int) -> None:
            for s in range(submodels):
                sums[b, s] = compare(bins[s, b], bins[-1, b], floor)

        self._for_each_window(measure, batch)
        distance, energy, logarithm = sums.sum(axis=0).T
        distance, energy = np.sqrt(distance), np.sqrt(energy)
        per_bin = 1 / (batch * count * spectra.shape[-1])
        of_distance = np.divide(
            1, distance * energy, out=np.zeros(submodels), where=distance > 0
        ).astype(np.float32)

        def slopes(b: int) -> None:
            for s in range(submodels):
                differentiate(
                    bins[s, b], bins[-1, b], floor, of_distance[s], np.float32(per_bin)
                )

        self._for_each_window(slopes, batch)
        torch.fft.irfft(spectra[:-1], fft_size, norm="forward", out=back); back=back.numpy()

        def add(b: int) -> None:
            for s in range(submodels):
                overlap_add(back[s, b], hop, window, gradient[b, s])

        self._for_each_window(add, batch)
        return distance / energy + per_bin * logarithm

    def _for_each_window(self, work: Any, batch: int) -> None:
        for _ in self._pool.map(work, range(batch)):
            pass


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stft: CpuStft, prediction: Tensor, target: Tensor) -> Tensor:
        value, ctx.gradient = stft.value_and_gradient(prediction.detach(), target)
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        return None, ctx.gradient * gradient[:, None], None
