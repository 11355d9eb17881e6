"""The official trainer, run on one pair of recordings without its window.

Uses the packed model, optimizer, data and callback configuration of
``neural-amp-modeler`` 0.13.0 (``nam.train.core``). The only difference is where
the validation passage lies, because its own entry point refuses any input but
the standard ones: here the last ``validation_samples`` are kept for validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def train_official(
    input_path: Path,
    output_path: Path,
    outdir: Path,
    *,
    seed: int,
    epochs: int,
    validation_samples: int,
    callbacks: Sequence[Any] = (),
) -> Path:
    """Train with the official trainer and return the path of its ``model.nam``.

    ``callbacks`` of Lightning are added to its own.
    """
    import pytorch_lightning
    import torch
    from nam.train import core

    torch.manual_seed(seed)
    outdir.mkdir(parents=True, exist_ok=True)
    data_config = {
        "train": {"ny": 8192, "stop_samples": -validation_samples},
        "validation": {
            "ny": None,
            "start_samples": -validation_samples,
            "require_input_pre_silence": None,
        },
        "common": {
            "x_path": str(input_path),
            "y_path": str(output_path),
            "delay": 0,
            "allow_unequal_lengths": True,
        },
        "joint": [
            {
                "name": "nam.data.normalize_joint_dataset_output",
                "kwargs": {"level_rms_dbfs": -18.0},
            }
        ],
    }
    model_config = core._get_packed_model_config()
    module_class = core._get_lightning_module_cls(model_config)
    learning_config = {
        "train_dataloader": {"batch_size": 16, "shuffle": True, "drop_last": True},
        "val_dataloader": {},
    }
    module = module_class.init_from_config(model_config)
    train_loader, validation_loader = core._get_dataloaders(data_config, learning_config, module)
    own = core.get_callbacks(None, packed=True)
    best = next(c for c in own if isinstance(c, core._PackedBestCheckpoint))
    trainer = pytorch_lightning.Trainer(
        callbacks=[*own, *callbacks],
        default_root_dir=outdir,
        max_epochs=epochs,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, train_loader, validation_loader)
    module.cpu().eval()
    core._apply_packed_best_checkpoints(module, model_config, best.checkpoint_paths)
    module.net.export(outdir)
    return outdir / "model.nam"
