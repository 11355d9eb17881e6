"""Weights of the official packed network and of ours, laid side by side."""

from __future__ import annotations

import torch
from nam.train.lightning_module import PackedLightningModule
from torch import Tensor, nn

from nam_engine.wavenet.packed import PackedWaveNet

__all__ = ["copy_weights", "official_convs", "paired_parameters", "prepare_official_mrstft"]

SAMPLES = 4096


def official_convs(module: PackedLightningModule) -> list[nn.Module]:
    """In the order of our ``Network.convolutions``."""
    convs = []
    for array in module.net._net._layer_arrays:
        convs.append(array._rechannel)
        for layer in array._layers:
            each = (layer.conv, layer.input_mixer, layer.layer1x1, layer.head1x1)
            convs += [conv for conv in each if conv is not None]
        convs.append(array._head_rechannel)
    return convs


def paired_parameters(
    module: PackedLightningModule, ours: PackedWaveNet
) -> list[tuple[Tensor, Tensor]]:
    """Each of our parameters with the official one."""
    pairs = []
    for mine, theirs in zip(ours.network.convolutions(), official_convs(module), strict=True):
        pairs.append((mine.weight, theirs.weight))
        if mine.bias is not None:
            pairs.append((mine.bias, theirs.bias))
    return pairs


def copy_weights(module: PackedLightningModule, ours: PackedWaveNet) -> None:
    """The official network's into ours."""
    for mine, theirs in paired_parameters(module, ours):
        mine.data.copy_(theirs.data)


def prepare_official_mrstft(module: PackedLightningModule, dtype: torch.dtype) -> None:
    """Its windows are made when first needed; ours are those of float32, whatever they are for."""
    module._mrstft = None
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        module._mrstft_loss(torch.zeros(1, SAMPLES), torch.zeros(1, SAMPLES))
    finally:
        torch.set_default_dtype(usual)
    for stft in module._mrstft.stft_losses:
        stft.window = stft.window.to(dtype)
