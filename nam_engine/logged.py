"""A validation's figures under the names that the official trainer logs them by."""

from __future__ import annotations

from collections.abc import Sequence

from nam_engine.events import SubmodelMetrics
from nam_engine.method import JudgedBy

__all__ = ["logged"]


def logged(
    metrics: Sequence[SubmodelMetrics], judged_by: JudgedBy, *, is_packed: bool = True
) -> dict[str, float]:
    """``val_loss``, ``ESR``, ``MSE`` and ``MRSTFT`` summed over the submodels.

    For a packed network also each submodel's, with ``_packed_<i>``. ``val_loss`` is the figure
    by which is judged.
    """
    each = [
        {"val_loss": getattr(m, judged_by), "ESR": m.esr, "MSE": m.mse, "MRSTFT": m.mrstft}
        for m in metrics
    ]
    figures = {name: sum(one[name] for one in each) for name in each[0]}
    if is_packed:
        for i, one in enumerate(each):
            figures |= {f"{name}_packed_{i}": value for name, value in one.items()}
    return figures
