"""``nam-engine full`` and ``new-config``: trainings that the official trainer's files describe."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from nam_engine.arguments import add_device, add_json, seed
from nam_engine.terminal_runs import EXIT_OK, TerminalRun, run_all

__all__ = ["add_full", "add_new_config"]

FILES = ("DATA.json", "MODEL.json", "LEARNING.json", "OUTDIR")


def add_full(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    full = commands.add_parser(
        "full",
        help="train any packed WaveNet, described by the official trainer's three files",
        usage=f"%(prog)s {' '.join(FILES)} [options]\n       %(prog)s --resume DIR [options]",
    )
    full.add_argument("data", type=Path, nargs="?", metavar=FILES[0], help="the recordings")
    full.add_argument("model", type=Path, nargs="?", metavar=FILES[1], help="the network and loss")
    full.add_argument("learning", type=Path, nargs="?", metavar=FILES[2], help="how to train")
    full.add_argument(
        "outdir", type=Path, nargs="?", metavar=FILES[3], help="where the run's folder is made"
    )
    full.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with the run in this folder"
    )
    add_device(full, default=None)
    full.add_argument("--seed", type=seed, metavar="S")
    full.add_argument("--tensorboard", action="store_true", help="log for TensorBoard as well")
    full.add_argument("--no-plots", action="store_true", help="draw no comparison plots")
    full.add_argument(
        "--no-show", action="store_true", help="accepted for the official trainer's sake"
    )
    add_json(full)
    full.set_defaults(run=_full, parser=full)


def add_new_config(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    new_config = commands.add_parser("new-config", help="write files for 'full' to start from")
    new_config.add_argument("folder", type=Path, metavar="DIR")
    new_config.set_defaults(run=_new_config)


def _full(options: argparse.Namespace) -> int:
    paths = (options.data, options.model, options.learning, options.outdir)
    if options.resume is None:
        if None in paths:
            options.parser.error(f"{', '.join(FILES)} are needed, or --resume DIR")
    elif any(paths):
        options.parser.error("--resume DIR goes without files: the folder has its own")
    elif options.seed is not None:
        options.parser.error("--resume goes without --seed: the run keeps its own")

    from nam_engine.full.job import FullJob
    from nam_engine.full.session import train_full

    job = FullJob(
        options.data,
        options.model,
        options.learning,
        outdir=options.resume or options.outdir,
        device=options.device,
        seed=options.seed or 0,
        tensorboard=options.tensorboard,
        plots=not options.no_plots,
        resume=options.resume is not None,
    )
    title = str(job.data_path or job.outdir)
    return run_all([TerminalRun(title, partial(train_full, job))], as_json=options.json)


def _new_config(options: argparse.Namespace) -> int:
    from nam_engine.full.starting_set import write_starting_set

    for path in write_starting_set(options.folder):
        print(f"Saved {path}")
    return EXIT_OK
