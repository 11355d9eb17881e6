"""The building blocks of packed WaveNets.

A packed network holds several submodels side by side in its channels. Every
convolution is made of one block per submodel on its diagonal and zeros
elsewhere, so the submodels never mix. An ordinary WaveNet is the case of one
block; both use the modules below.

Audio inside the network has shape (batch, channels, 1, time): a
two-dimensional layout of height one, because PyTorch's channels-last
convolutions, several times faster on processors, exist for images only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nam_engine.wavenet.config import Activation, LayerArrayConfig, WaveNetConfig

__all__ = ["BlockConv", "Network", "apply_activation", "flat_places"]


def _softsign(x: Tensor) -> Tensor:
    return x / (1.0 + x.abs())


def _leaky_hardtanh(
    x: Tensor, min_val: float, max_val: float, min_slope: float, max_slope: float
) -> Tensor:
    clamped = x.clamp(min_val, max_val)
    below, above = (x - min_val).clamp(max=0.0), (x - max_val).clamp(min=0.0)
    return clamped + min_slope * below + max_slope * above


_ACTIVATION_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "Tanh": torch.tanh,
    "ReLU": F.relu,
    "Sigmoid": torch.sigmoid,
    "SiLU": F.silu,
    "Hardswish": F.hardswish,
    "Softsign": _softsign,
    "Hardtanh": F.hardtanh,
    "LeakyReLU": F.leaky_relu,
    "LeakyHardtanh": _leaky_hardtanh,
}


def apply_activation(activation: Activation, x: Tensor) -> Tensor:
    """Apply an activation element-wise to a tensor of any shape."""
    return _ACTIVATION_FUNCTIONS[activation.name](x, *activation.parameters)


def _slices(widths: Sequence[int]) -> tuple[slice, ...]:
    stops = list(accumulate(widths))
    return tuple(slice(stop - width, stop) for stop, width in zip(stops, widths, strict=True))


class _Last(torch.autograd.Function):
    """Slicing whose gradient keeps the channels-last layout.

    PyTorch's own slicing makes its gradient in the plain layout; every
    convolution behind it would then work in the slow one.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, dropped: int) -> Tensor:
        ctx.dropped = dropped
        return x[..., dropped:]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return F.pad(gradient, (ctx.dropped, 0)), None


def last(x: Tensor, samples: int) -> Tensor:
    """The last ``samples`` of the time axis."""
    dropped = x.shape[-1] - samples
    if not dropped:
        return x
    result: Tensor = _Last.apply(x, dropped)  # type: ignore[no-untyped-call]
    return result


def flat_places(parameters: Sequence[nn.Parameter]) -> dict[nn.Parameter, Tensor]:
    """For each of them, in its shape, where its numbers stand when all are laid end to end."""
    ends = accumulate(p.numel() for p in parameters)
    return {
        p: torch.arange(end - p.numel(), end).view_as(p)
        for p, end in zip(parameters, ends, strict=True)
    }


class BlockConv(nn.Module):
    """A dilated valid convolution with one block per submodel.

    ``weight`` is (out, in, kernel) over all blocks, ``bias`` (out). With
    ``shared_input`` all blocks read the same input channels. Weights off the
    blocks are zero and stay so: the mask in :meth:`forward` keeps them out of
    the output and their gradient at zero.
    """

    mask: Tensor | None

    def __init__(
        self,
        in_widths: Sequence[int],
        out_widths: Sequence[int],
        kernel_size: int = 1,
        *,
        dilation: int = 1,
        bias: bool = True,
        shared_input: bool = False,
    ) -> None:
        super().__init__()
        self.dilation = dilation
        out_slices = _slices(out_widths)
        in_slices = (slice(0, in_widths[0]),) * len(out_slices)
        if not shared_input:
            in_slices = _slices(in_widths)
        self.blocks = tuple(zip(out_slices, in_slices, strict=True))
        shape = (out_slices[-1].stop, in_slices[-1].stop, kernel_size)
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        mask = torch.zeros_like(self.weight)
        for out_slice, in_slice in self.blocks:
            mask[out_slice, in_slice] = 1.0
        whole = bool(mask.all())
        self.register_buffer("mask", None if whole else mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in, 1, time) to (batch, out, 1, time - (kernel - 1) * dilation)."""
        weight = self._masked_weight().unsqueeze(2)
        return F.conv2d(x, weight, self.bias, dilation=(1, self.dilation))

    def pointwise(self, x: Tensor) -> Tensor:
        """The same for kernel size 1 without bias, always in channels-last layout.

        A convolution of one input channel would come out in the plain layout, and
        everything after it would stay there.
        """
        weight = self._masked_weight().squeeze(2)
        channels_last = F.linear(x.squeeze(2).transpose(1, 2), weight)
        return channels_last.transpose(1, 2).unsqueeze(2)

    def _masked_weight(self) -> Tensor:
        return self.weight if self.mask is None else self.weight * self.mask

    def block_tensors(self, submodel: int) -> tuple[Tensor, ...]:
        """Views of one submodel's weight and, where there is one, bias."""
        out_slice, in_slice = self.blocks[submodel]
        weight = self.weight.detach()[out_slice, in_slice]
        if self.bias is None:
            return (weight,)
        return weight, self.bias.detach()[out_slice]

    def initialise(self, generator: torch.Generator) -> None:
        """Each block as PyTorch initialises a Conv1d of the block's own fan-in."""
        for submodel in range(len(self.blocks)):
            tensors = self.block_tensors(submodel)
            bound = tensors[0][0].numel() ** -0.5
            for tensor in tensors:
                tensor.uniform_(-bound, bound, generator=generator)


class Layer(nn.Module):
    """One dilated layer: convolution, input mixer, activation, 1x1s."""

    def __init__(self, arrays: Sequence[LayerArrayConfig], index: int) -> None:
        super().__init__()
        first = arrays[0]
        widths = [a.channels for a in arrays]
        inner = [a.bottleneck for a in arrays]
        self.activation = first.activations[index]
        self.conv = BlockConv(
            widths, inner, first.kernel_sizes[index], dilation=first.dilations[index]
        )
        self.mixer = BlockConv([first.condition_size], inner, bias=False, shared_input=True)
        self.layer1x1 = BlockConv(inner, widths) if first.layer1x1 else None
        head_widths = [a.head1x1_channels for a in arrays if a.head1x1_channels is not None]
        self.head1x1 = BlockConv(inner, head_widths) if head_widths else None

    def forward(
        self, x: Tensor, condition: Tensor, head_samples: int, *, needs_residual: bool
    ) -> tuple[Tensor, Tensor]:
        """Residual stream and this layer's term of the head sum.

        The residual is left as it came where nobody reads it further on.
        """
        z = self.conv(x)
        # The condition is mono, so the mixer is a product; fused, it costs no pass of its own.
        mixed = torch.addcmul(z, self.mixer.weight.unsqueeze(0), last(condition, z.shape[-1]))
        activated = apply_activation(self.activation, mixed)
        head_term = last(activated, head_samples)
        if self.head1x1 is not None:
            head_term = self.head1x1(head_term)
        if needs_residual:
            update = activated if self.layer1x1 is None else self.layer1x1(activated)
            x = last(x, update.shape[-1]) + update
        return x, head_term

    def convolutions(self) -> Iterator[BlockConv]:
        yield self.conv
        yield self.mixer
        if self.layer1x1 is not None:
            yield self.layer1x1
        if self.head1x1 is not None:
            yield self.head1x1


class LayerArray(nn.Module):
    """A stack of layers whose activations are summed and read by a head."""

    def __init__(self, arrays: Sequence[LayerArrayConfig], *, is_first: bool) -> None:
        super().__init__()
        first = arrays[0]
        self.receptive_field = first.receptive_field
        self.layers_receptive_field = first.layers_receptive_field
        self.rechannel = BlockConv(
            [a.input_size for a in arrays],
            [a.channels for a in arrays],
            bias=False,
            shared_input=is_first,
        )
        self.layers = nn.ModuleList(Layer(arrays, i) for i in range(len(first.dilations)))
        self.head = BlockConv(
            [a.head_input_channels for a in arrays],
            [a.head_channels for a in arrays],
            first.head_kernel_size,
            bias=first.head_bias,
        )

    def forward(
        self, x: Tensor, condition: Tensor, head_sum: Tensor | None, *, needs_residual: bool
    ) -> tuple[Tensor, Tensor]:
        """Residual stream and head output, both of the length the head leaves."""
        head_samples = x.shape[-1] - (self.layers_receptive_field - 1)
        out_samples = x.shape[-1] - (self.receptive_field - 1)
        if head_sum is not None:
            head_sum = last(head_sum, head_samples)
        x = self.rechannel.pointwise(x)
        for i, layer in enumerate(self.layers):
            x, head_term = layer(
                x,
                condition,
                head_samples,
                needs_residual=needs_residual or i < len(self.layers) - 1,
            )
            head_sum = head_term if head_sum is None else head_sum + head_term
        return last(x, out_samples), self.head(head_sum)

    def convolutions(self) -> Iterator[BlockConv]:
        yield self.rechannel
        for layer in self.layers:
            assert isinstance(layer, Layer)
            yield from layer.convolutions()
        yield self.head


class Network(nn.Module):
    """The layer arrays of one or more submodels of equal structure.

    ``forward``: input (batch, time) to (batch, submodel, time - receptive_field + 1).
    """

    def __init__(self, configs: Sequence[WaveNetConfig], generator: torch.Generator) -> None:
        super().__init__()
        self.receptive_field = configs[0].receptive_field
        self.head_scale = configs[0].head_scale
        self.layer_arrays = nn.ModuleList(
            LayerArray(arrays, is_first=i == 0)
            for i, arrays in enumerate(zip(*(c.layer_arrays for c in configs), strict=True))
        )
        for conv in self.convolutions():
            conv.initialise(generator)

    def forward(self, audio: Tensor) -> Tensor:
        condition = audio[:, None, None, :]
        x, head = condition, None
        for i, array in enumerate(self.layer_arrays):
            needs_residual = i < len(self.layer_arrays) - 1
            x, head = array(x, condition, head, needs_residual=needs_residual)
        assert head is not None
        prediction: Tensor = self.head_scale * head.squeeze(2)
        return prediction

    def convolutions(self) -> Iterator[BlockConv]:
        """All convolutions in the order of a .nam file's weights."""
        for array in self.layer_arrays:
            assert isinstance(array, LayerArray)
            yield from array.convolutions()

    def submodel_tensors(self, submodel: int) -> Iterator[Tensor]:
        """Views of one submodel's weights in the order of a .nam file."""
        for conv in self.convolutions():
            yield from conv.block_tensors(submodel)
