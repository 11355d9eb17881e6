"""``nam-engine``: its commands, and what those on single files print."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nam_engine import __version__
from nam_engine.arguments import (
    add_choices,
    add_device,
    add_json,
    add_recipe,
    add_stop_rules,
    positive,
    seconds,
    seed,
    slim,
)
from nam_engine.errors import NamEngineError
from nam_engine.full_commands import add_full, add_new_config
from nam_engine.metadata import UserMetadata
from nam_engine.presets import DEMO_RECIPE, RECIPES
from nam_engine.terminal_runs import (
    EXIT_ERROR,
    EXIT_OK,
    TerminalRun,
    discard_output,
    report_error,
    run_all,
)

if TYPE_CHECKING:
    from nam_engine.intake import Choices

DEMO_SECONDS = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (argparse exits 2 on wrong usage)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold any character
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        print(end="", flush=True)
    except NamEngineError as error:
        return report_error(error)
    except KeyboardInterrupt:
        print("nam-engine: interrupted.", file=sys.stderr)
        return EXIT_ERROR
    except BrokenPipeError:  # whoever read our output has left, and so do we
        discard_output()
        return EXIT_ERROR
    except OSError as error:  # of printing, which names no file, or of a last resort
        discard_output()
        what = error.filename or "The output"
        return report_error(
            NamEngineError(f"{what} cannot be written ({error.strerror or error}).")
        )
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nam-engine", description="Train Neural Amp Modeler A2 captures and work with them."
    )
    parser.add_argument("--version", action="version", version=f"nam-engine {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    signal = commands.add_parser("signal", help="write a signal to record your amp with")
    signal.add_argument("output", type=Path, metavar="OUT.wav")
    signal.add_argument("--seconds", type=seconds, default=190.0, metavar="N")
    signal.add_argument("--rate", type=positive, default=48_000, metavar="HZ")
    signal.set_defaults(run=_signal)

    check = commands.add_parser("check", help="say what is right and wrong with recordings")
    check.add_argument("input", type=Path, metavar="INPUT", help="what was played into the amp")
    check.add_argument(
        "outputs", type=Path, nargs="+", metavar="OUTPUT", help="what came out, one per capture"
    )
    add_choices(check)
    add_json(check)
    check.set_defaults(run=_check)

    train = commands.add_parser("train", help="train recordings of an amp into .nam files")
    train.add_argument("input", type=Path, metavar="INPUT", help="what was played into the amp")
    train.add_argument(
        "outputs", type=Path, nargs="+", metavar="OUTPUT", help="what came out, one per capture"
    )
    train.add_argument("-o", "--outdir", type=Path, required=True, metavar="DIR")
    add_recipe(train)
    add_device(train)
    add_choices(train)
    train.add_argument(
        "--ignore-checks", action="store_true", help="train in spite of what the checks found"
    )
    add_stop_rules(train)
    train.add_argument(
        "--resume", action="store_true", help="go on where the last training of this name was"
    )
    train.add_argument(
        "--from",
        dest="start",
        type=Path,
        metavar="MODEL.nam",
        help="begin with the weights of this A2 model",
    )
    train.add_argument("--seed", type=seed, default=0, metavar="S")
    train.add_argument("--name", help="the model's name and file name (default: the recording's)")
    add_json(train)
    train.set_defaults(run=_train, parser=train)

    add_full(commands)
    add_new_config(commands)

    render = commands.add_parser("render", help="play a sound file through a model")
    render.add_argument("model", type=Path, metavar="MODEL")
    render.add_argument("input", type=Path, metavar="INPUT")
    render.add_argument("output", type=Path, metavar="OUTPUT")
    render.add_argument(
        "--slim",
        type=slim,
        default=1.0,
        metavar="V",
        help="the plugin's size setting, 0 (smallest) to 1 (largest, default)",
    )
    render.set_defaults(run=_render)

    evaluate = commands.add_parser("evaluate", help="measure how close a model comes")
    evaluate.add_argument("model", type=Path, metavar="MODEL")
    evaluate.add_argument("input", type=Path, metavar="INPUT")
    evaluate.add_argument("output", type=Path, metavar="OUTPUT")
    evaluate.add_argument("--from", dest="start", type=seconds, default=0.0, metavar="SECONDS")
    evaluate.add_argument("--to", dest="stop", type=seconds, metavar="SECONDS")
    evaluate.add_argument(
        "--latency",
        type=int,
        metavar="SAMPLES",
        help="how much later the recording is (default: measured)",
    )
    evaluate.add_argument(
        "--spectrum", type=Path, metavar="FILE.png", help="draw at which frequencies it is wrong"
    )
    evaluate.add_argument(
        "--listen",
        type=Path,
        metavar="FILE.wav",
        help="let the recording be heard, then each size, largest first",
    )
    add_json(evaluate)
    evaluate.set_defaults(run=_evaluate)

    info = commands.add_parser("info", help="say what is in a .nam file")
    info.add_argument("model", type=Path, metavar="MODEL")
    add_json(info)
    info.set_defaults(run=_info)

    demo = commands.add_parser("demo", help="train a built-in rig in under two minutes")
    demo.add_argument("outdir", type=Path, nargs="?", default=Path("nam-demo"), metavar="DIR")
    add_device(demo)
    add_json(demo)
    demo.set_defaults(run=_demo)

    devices = commands.add_parser("devices", help="say which processors can train here")
    add_json(devices)
    devices.set_defaults(run=_devices)
    return parser


def _choices(options: argparse.Namespace, *, ignore_checks: bool = False) -> Choices:
    from nam_engine.intake import Choices

    return Choices(
        latency_samples=options.latency,
        validation_seconds=options.validation,
        sample_rate_hz=options.rate,
        flip_polarity=options.flip,
        ignore_checks=ignore_checks,
    )


def _signal(options: argparse.Namespace) -> int:
    from nam_engine.capture_signal import write_capture_signal

    write_capture_signal(options.output, options.seconds, options.rate)
    print(f"Saved {options.output}. Play it into the amp, record what comes out, and train.")
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from nam_engine.audio import read_recording
    from nam_engine.intake import take_in
    from nam_engine.json_text import to_json
    from nam_engine.report import print_report

    status = EXIT_OK
    source = read_recording(options.input)
    for path in options.outputs:
        try:
            output = read_recording(path, options.channel)
            report = take_in(source, output, _choices(options)).report
        except NamEngineError as error:
            status = report_error(error)
            continue
        if options.json:
            print(to_json(report.to_json()))
        else:
            print_report(report)
        if report.stops:
            status = EXIT_ERROR
    return status


def _train(options: argparse.Namespace) -> int:
    from nam_engine.session import TrainJob, train
    from nam_engine.stopping import StopRules

    if options.name is not None and len(options.outputs) > 1:
        options.parser.error("--name goes with one OUTPUT; several are named after their files")
    if options.target_submodel is not None and options.target_esr is None:
        options.parser.error("--target-submodel goes with --target-esr")
    recipe = RECIPES[options.recipe]
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    jobs = [
        TrainJob(
            input_path=options.input,
            output_path=output,
            outdir=options.outdir,
            recipe=recipe,
            device=options.device,
            seed=options.seed,
            choices=_choices(options, ignore_checks=options.ignore_checks),
            channel=options.channel,
            user=UserMetadata(name=options.name),
            stop_rules=StopRules(
                options.target_esr, options.target_submodel, options.patience, options.minutes
            ),
            resume=options.resume,
            start_path=options.start,
        )
        for output in options.outputs
    ]
    runs = [TerminalRun(job.output_path.name, partial(train, job)) for job in jobs]
    return run_all(runs, as_json=options.json)


def _render(options: argparse.Namespace) -> int:
    from nam_engine.model_files import render_file

    render_file(options.model, options.input, options.output, options.slim)
    print(f"Saved {options.output}")
    return EXIT_OK


def _evaluate(options: argparse.Namespace) -> int:
    from nam_engine.json_text import to_json
    from nam_engine.model_files import evaluate_files
    from nam_engine.verdict import verdict

    scores = evaluate_files(
        options.model,
        options.input,
        options.output,
        latency_samples=options.latency,
        start_seconds=options.start,
        stop_seconds=options.stop,
        spectrum_path=options.spectrum,
        listen_path=options.listen,
    )
    for score in scores:
        if options.json:
            print(to_json(asdict(score)))
        else:
            comment = verdict(score.esr).value
            print(f"{score.submodel:12} ESR {score.esr:.3g} ({comment})  MRSTFT {score.mrstft:.3g}")
    for path in (options.spectrum, options.listen):
        if path is not None and not options.json:
            print(f"Saved {path}")
    return EXIT_OK


def _info(options: argparse.Namespace) -> int:
    from nam_engine.info import describe

    description = describe(options.model)
    if options.json:
        print(json.dumps(description))
        return EXIT_OK
    submodels = description.pop("submodels")
    _print_tree({**description, **{f"submodel {i}": s for i, s in enumerate(submodels)}})
    return EXIT_OK


def _print_tree(tree: dict[str, Any], indent: str = "") -> None:
    """Objects indented, all else as JSON, which keeps foreign text harmless on a terminal."""
    for key, value in tree.items():
        name = json.dumps(key)[1:-1]
        if isinstance(value, dict):
            print(f"{indent}{name}:")
            _print_tree(value, indent + "  ")
        else:
            print(f"{indent}{name}: {json.dumps(value)}")


def _demo(options: argparse.Namespace) -> int:
    from nam_engine.demo import write_demo_pair
    from nam_engine.model_files import prepare_folder
    from nam_engine.session import TrainJob, train

    prepare_folder(options.outdir)
    input_path, output_path = write_demo_pair(options.outdir, DEMO_SECONDS)
    job = TrainJob(
        input_path,
        output_path,
        options.outdir,
        recipe=DEMO_RECIPE,
        device=options.device,
        user=UserMetadata(name="demo"),
    )
    return run_all([TerminalRun(output_path.name, partial(train, job))], as_json=options.json)


def _devices(options: argparse.Namespace) -> int:
    from nam_engine.devices import probe_devices

    for report in probe_devices():
        if options.json:
            print(json.dumps({**asdict(report), "usable": report.usable}))
        else:
            verdict = "ready" if report.usable else f"not used: {report.problem}"
            print(f"{report.name:5} {report.description}: {verdict}")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
