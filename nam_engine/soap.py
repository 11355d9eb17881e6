"""SOAP: Adam in a basis in which the gradients of a matrix of weights are least entangled.

Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv:2409.11321. For weights
W (out, in) with gradient G, running means of G G^T and G^T G say how rows and columns go
together. Their eigenvectors turn G into coordinates that vary independently of one another;
there Adam scales each by its own size, and the step is turned back.

Other than in the paper, a bias is a column of its convolution's matrix; the first basis is that of
the weights as they stand, and a new one serves the step in which it was made; it is damped, so
that directions in which nothing was seen keep their axes. The means are not corrected for their
start at zero: as both decay alike, that only makes the first steps smaller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from nam_engine.arrays import require_like, write_arrays
from nam_engine.checkpoint import Arrays
from nam_engine.graphs import Do, directly
from nam_engine.orthonormal import orthonormal
from nam_engine.wavenet.layers import Network, flat_places

__all__ = ["Soap"]

DECAY = 0.95
STEPS_PER_REFRESH = 10
EPSILON = 1e-8
DAMPING = 1e-5
TINY = 1e-30

Rate: TypeAlias = float | Tensor
"""A number, or one that stands on the device."""


class Soap:
    """Optimizes the blocks of a packed network and never touches what lies off them.

    A matrix is one submodel's block of a convolution, (out, in x taps, and 1 for a bias). All
    matrices of one shape are worked on together. What never has a gradient keeps its value.
    ``do`` does the work of a step that is decided on the device.
    """

    def __init__(self, network: Network, learning_rate: float, do: Do = directly) -> None:
        self.learning_rate = learning_rate
        self._do = do
        self._parameters: list[Tensor] = list(network.parameters())
        self._steps = torch.zeros((), dtype=torch.int64)
        by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for places in _matrices(network):
            by_shape[places.shape].append(places)
        like = self._parameters[0].detach()
        self._groups = [_Matrices(torch.stack(p), like) for p in by_shape.values()]
        self._gradient = like.new_zeros(sum(p.numel() for p in self._parameters))
        self._taken = torch.zeros((), dtype=torch.bool, device=like.device)
        self._rate = like.new_zeros(())

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Take over a learning rate, ``lr``."""
        self.learning_rate = settings["lr"]

    @torch.no_grad()
    def step(self, taken: Tensor | None = None) -> None:
        """Change the parameters along their gradients, unless ``taken`` is false."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._parameters]
        gradient = torch.cat([g.reshape(-1) for g in gradients])
        refresh = int(self._steps) % STEPS_PER_REFRESH == 0
        self._steps += 1
        if taken is None:
            self._change(gradient, self.learning_rate, 1 - DECAY, refresh=refresh)
            return
        self._gradient.copy_(gradient)
        self._taken.copy_(taken)
        self._rate.fill_(self.learning_rate)
        changed = [*self._parameters, *self.tensors().values()]
        self._do(f"update, {refresh=}", partial(self._change_where_taken, refresh=refresh), changed)

    def not_taken(self) -> None:
        """The latest step's ``taken`` was false."""
        self._steps -= 1

    def _change_where_taken(self, *, refresh: bool) -> None:
        """All that is not a constant stands in tensors that stay where they are."""
        # What is not finite must not even be multiplied by zero.
        gradient = self._gradient.masked_fill(self._taken.logical_not(), 0.0)
        share = self._taken.to(self._rate)
        self._change(gradient, self._rate * share, (1 - DECAY) * share, refresh=refresh)

    def _change(self, gradient: Tensor, rate: Rate, weight: Rate, *, refresh: bool) -> None:
        """By the flat gradient, which counts in the means with this weight."""
        weights = torch.cat([p.reshape(-1) for p in self._parameters])
        for group in self._groups:
            update = group.update(gradient[group.places], weight, refresh=refresh)
            weights[group.places] -= rate * update
        parts = torch.split(weights, [p.numel() for p in self._parameters])
        for parameter, part in zip(self._parameters, parts, strict=True):
            parameter.copy_(part.view_as(parameter))

    def tensors(self) -> dict[str, Tensor]:
        """All that a step reads and changes besides the parameters, by name."""
        tensors = {"steps": self._steps}
        for i, group in enumerate(self._groups):
            tensors |= {f"{i}.{name}": tensor for name, tensor in group.tensors().items()}
        return tensors

    def require_own(self, state: Arrays) -> None:
        """Raise ValueError where these are not the tensors of another one for this network."""
        require_like(self.tensors(), state)

    def restore(self, state: Arrays) -> None:
        """Go on from another one's tensors, which are known to fit."""
        write_arrays(self.tensors(), state)


class _Matrices:
    """Matrices of one shape: where their numbers stand in the flat parameters, (n, out, in)."""

    def __init__(self, places: Tensor, like: Tensor) -> None:
        n, rows, columns = places.shape
        self.places = places.to(like.device)
        self.mean = like.new_zeros(n, rows, columns)
        self.mean_square = like.new_zeros(n, rows, columns)
        self.row_products = like.new_zeros(n, rows, rows)
        self.column_products = like.new_zeros(n, columns, columns)
        self.row_basis = torch.eye(rows).repeat(n, 1, 1).to(like)
        self.column_basis = torch.eye(columns).repeat(n, 1, 1).to(like)

    def tensors(self) -> dict[str, Tensor]:
        return {
            "mean": self.mean,
            "mean_square": self.mean_square,
            "row_products": self.row_products,
            "column_products": self.column_products,
            "row_basis": self.row_basis,
            "column_basis": self.column_basis,
        }

    def update(self, gradient: Tensor, weight: Rate, *, refresh: bool) -> Tensor:
        """The step for a gradient, to be multiplied by the learning rate; both (n, out, in).

        ``weight`` is how much the gradient counts in the running means.
        """
        self.mean.lerp_(gradient, weight)
        self.row_products.lerp_(gradient @ gradient.mT, weight)
        self.column_products.lerp_(gradient.mT @ gradient, weight)
        if refresh:
            for basis, products in (
                (self.row_basis, self.row_products),
                (self.column_basis, self.column_products),
            ):
                better = _refreshed(basis, products)
                if isinstance(weight, Tensor):  # zero in a step that is not taken
                    better = torch.where(weight > 0, better, basis)
                basis.copy_(better)
        square = _turned(gradient, self.row_basis.mT, self.column_basis).square()
        self.mean_square.lerp_(square, weight)
        step = _turned(self.mean, self.row_basis.mT, self.column_basis)
        step /= self.mean_square.sqrt() + EPSILON
        return _turned(step, self.row_basis, self.column_basis.mT)


def _turned(matrices: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return torch.bmm(torch.bmm(rows, matrices), columns)


def _refreshed(basis: Tensor, products: Tensor) -> Tensor:
    """One step of orthogonal iteration towards the eigenvectors of ``products``.

    Where these say nothing, the basis stays as it was.
    """
    if basis.device.type == "cuda":
        return _refreshed_on_gpu(basis, products)
    # Householder's method in main memory: on a processor it is the fastest, and Apple's GPUs
    # cannot factor at all with the older PyTorch that we allow.
    q: Tensor = torch.linalg.qr(_damped(basis, products).cpu()).Q
    return q.to(basis)


def _refreshed_on_gpu(basis: Tensor, products: Tensor) -> Tensor:
    """The same, but for signs of vectors, which every step turns back."""
    return orthonormal(_damped(basis.double(), products.double())).to(basis)


def _damped(basis: Tensor, products: Tensor) -> Tensor:
    """``products`` times ``basis``, with a little of ``basis`` itself."""
    mean = products.diagonal(dim1=1, dim2=2).mean(dim=1).clamp(min=TINY).view(-1, 1, 1)
    return torch.bmm(products, basis) + DAMPING * mean * basis


def _matrices(network: Network) -> Iterator[Tensor]:
    """Each matrix as the places of its numbers in the flat parameters."""
    places = flat_places(list(network.parameters()))
    for conv in network.convolutions():
        for out_slice, in_slice in conv.blocks:
            matrix = places[conv.weight][out_slice, in_slice].flatten(1)
            if conv.bias is not None:
                matrix = torch.cat([matrix, places[conv.bias][out_slice, None]], dim=1)
            yield matrix
