"""Packed networks on NVIDIA's GPUs: each layer is one kernel forward and three backward.

Only the stream between layers is kept for the backward pass: what else there is of a layer is
computed anew, which takes less than to fetch it. The head, a single convolution, is PyTorch's.
Sums over time and windows are added in no fixed order: a step repeats but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nam_engine.kernels import triton_layers
from nam_engine.wavenet.config import PackedConfig
from nam_engine.wavenet.layers import Layer, LayerArray
from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["CudaKernel", "is_narrow_enough"]

TIME = 64
ROWS = 32
SPAN = 32 * TIME
WARPS = 4
STAGES = 1
"""What a program works on at once, and how: so that all fits in the registers of an H100."""
MOST_CHANNELS = 32
LEAST_SIDE = 16
"""Of a matrix in a product of Triton's."""
PRECISION = "tf32x3"
"""Three products of rounded numbers are as exact as float32, and run on tensor cores."""


def is_narrow_enough(config: PackedConfig) -> bool:
    """Whether every submodel's channels fit into the registers of a GPU."""
    arrays = [submodel.config.layer_arrays[0] for submodel in config.submodels]
    return all(max(a.channels, a.bottleneck) <= MOST_CHANNELS for a in arrays)


class _Weights(NamedTuple):
    """Of one layer; the last two are read by nobody in the last layer."""

    weight: Tensor
    bias: Tensor
    mixer: Tensor
    weight1: Tensor
    bias1: Tensor


@dataclass(frozen=True)
class _Layer:
    """A layer reads its stream from sample ``first`` on and writes from ``first_out`` on."""

    kernel_size: int
    dilation: int
    slope: float
    first: int
    first_out: int
    is_first: bool
    has_next: bool


class CudaKernel:
    """Runs a packed network for which ``cpu.is_made_for`` and :func:`is_narrow_enough` hold.

    ``kernel(audio)`` is ``network(audio)``, and so is its gradient, in float32. ``precision``
    is Triton's name for how products are computed.
    """

    def __init__(self, network: PackedWaveNet, precision: str = PRECISION) -> None:
        (array,) = network.network.layer_arrays
        assert isinstance(array, LayerArray)
        self._array = array
        self._head_scale = network.network.head_scale
        self._precision = precision
        modules = [layer for layer in array.layers if isinstance(layer, Layer)]
        self._layers = _layers(modules)
        self.parameters = [p for layer in modules for p in _parameters(layer)]
        conv = modules[0].conv
        self._channels, self._inner = conv.weight.shape[1], conv.weight.shape[0]
        ends = [(i.start, i.stop - i.start, o.start, o.stop - o.start) for o, i in conv.blocks]
        self._widths = torch.tensor(ends, dtype=torch.int32, device=conv.weight.device)
        self._widest = max(max(of_stream, of_inner) for _, of_stream, _, of_inner in ends)
        self.head_first = array.layers_receptive_field - 1

    def __call__(self, audio: Tensor) -> Tensor:
        """Audio (batch, time) to (batch, submodel, time - receptive_field + 1)."""
        audio = audio.contiguous()
        stream = audio[:, None] * self._array.rechannel.weight[:, 0]
        keeps = torch.is_grad_enabled()
        head_sum: Tensor = _Run.apply(self, keeps, audio, stream, *self.parameters)  # type: ignore[no-untyped-call]
        prediction: Tensor = self._array.head(head_sum[..., self.head_first :].unsqueeze(2))
        return self._head_scale * prediction.squeeze(2)

    def forward(self, audio: Tensor, stream: Tensor, *, keeps: bool) -> tuple[Tensor, list[Tensor]]:
        """The sum that the head reads (batch, inner, time), and the stream before each layer."""
        batch, samples = audio.shape
        head_sum = stream.new_empty(batch, self._inner, samples)
        streams = [stream]
        for i, (layer, weights) in enumerate(zip(self._layers, self._weights(), strict=True)):
            x = streams[-1]
            # Without a gradient two streams are enough, but the first is not ours to change.
            spare = x if not layer.has_next else streams[-2] if i > 1 and not keeps else None
            next_x = torch.empty_like(x) if spare is None else spare
            self._launch(
                triton_layers.layer,
                layer,
                (-(-(samples - layer.first_out) // TIME), batch),
                (x, audio, *weights, next_x, head_sum, self._widths),
                (samples, layer.first_out, self.head_first),
                slope=layer.slope,
                IS_FIRST=layer.is_first,
                HAS_NEXT=layer.has_next,
            )
            if layer.has_next:
                streams.append(next_x)
        return head_sum, streams

    def backward(
        self, audio: Tensor, streams: list[Tensor], by_head_sum: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """The gradients by the first stream and by ``parameters``."""
        batch, samples = audio.shape
        sizes = [p.numel() for p in self.parameters]
        by_parameters = torch.split(audio.new_zeros(sum(sizes)), sizes)
        per_layer = len(_Weights._fields)
        by_x, by_z = torch.empty_like(streams[0]), torch.empty_like(by_head_sum)
        layers = list(zip(self._layers, streams, self._weights(), strict=True))
        for i, (layer, x, weights) in reversed(list(enumerate(layers))):
            by_weights = _Weights(*by_parameters[per_layer * i : per_layer * (i + 1)])
            out_samples = samples - layer.first_out
            self._launch(
                triton_layers.change_of_layer,
                layer,
                (-(-out_samples // TIME), batch),
                (x, audio, *weights[:4], by_x, by_head_sum, by_z, *by_weights[1:], self._widths),
                (samples, layer.first_out, self.head_first),
                slope=layer.slope,
                HAS_NEXT=layer.has_next,
            )
            chunks = -(-self._widest * layer.kernel_size // ROWS)
            self._launch(
                triton_layers.change_of_weight,
                layer,
                (chunks * -(-out_samples // SPAN), batch),
                (x, by_z, by_weights.weight, self._widths),
                (samples, layer.first_out),
                CHUNKS=chunks,
                SPAN=SPAN,
            )
            self._launch(
                triton_layers.change_of_stream,
                layer,
                (-(-(samples - layer.first) // TIME), batch),
                (by_z, weights.weight, by_x, self._widths),
                (samples, layer.first, layer.first_out),
                HAS_NEXT=layer.has_next,
            )
        shaped = [g.view_as(p) for g, p in zip(by_parameters, self.parameters, strict=True)]
        return by_x, shaped

    def _launch(
        self,
        kernel: Any,
        layer: _Layer,
        programs: tuple[int, int],
        tensors: tuple[Tensor, ...],
        places: tuple[int, ...],
        **more: Any,
    ) -> None:
        """Run a kernel for all submodels. ``programs``: along time, and windows."""
        kernel[(*programs, len(self._widths))](
            *tensors,
            *places,
            self._channels,
            self._inner,
            layer.dilation,
            **more,
            KERNEL=layer.kernel_size,
            ROWS=ROWS,
            WIDE=max(LEAST_SIDE, _power_of_two(self._widest)),
            TIME=TIME,
            PRECISION=self._precision,
            num_warps=WARPS,
            num_stages=STAGES,
            # Triton 3.9 warns where it is not told.
            enable_fp_fusion=True,
        )

    def _weights(self) -> list[_Weights]:
        per_layer = len(_Weights._fields)
        tensors = [p.detach() for p in self.parameters]
        firsts = range(0, len(tensors), per_layer)
        return [_Weights(*tensors[first : first + per_layer]) for first in firsts]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernel: CudaKernel, keeps: bool, audio: Tensor, stream: Tensor, *_weights: Tensor
    ) -> Tensor:
        head_sum, streams = kernel.forward(audio, stream, keeps=keeps)
        ctx.kernel, ctx.audio, ctx.streams = kernel, audio, streams
        return head_sum

    @staticmethod
    def backward(ctx: Any, by_head_sum: Tensor) -> tuple[Tensor | None, ...]:
        by_stream, by_weights = ctx.kernel.backward(
            ctx.audio, ctx.streams, by_head_sum.contiguous()
        )
        # Nobody reads what the last layer adds to the stream.
        return None, None, None, by_stream, *by_weights[:-2], None, None


def _parameters(layer: Layer) -> tuple[nn.Parameter, ...]:
    """In the order of :class:`_Weights`."""
    assert layer.conv.bias is not None
    assert layer.layer1x1 is not None
    assert layer.layer1x1.bias is not None
    of_layer1x1 = layer.layer1x1.weight, layer.layer1x1.bias
    return layer.conv.weight, layer.conv.bias, layer.mixer.weight, *of_layer1x1


def _layers(modules: list[Layer]) -> list[_Layer]:
    layers, first = [], 0
    for i, module in enumerate(modules):
        kernel_size, dilation = module.conv.weight.shape[2], module.conv.dilation
        first_out = first + (kernel_size - 1) * dilation
        slope = module.activation.parameters[0] if module.activation.name == "LeakyReLU" else 0.0
        has_next = i < len(modules) - 1
        layers.append(_Layer(kernel_size, dilation, slope, first, first_out, i == 0, has_next))
        first = first_out
    return layers


def _power_of_two(number: int) -> int:
    """The next one, or the number itself."""
    return 1 << (number - 1).bit_length()
