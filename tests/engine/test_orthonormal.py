from __future__ import annotations

import numpy as np
import pytest
import torch

from nam_engine.orthonormal import orthonormal
from nam_engine.soap import DAMPING


@pytest.mark.parametrize(("size", "rank"), [(1, 1), (2, 1), (9, 8), (49, 8), (129, 1), (129, 129)])
@pytest.mark.parametrize("loudness", [1.0, 1e-12])
def test_vectors_are_householders_but_for_their_signs(
    size: int, rank: int, loudness: float
) -> None:
    generator = torch.Generator().manual_seed(size)
    scale = loudness * torch.logspace(-4, 0, size)
    gradient = torch.randn(5, rank, size, generator=generator) * scale
    products = (gradient.mT @ gradient).double()
    mean = products.diagonal(dim1=1, dim2=2).mean(dim=1).view(-1, 1, 1)
    matrices = products + DAMPING * mean * torch.eye(size).double()
    ours, theirs = orthonormal(matrices), np.linalg.qr(matrices.numpy()).Q
    alike = np.einsum("nij,nij->nj", ours.numpy(), theirs)
    np.testing.assert_allclose(np.abs(alike), 1, atol=1e-12)
    identity = np.broadcast_to(np.eye(size), ours.shape)
    np.testing.assert_allclose((ours.mT @ ours).numpy(), identity, atol=1e-12)
