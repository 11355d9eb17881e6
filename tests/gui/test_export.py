from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from support import container_of, small_packed

from nam_engine.metadata import ToneType, UserMetadata
from nam_engine.nam_file import NamContainer, read_nam, write_nam
from nam_gui import exporter, file_dialogs
from nam_gui.export import ModelCopy, export_model, proposed_name, proposed_path
from nam_gui.job import Job, JobState
from nam_gui.main_window import MainWindow

TODAY = date(2026, 3, 4)
JOB = Job(
    1,
    Path("Take 3.wav"),
    "Twin clean",
    UserMetadata(gear_make="Fender", gear_model="Twin", tone_type=ToneType.HI_GAIN),
    esr=(0.0112, 0.00434),
)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{recording}", "Twin clean"),
        ("{gear} - {recording} {tone}", "Fender Twin - Twin clean hi gain"),
        ("{date}_{recording}_{esr}", "2026-03-04_Twin clean_0.00434"),
        ("all the same", "all the same"),
        ("{nobody} {0} {recording.__class__} {{", "{nobody} {0} {recording.__class__} {{"),
        ("a/b\\c:{recording}?", "abcTwin clean"),
        ("con", "con_"),
        ("???", "model"),
    ],
)
def test_names_follow_the_template(template: str, name: str) -> None:
    assert proposed_name(template, JOB, TODAY) == name


def test_what_is_not_known_takes_its_separator_with_it() -> None:
    job = replace(JOB, metadata=UserMetadata(), esr=())
    assert proposed_name("{recording} - {gear} ({tone})_{esr}", job, TODAY) == "Twin clean ()"
    assert proposed_name("{gear}", job, TODAY) == "model"


def test_a_recording_may_be_called_as_a_placeholder() -> None:
    job = replace(JOB, name="_{gear}_")
    assert proposed_name("{recording}", job, TODAY) == "_{gear}_"


def test_the_name_that_was_filled_in_counts() -> None:
    job = replace(JOB, metadata=UserMetadata(name="My Twin"))
    assert proposed_name("{recording}", job, TODAY) == "My Twin"


def test_a_number_where_a_name_is_taken(tmp_path: Path) -> None:
    model = a_model(tmp_path / "model.nam")
    (tmp_path / "Twin.nam").write_text("mine")
    assert proposed_path(tmp_path, "Twin") == tmp_path / "Twin (2).nam"
    target = tmp_path / "Twin.nam"
    assert export_model(ModelCopy(model, target, UserMetadata())) == tmp_path / "Twin (2).nam"
    assert target.read_text() == "mine"
    assert export_model(ModelCopy(model, target, UserMetadata(), may_replace=True)) == target
    read_nam(target)


def test_an_ending_that_is_added_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system has asked about another name."""
    (tmp_path / "Twin 1.5.nam").write_text("mine")
    typed = str(tmp_path / "Twin 1.5")
    monkeypatch.setattr(
        file_dialogs.QFileDialog, "getSaveFileName", staticmethod(lambda *_: (typed, ""))
    )
    path = file_dialogs.ask_export_path(None, tmp_path / "x.nam")  # type: ignore[arg-type]
    assert path == tmp_path / "Twin 1.5 (2).nam"


# In the window


def a_model(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_nam(path, container_of(small_packed()))
    return path


@pytest.fixture
def said(window: MainWindow) -> list[str]:
    said: list[str] = []
    window.controller.said.connect(said.append)
    return said


def done(window: MainWindow, folder: Path, *names: str) -> list[int]:
    """Recordings whose trainings are finished."""
    queue = window.controller.queue
    ids = queue.add(folder / f"{name}.wav" for name in names)
    for job_id, name in zip(ids, names, strict=True):
        path = a_model(folder / name / f"{name}.nam")
        queue.update(job_id, state=JobState.DONE, model_path=path)
    window.queue_view.select_job(ids[0])
    return ids


def weights(path: Path) -> list[bytes]:
    file = read_nam(path)
    assert isinstance(file, NamContainer)
    return [entry.model.weights.tobytes() for entry in file.entries]


def test_export_has_the_name_and_the_info_of_now(
    window: MainWindow,
    said: list[str],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (job_id,) = done(window, tmp_path, "Take 3")
    queue = window.controller.queue
    queue.setData(queue.index(0, 0), "Twin: clean")
    common = UserMetadata(modeled_by="Jane", input_level_dbu=12.5)
    queue.update(job_id, metadata=common)
    proposed: list[Path] = []

    def choose(_: object, path: Path) -> Path:
        proposed.append(path)
        return path

    monkeypatch.setattr(exporter, "ask_export_path", choose)
    window.queue_view.table.export_action.trigger()
    qtbot.waitUntil(lambda: bool(said))
    assert proposed == [tmp_path / "Twin clean.nam"]
    assert said == [f"Exported {proposed[0]}."]
    metadata = json.loads(proposed[0].read_text())["metadata"]
    assert metadata["name"] == "Twin: clean"
    assert metadata["modeled_by"] == "Jane"
    assert metadata["input_level_dbu"] == 12.5
    assert metadata["loudness"] == -20.0
    assert weights(proposed[0]) == weights(tmp_path / "Take 3" / "Take 3.nam")
    assert window.controller.settings.recent_folders == (tmp_path,)
    assert window.controller.settings.export_folder == tmp_path


def test_export_all_writes_everything_under_names_of_their_own(
    window: MainWindow,
    said: list[str],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = done(window, tmp_path, "a", "b", "c")
    queue = window.controller.queue
    queue.update(ids[1], name="a")
    (tmp_path / "c" / "c.nam").write_text("{")
    waiting = queue.add([tmp_path / "d.wav"])
    target = tmp_path / "target"
    target.mkdir()
    (target / "a.nam").write_text("mine")
    monkeypatch.setattr(exporter, "ask_export_folder", lambda *_: target)
    assert waiting
    assert window.queue_view.export_all_button.isVisible()
    window.queue_view.export_all_button.click()
    qtbot.waitUntil(lambda: bool(said))
    assert sorted(path.name for path in target.iterdir()) == ["a (2).nam", "a (3).nam", "a.nam"]
    assert (target / "a.nam").read_text() == "mine"
    (sentence,) = said
    assert sentence.startswith(f"Exported 2 models to {target}. 1 failed: c.nam is not readable")


def test_nothing_is_exported_where_nobody_says_where_to(
    window: MainWindow, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(window, tmp_path, "a", "b")
    monkeypatch.setattr(exporter, "ask_export_folder", lambda *_: None)
    monkeypatch.setattr(exporter, "ask_export_path", lambda *_: None)
    before = window.controller.settings
    window.exporter.export_all()
    window.queue_view.table.export_action.trigger()
    assert window.controller.settings == before
    assert not said


def test_a_model_that_is_gone_is_told(
    window: MainWindow,
    said: list[str],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (job_id,) = done(window, tmp_path, "a")
    (tmp_path / "a" / "a.nam").unlink()
    monkeypatch.setattr(exporter, "ask_export_path", lambda *_: tmp_path / "out.nam")
    window.exporter.export(job_id)
    qtbot.waitUntil(lambda: bool(said))
    assert "cannot be read" in said[0]
    assert not (tmp_path / "out.nam").exists()
