"""The Q of a QR decomposition from matrix products alone, for GPUs.

Their libraries factor many small matrices by Householder's method one after the other, and wait
for the processor in between. Cholesky's factorisation takes all at once and never waits, so that
it can be part of a CUDA graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["orthonormal"]

# The first leaves vectors that are nearly orthonormal, the second makes them so to rounding.
PASSES = 2
SHIFT = 10


def orthonormal(matrices: Tensor) -> Tensor:
    """Q of each of (n, k, k) in double precision, where R has a positive diagonal.

    Householder's vectors are the same but for their signs. Shifted Cholesky QR (Fukaya et al.,
    "Shifted Cholesky QR for computing the QR factorization of ill-conditioned matrices",
    arXiv:1809.11085), with columns of unit length, which changes nothing in Q and makes nearly
    all matrices well-conditioned.
    """
    q = matrices.double()
    size = q.shape[-1]
    # So that rounding makes no square negative. The norm of the products is at most their size.
    shift = SHIFT * size**2 * torch.finfo(q.dtype).eps
    for nth in range(PASSES):
        q = q / torch.linalg.vector_norm(q, dim=1, keepdim=True)
        products = torch.bmm(q.mT, q)
        if nth == 0:
            products.diagonal(dim1=1, dim2=2).add_(shift)
        lower, _ = torch.linalg.cholesky_ex(products)
        q = torch.linalg.solve_triangular(lower.mT, q, upper=True, left=False)
    return q
