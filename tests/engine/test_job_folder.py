from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nam_engine import atomic
from nam_engine.checkpoint import StepperState, TrainState, encode
from nam_engine.errors import CheckpointError, DamagedCheckpointError, NamFileError
from nam_engine.events import Warned
from nam_engine.job_file import JOB
from nam_engine.job_folder import LAST, MODEL, JobFolder, file_name
from nam_engine.position import Position

STATE = TrainState(
    identity={},
    stepper=StepperState({}, {}),
    epoch_start=None,
    shuffle=np.zeros(3, np.uint8),
    position=Position(),
    best=(),
    history=(),
)


def checkpoint(epochs: int) -> bytes:
    return encode(replace(STATE, position=Position(epochs_done=epochs)))


def save(folder: JobFolder, epochs: int) -> None:
    folder.put(LAST, checkpoint(epochs))
    folder.flush()


def restored(folder: JobFolder) -> tuple[TrainState, list[Warned]]:
    states: list[TrainState] = []
    warnings = folder.restore(states.append)
    (state,) = states
    return state, warnings


def epoch_of(folder: JobFolder) -> int:
    return restored(folder)[0].position.epochs_done


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Twin: clean / bright?", "Twin clean  bright"),
        ("../../etc/passwd", "etcpasswd"),
        ("...", "model"),
        ("é" * 300, "é" * 40),
        ("アンプ" * 80, "アンプ" * 8 + "アン"),
        ("a" * 79 + " b", "a" * 79),
        ("aux", "aux_"),
        ("Con.amp", "Con.amp_"),
        ("console", "console"),
    ],
)
def test_names_become_safe_file_names(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_taken_names_get_a_number_and_files_are_called_after_their_folder(tmp_path: Path) -> None:
    (tmp_path / "amp").mkdir()
    (tmp_path / "amp" / "mine.txt").write_text("keep me")
    (tmp_path / "amp (2)").write_text("a file")
    folder = JobFolder.create(tmp_path, "amp")
    folder.put(MODEL, b"{}")
    folder.flush()
    assert folder.path == tmp_path / "amp (3)"
    assert (tmp_path / "amp (3)" / "amp (3).nam").read_bytes() == b"{}"
    assert [p.name for p in (tmp_path / "amp").iterdir()] == ["mine.txt"]


def test_discarded_folder_is_gone_unless_it_holds_files_of_others(tmp_path: Path) -> None:
    for theirs in (None, "mine.txt"):
        folder = JobFolder.create(tmp_path, "amp")
        save(folder, 0)
        if theirs:
            (folder.path / theirs).write_text("keep me")
        folder.discard_if_new()
        folder.flush()
        assert [p.name for p in tmp_path.rglob("*")] == (["amp", theirs] if theirs else [])


def test_earlier_folder_is_not_discarded(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 0)
    folder.close()
    JobFolder(folder.path).discard_if_new()
    assert (folder.path / LAST).exists()


def test_what_a_killed_process_left_is_cleared_and_used(tmp_path: Path) -> None:
    """Killed before it saved anything, or while writing."""
    JobFolder.create(tmp_path, "amp").close()
    (tmp_path / "amp" / ".last.ckpt.123.part").write_text("half")
    folder = JobFolder.create(tmp_path, "amp")
    assert folder.path == tmp_path / "amp"
    assert not list(folder.path.glob("*.part"))


def test_folder_in_use_is_not_shared(tmp_path: Path) -> None:
    first = JobFolder.create(tmp_path, "amp")
    assert JobFolder.create(tmp_path, "amp").path.name == "amp (2)"
    save(first, 1)
    with pytest.raises(NamFileError, match="Another program is training in"):
        JobFolder(first.path)
    first.close()
    JobFolder(first.path).close()


def test_earlier_trainings_of_a_name_come_with_the_most_recent_first(tmp_path: Path) -> None:
    for name, age in (("amp", 10), ("amp (2)", 30), ("amp (3)", 5), ("amp (x)", 0), ("amper", 0)):
        folder = JobFolder.create(tmp_path, name)
        save(folder, 1)
        os.utime(folder.path / LAST, (1e9 - age, 1e9 - age))
        folder.close()
    paths = JobFolder.earlier(tmp_path, "amp")
    assert [path.name for path in paths] == ["amp (3)", "amp", "amp (2)"]
    assert JobFolder.earlier(tmp_path, "other") == []
    assert JobFolder.earlier(tmp_path / "missing", "amp") == []


def test_two_states_are_kept_and_a_broken_one_falls_back(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    for epochs in (1, 2, 3):
        save(folder, epochs)
    assert sorted(p.name for p in folder.path.glob("*.ckpt")) == ["last.ckpt", "previous.ckpt"]
    state, warnings = restored(folder)
    assert (state.position.epochs_done, warnings) == (3, [])
    for content in (checkpoint(9)[:-5], b"foreign", b""):
        save(folder, 3)
        save(folder, 4)
        (folder.path / LAST).write_bytes(content)
        state, (warning,) = restored(folder)
        assert state.position.epochs_done == 3
        assert warning.message.startswith("last.ckpt is ")
        assert "goes on from the state before it, in epoch 4" in warning.message
        # The good one is not pushed out by the broken one.
        save(folder, 5)
        assert (folder.path / "previous.ckpt").read_bytes() != content
    kept = {path.name for path in folder.path.glob("*.ckpt")}
    assert kept == {"last.ckpt", "previous.ckpt", "damaged.ckpt"}


def test_nothing_readable_is_said_with_the_reason(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    save(folder, 2)
    for file in ("last.ckpt", "previous.ckpt"):
        (folder.path / file).write_bytes(b"foreign")
    with pytest.raises(CheckpointError, match=r"last\.ckpt is not .* previous\.ckpt is not"):
        restored(folder)


def test_state_that_does_not_fit_falls_back_too(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    save(folder, 2)

    def adopt(state: TrainState) -> None:
        if state.position.epochs_done == 2:
            raise DamagedCheckpointError("It does not fit together.")

    (warning,) = folder.restore(adopt)
    assert warning.message.startswith("It does not fit together. Training goes on from")


@pytest.mark.parametrize("content", [checkpoint(3).replace(b" 3\n", b" 2\n", 1), None])
def test_state_of_another_version_or_out_of_reach_is_left_alone(
    tmp_path: Path, content: bytes | None
) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    save(folder, 2)
    last = folder.path / LAST
    if content is None:
        last.unlink()
        last.mkdir()
    else:
        last.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"another version|cannot be read"):
        restored(folder)
    assert {path.name for path in folder.path.glob("*.ckpt")} == {"last.ckpt", "previous.ckpt"}
    assert last.is_dir() or last.read_bytes() == content


@pytest.mark.parametrize("killed_at", range(6))
def test_some_state_is_whole_wherever_saving_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """As by a power cut: nothing after the n-th call happens, not even tidying up."""

    class PowerCut(BaseException):
        pass

    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    save(folder, 2)
    with monkeypatch.context() as patch:
        calls = iter(range(100))

        def counted(real):  # type: ignore[no-untyped-def]
            def call(*arguments, **options):  # type: ignore[no-untyped-def]
                if next(calls) >= killed_at:
                    raise PowerCut
                return real(*arguments, **options)

            return call

        patch.setattr(os, "replace", counted(os.replace))
        patch.setattr(os, "fsync", counted(os.fsync))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        try:
            save(folder, 3)
        except PowerCut:
            assert killed_at < 4
    assert epoch_of(folder) in (2, 3)
    save(folder, 4)
    assert epoch_of(folder) == 4


def test_folder_that_cannot_be_made_is_a_sentence_not_an_endless_search(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "unplugged")
    (tmp_path / "file").write_text("")
    for outdir in (tmp_path / "gone", tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(NamFileError, match="Nothing can be written to"):
            JobFolder.create(outdir, "amp")


def test_folder_of_others_is_not_taken_for_a_left_over(tmp_path: Path) -> None:
    (tmp_path / "amp" / ".git").mkdir(parents=True)
    assert JobFolder.create(tmp_path, "amp").path.name == "amp (2)"


def test_contents_wait_until_they_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JobFolder.create(tmp_path / "out", "amp")
    folder.put("a.txt", b"a")
    folder.put("b.txt", b"b")
    replace_file = os.replace

    def in_use(source: Path, target: Path) -> None:
        if target.name == "a.txt":
            raise PermissionError(errno.EACCES, "it is open elsewhere")
        replace_file(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", in_use)
        with pytest.raises(PermissionError, match="open elsewhere"):
            folder.flush()
    assert (folder.path / "b.txt").read_text() == "b"
    assert not (folder.path / "a.txt").exists()
    folder.flush()
    assert (folder.path / "a.txt").read_text() == "a"


def test_model_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path / "old", "run", "model.nam")
    folder.put(MODEL, b"{}")
    folder.flush()
    assert folder.model_path == tmp_path / "old" / "run" / "model.nam"
    folder.move_to(tmp_path / "new")
    folder.flush()
    assert (tmp_path / "new" / "run" / "model.nam").read_bytes() == b"{}"


def test_file_that_is_not_wanted_any_more_is_deleted(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path / "old", "amp")
    (folder.path / "earlier.ckpt").write_bytes(b"of the run that is continued")
    folder.put("best.ckpt", b"1")
    folder.flush()
    for file in ("best.ckpt", "earlier.ckpt", "never written.ckpt"):
        folder.put(file, None)
    folder.put("wanted again.ckpt", None)
    folder.put("wanted again.ckpt", b"2")
    folder.flush()
    assert {p.name for p in folder.path.glob("*.ckpt")} == {"wanted again.ckpt"}
    folder.move_to(tmp_path / "new")
    folder.flush()
    assert {p.name for p in folder.path.glob("*.ckpt")} == {"wanted again.ckpt"}


def test_nothing_is_deleted_before_what_takes_its_place_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    folder.put("a.ckpt", b"good")
    folder.flush()
    folder.put("a.ckpt", None)
    folder.put("b.ckpt", b"better")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.flush()
    assert {p.name for p in folder.path.glob("*.ckpt")} == {"a.ckpt"}
    folder.flush()
    assert {p.name for p in folder.path.glob("*.ckpt")} == {"b.ckpt"}


def test_deleting_that_fails_is_tried_again_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    folder.put("a.ckpt", b"open elsewhere")
    folder.flush()
    folder.put("a.ckpt", None)
    folder.put(JOB, b"{}")

    def held(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "it is open elsewhere")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held)
        with pytest.raises(PermissionError, match="open elsewhere"):
            folder.flush()
    assert (folder.path / "a.ckpt").exists()
    assert (folder.path / JOB).exists()
    folder.flush()
    assert not (folder.path / "a.ckpt").exists()


def test_everything_is_written_again_where_the_folder_was_removed(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    folder.put("a.txt", b"a")
    save(folder, 1)
    for file in folder.path.iterdir():
        file.unlink()
    folder.path.rmdir()
    folder.log(["gone"])
    folder.flush()
    assert (folder.path / "a.txt").read_text() == "a"
    assert (folder.path / "log.txt").read_text() == "gone\n"
    assert epoch_of(folder) == 1


def test_folder_that_was_removed_is_held_again(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    shutil.rmtree(folder.path)
    save(folder, 2)
    assert JobFolder.is_in_use(folder.path)
    folder.close()
    assert not JobFolder.is_in_use(folder.path)


def test_nothing_is_written_beside_another_program_that_holds_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    save(folder, 1)
    shutil.rmtree(folder.path)
    others: list[JobFolder] = []

    def overtaken(path: Path, **options: Any) -> None:
        monkeypatch.undo()
        others.append(JobFolder.create(path.parent, path.name))
        path.mkdir(**options)

    monkeypatch.setattr(Path, "mkdir", overtaken)
    with pytest.raises(OSError, match="another program writes there"):
        folder.flush()
    with pytest.raises(OSError, match="another program writes there"):
        save(folder, 2)
    assert not (folder.path / LAST).exists()
    others[0].close()
    folder.flush()
    assert epoch_of(folder) == 2


def test_moved_folder_takes_everything_along(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path / "old", "amp")
    folder.put(MODEL, b"{}")
    save(folder, 1)
    folder.move_to(tmp_path / "new")
    folder.flush()
    assert folder.path == tmp_path / "new" / "amp"
    assert (folder.path / "amp.nam").read_bytes() == b"{}"
    assert epoch_of(folder) == 1
    JobFolder(tmp_path / "old" / "amp").close()  # not locked any more


def test_log_of_an_earlier_run_is_kept(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, "amp")
    folder.log(["first"])
    save(folder, 1)
    folder.close()
    again = JobFolder(folder.path)
    restored(again)
    again.log(["second \udcff"])
    again.flush()
    assert (again.path / "log.txt").read_text() == "first\nsecond \\udcff\n"
