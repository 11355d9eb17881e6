from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rigs import Rig

from nam_engine.audio import Recording, resampled, write_wav
from nam_engine.capture_signal import capture_signal
from nam_gui.pairing import MAX_FILES, Sorted, sort_files

RATE_HZ = 48_000


@cache
def signal_samples() -> NDArray[np.float32]:
    return capture_signal(60, RATE_HZ)


def saved(path: Path, samples: NDArray[np.float32] | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    if samples is None:
        samples = np.linspace(-0.5, 0.5, 4_800, dtype=np.float32)
    write_wav(path, samples, RATE_HZ)
    return path


def sort(*paths: Path, known_input: Path | None = None) -> Sorted:
    return sort_files(paths, known_input, lambda: False)


def test_the_test_signal_is_told_from_recordings_of_it(tmp_path: Path) -> None:
    """Though a clean amp leaves its structure in place."""
    clean = Rig(highpass_hz=60, drive_db=0, speaker=None).play(signal_samples())
    first = saved(tmp_path / "a.wav", clean)
    signal = saved(tmp_path / "b.wav", signal_samples())
    assert sort(first, signal) == Sorted(signal, (first,))
    assert sort(first, known_input=signal) == Sorted(signal, (first,))


def test_a_test_signal_that_was_resampled_is_one(tmp_path: Path) -> None:
    samples = resampled(Recording(signal_samples(), RATE_HZ, Path("a.wav")), 44_100).samples
    path = tmp_path / "a.wav"
    write_wav(path, samples, 44_100)
    assert sort(path) == Sorted(path)


def test_a_new_test_signal_replaces_the_known_input(tmp_path: Path) -> None:
    signal = saved(tmp_path / "b.wav", signal_samples())
    assert sort(signal, known_input=tmp_path / "old.wav").input == signal


def test_two_test_signals_are_asked_about(tmp_path: Path) -> None:
    both = [saved(tmp_path / name, signal_samples()) for name in ("a.wav", "b.wav")]
    found = sort(*both)
    assert found.input is None
    assert found.recordings == tuple(both)
    assert found.question == "a.wav and b.wav are test signals. Which one did you play?"


@pytest.mark.parametrize(
    "name",
    ["input.wav", "My DI.wav", "dry_01.wav", "Test Signal.wav", "test-signal 2.wav", "REAMP.wav"],
)
def test_else_the_name_says_which_is_the_input(tmp_path: Path, name: str) -> None:
    take, source = saved(tmp_path / "Twin.wav"), saved(tmp_path / name)
    assert sort(take, source) == Sorted(source, (take,))


@pytest.mark.parametrize("name", ["Diezel.wav", "inputs.wav", "laundry.wav", "contest.wav"])
def test_a_part_of_a_word_says_nothing(tmp_path: Path, name: str) -> None:
    files = saved(tmp_path / "Twin.wav"), saved(tmp_path / name)
    assert sort(*files) == Sorted(
        recordings=files, question="Which of these files is the one that you played into the amp?"
    )


def test_two_names_that_say_so_are_asked_about(tmp_path: Path) -> None:
    found = sort(saved(tmp_path / "input.wav"), saved(tmp_path / "input 2.wav"))
    assert found.input is None
    assert found.question


def test_a_single_file_is_asked_about(tmp_path: Path) -> None:
    found = sort(saved(tmp_path / "Twin.wav"))
    assert found.question == "Is Twin.wav what you played, or what came out of the amp?"


def test_with_a_known_input_the_rest_are_recordings(tmp_path: Path) -> None:
    """Whatever they are called; the input itself is none."""
    known = saved(tmp_path / "played.wav")
    take = saved(tmp_path / "Twin DI.wav")
    assert sort(take, known, known_input=known) == Sorted(known, (take,))


def test_folders_are_searched_one_level_deep(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    take, source = saved(folder / "Twin.WAV"), saved(folder / "input.wav")
    saved(folder / ".hidden.wav")
    (folder / "deeper").mkdir()
    saved(folder / "deeper" / "more.wav")
    (folder / "notes.txt").touch()
    (folder / "song.rpp").touch()
    found = sort(folder, take)
    assert (found.input, found.recordings) == (source, (take,))
    assert found.ignored == ((folder, "2 other files were left alone in the folder session."),)


def test_what_cannot_be_used_is_named_with_the_reason(tmp_path: Path) -> None:
    text, broken, gone = (tmp_path / name for name in ("a.txt", "b.wav", "c.wav"))
    text.touch()
    broken.write_bytes(b"not a sound")
    empty = tmp_path / "empty"
    empty.mkdir()
    found = sort(text, broken, gone, empty)
    reasons = dict(found.ignored)
    assert found.recordings == ()
    assert found.question == ""
    assert reasons[text] == "a.txt is neither a sound file nor a .nam model."
    assert reasons[broken].startswith("b.wav cannot be read as audio")
    assert "cannot be opened" in reasons[gone]
    assert reasons[empty] == "The folder empty has no sound files in it."


def test_models_are_kept_apart_and_not_read(tmp_path: Path) -> None:
    model = tmp_path / "Twin.nam"
    assert sort(model) == Sorted(models=(model,))


def test_no_more_than_some_files_are_looked_at(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 3):
        (tmp_path / f"{number:03}.nam").touch()
    found = sort(tmp_path)
    assert len(found.models) == MAX_FILES
    left_out = "Only 200 files are looked at at once; 3 more were left out."
    assert found.ignored == ((tmp_path / "200.nam", left_out),)


def test_a_stop_leaves_out_the_rest(tmp_path: Path) -> None:
    files = [saved(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")]
    answers = iter([False, True])
    found = sort_files(files, None, lambda: next(answers))
    assert found.recordings == (files[0],)
