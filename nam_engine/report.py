"""A capture report as a table for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nam_engine.alignment import Confidence
from nam_engine.audio import Span
from nam_engine.findings import Severity
from nam_engine.intake import CaptureReport

__all__ = ["print_report"]

STYLES = {Severity.STOP: "bold red", Severity.WARN: "yellow", Severity.INFO: "green"}


def print_report(report: CaptureReport, console: Console | None = None) -> None:
    """Print what is known about a pair, then each finding with its cause and remedy."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, justify="right")
    table.add_column()
    table.add_row("input", Text(report.input_name))
    table.add_row("latency", Text(_latency(report)))
    table.add_row("length", Text(_length(report)))
    if report.replicate_esr is not None:
        table.add_row("repeats", Text(f"the same to an ESR of {report.replicate_esr:.2g}"))
    for finding in report.findings:
        label = Text(finding.severity.value, STYLES[finding.severity])
        table.add_row(label, Text(finding.message))
        if finding.severity is not Severity.INFO:
            table.add_row("", Text(finding.cause))
            table.add_row("", Text(f"What to do: {finding.remedy}"))
    console = console or Console()
    verdict = "stop" if report.stops else "good"
    console.print(Text(f"{report.output_name}: {verdict}", "bold"))
    console.print(table)


def _latency(report: CaptureReport) -> str:
    samples, alignment = report.latency_samples, report.alignment
    milliseconds = 1000 * samples / report.sample_rate_hz
    text = f"{samples} samples ({milliseconds:.1f} ms)"
    if alignment.confidence is Confidence.NONE:
        return f"{text}, not measured. {alignment.explanation}"
    if samples != alignment.delay_samples:
        text += f" by hand; measured {alignment.delay_samples}"
    return f"{text}, {alignment.confidence.value} confidence. {alignment.explanation}"


def _length(report: CaptureReport) -> str:
    def passage(span: Span) -> str:
        start, stop = (sample / report.sample_rate_hz for sample in (span.start, span.stop))
        return f"{start:.1f} to {stop:.1f} s"

    return (
        f"{report.seconds:.1f} s at {report.sample_rate_hz} Hz:"
        f" {passage(report.split.train)} trains, {passage(report.split.validation)} validates"
    )
