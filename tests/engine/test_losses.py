from __future__ import annotations

import pytest
import torch

from nam_engine.losses import MultiResolutionStft, esr, log_mse, mse


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 3, 4096, generator=generator),
        torch.randn(2, 4096, generator=generator),
    )


def test_each_submodel_is_judged_alone() -> None:
    prediction, target = pair()
    for loss in (mse, esr, MultiResolutionStft()):
        together = loss(prediction, target)
        alone = torch.cat([loss(prediction[:, i : i + 1], target) for i in range(3)])
        torch.testing.assert_close(together, alone)


def test_esr_is_one_for_silence_and_zero_for_equality() -> None:
    _, target = pair()
    prediction = torch.stack([torch.zeros_like(target), target], dim=1)
    assert esr(prediction, target).tolist() == pytest.approx([1.0, 0.0], rel=1e-6)


def test_equal_audio_has_no_loss_and_a_finite_gradient() -> None:
    _, target = pair()
    prediction = target[:, None].clone().requires_grad_()
    loss = MultiResolutionStft()(prediction, target).sum()
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert prediction.grad is not None
    assert torch.isfinite(prediction.grad).all()


def test_logarithm_of_the_error_is_zero_at_none_and_grows_by_equal_ratios() -> None:
    prediction, target = pair()
    errors = mse(prediction, target)
    assert log_mse(torch.zeros(3)).tolist() == [0.0] * 3
    torch.testing.assert_close(log_mse(100 * errors) - log_mse(errors), torch.full((3,), 4.60517))


def test_silent_target_has_a_finite_loss() -> None:
    prediction, target = pair()
    assert torch.isfinite(MultiResolutionStft()(prediction, 0 * target)).all()
