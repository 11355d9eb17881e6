"""What the full trainer's commands ask of it; the training itself is another's test."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import pytest

from nam_engine.cli import main
from nam_engine.control import RunControl
from nam_engine.errors import ConfigError
from nam_engine.events import Saved, TrainEvent, Warned
from nam_engine.full.job import FullJob

FILES = ["data.json", "model.json", "learning.json", "out"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FullJob]:
    """The jobs that were asked for. Learning files called ``bad.json`` are refused."""
    jobs: list[FullJob] = []

    def train_full(job: FullJob, control: RunControl) -> Generator[TrainEvent, None, None]:
        jobs.append(job)
        if job.learning_path == Path("bad.json"):
            raise ConfigError("bad.json: trainer.max_epochs is missing.")
        yield Warned("learning.json: callbacks is not used.")
        yield Saved(job.outdir / "model.nam", is_final=True)

    session = SimpleNamespace(train_full=train_full)
    monkeypatch.setitem(sys.modules, "nam_engine.full.session", session)
    return jobs


def test_three_files_and_options_become_a_job(
    asked: list[FullJob], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--device", "cpu", "--seed", "3", "--tensorboard", "--no-plots", "--no-show"]
    assert main(["full", *FILES]) == 0
    assert main(["full", *options, *FILES]) == 0
    paths = [Path(file) for file in FILES]
    assert asked == [
        FullJob(*paths),
        FullJob(*paths, device="cpu", seed=3, tensorboard=True, plots=False),
    ]
    out = capsys.readouterr().out
    assert "! learning.json: callbacks is not used." in out
    assert f"Saved {Path('out', 'model.nam')}" in out


def test_folder_of_a_run_goes_on_without_files(asked: list[FullJob]) -> None:
    assert main(["full", "--resume", "out/run", "--tensorboard"]) == 0
    assert asked == [FullJob(None, None, None, Path("out/run"), tensorboard=True, resume=True)]


@pytest.mark.usefixtures("asked")
def test_events_are_json_lines_where_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["full", *FILES, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["Warned", "Saved"]


@pytest.mark.usefixtures("asked")
def test_refused_file_is_a_sentence_and_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["full", "data.json", "model.json", "bad.json", "out"]) == 1
    assert capsys.readouterr().err.startswith("nam-engine: bad.json: trainer.max_epochs is missing")


@pytest.mark.parametrize(
    "arguments",
    [[], FILES[:3], [*FILES, "--resume", "run"], ["--resume", "run", "--seed", "1"], ["--resume"]],
)
def test_files_go_with_a_new_run_and_only_with_that(
    asked: list[FullJob], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["full", *arguments])
    assert caught.value.code == 2
    assert "--resume" in capsys.readouterr().err.splitlines()[-1]
    assert not asked


def test_new_config_says_what_it_has_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = SimpleNamespace(write_starting_set=lambda folder: [folder / "a2" / "data.json"])
    monkeypatch.setitem(sys.modules, "nam_engine.full.starting_set", module)
    assert main(["new-config", "here"]) == 0
    assert capsys.readouterr().out == f"Saved {Path('here', 'a2', 'data.json')}\n"
