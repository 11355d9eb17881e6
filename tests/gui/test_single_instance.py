from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from gui.started_app import WAIT_SECONDS, end, log_of, started, wait_until
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_engine.errors import ConfigError
from nam_gui import single_instance
from nam_gui.single_instance import TAKEN, SingleInstance
from nam_gui.start_request import MAX_BYTES, StartRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and sockets are Unix's")

REQUEST = StartRequest((Path("/amps/Wütend & laut.wav"),))


def socket_of(home: Path) -> list[Path]:
    return list(home.rglob("window.socket"))


# Processes


def test_a_second_start_hands_its_files_to_the_first(tmp_path: Path) -> None:
    working_folder = tmp_path / "amps"
    working_folder.mkdir()
    with started(tmp_path) as first:
        wait_until(lambda: bool(socket_of(tmp_path)))
        with started(tmp_path, "a take.wav", cwd=working_folder) as second:
            assert second.wait(WAIT_SECONDS) == 0
        wait_until(lambda: str(working_folder / "a take.wav") in log_of(tmp_path))
        assert end(first) == 0
    assert not socket_of(tmp_path)


def test_starts_in_the_same_moment_open_one_window(tmp_path: Path) -> None:
    assert_one_window_opens(tmp_path)


def test_what_a_crash_leaves_is_in_nobodys_way(tmp_path: Path) -> None:
    with started(tmp_path) as crashing:
        wait_until(lambda: bool(socket_of(tmp_path)))
        crashing.kill()
    assert socket_of(tmp_path)
    assert_one_window_opens(tmp_path)


def assert_one_window_opens(home: Path) -> None:
    """It has the files of all starts; the others end as if they had opened one."""
    names = [f"take {number}.wav" for number in range(3)]
    with ExitStack() as stack:
        processes = [stack.enter_context(started(home, home / name)) for name in names]
        wait_until(lambda: [process.poll() for process in processes].count(0) == len(names) - 1)
        wait_until(lambda: all(name in log_of(home) for name in names))
        assert [process.poll() for process in processes].count(None) == 1


def test_a_window_that_does_not_answer_loses_no_files(tmp_path: Path) -> None:
    with started(tmp_path) as hanging:
        wait_until(lambda: bool(socket_of(tmp_path)))
        hanging.send_signal(signal.SIGSTOP)
        with started(tmp_path, tmp_path / "take.wav") as second:
            wait_until(lambda: "take.wav" in log_of(tmp_path))
            assert second.poll() is None
            assert "does not answer" in log_of(tmp_path)


# What a caller may say


@pytest.fixture
def first(app: QApplication, tmp_path: Path) -> Iterator[SingleInstance]:
    first = SingleInstance(tmp_path)
    assert not first.hand_over(StartRequest())
    assert not first.problem
    yield first
    first.stop()


@pytest.fixture
def caller(first: SingleInstance, tmp_path: Path) -> QLocalSocket:
    socket = QLocalSocket(first)
    socket.connectToServer(str(tmp_path / "window.socket"))
    assert socket.waitForConnected(1_000)
    return socket


def test_only_the_user_himself_may_call(first: SingleInstance, tmp_path: Path) -> None:
    assert (tmp_path / "window.socket").stat().st_mode & 0o077 == 0


def test_a_request_is_taken(first: SingleInstance, caller: QLocalSocket, qtbot: QtBot) -> None:
    with qtbot.waitSignal(caller.disconnected), qtbot.waitSignal(first.requested) as requested:
        caller.write(REQUEST.to_line())
    assert requested.args == [REQUEST]
    assert bytes(caller.readAll().data()) == TAKEN


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\x00garbage",
        b"[" * 100_000,
        b"9" * 10_000,
        b"null",
        b'"files"',
        b"{}",
        b'{"files": "/a.wav", "demo": false, "activation_token": ""}',
        b'{"files": [["/a.wav"]], "demo": false, "activation_token": ""}',
        b'{"files": ["../a.wav"], "demo": false, "activation_token": ""}',
        b'{"files": ["/a\\u0000.wav"], "demo": false, "activation_token": ""}',
        b'{"files": [], "demo": 1, "activation_token": ""}',
        b'{"files": [], "demo": false, "activation_token": "a\\nb"}',
        b'{"files": [], "demo": false, "activation_token": "%s"}' % (b"a" * 300),
    ],
    ids=lambda line: line[:60].decode(errors="replace"),
)
def test_what_is_no_request_is_refused(
    first: SingleInstance, caller: QLocalSocket, qtbot: QtBot, line: bytes
) -> None:
    with (
        qtbot.assertNotEmitted(first.requested),
        qtbot.waitSignal(caller.disconnected),
    ):
        caller.write(line + b"\n")
    assert not caller.readAll()
    with pytest.raises(ConfigError):
        StartRequest.from_line(line)


def test_who_talks_without_end_is_cut_off(caller: QLocalSocket, qtbot: QtBot) -> None:
    with qtbot.waitSignal(caller.disconnected):
        caller.write(b" " * (4 * MAX_BYTES))


def test_who_says_nothing_is_cut_off(
    app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(single_instance, "CALLER_MS", 50)
    first = SingleInstance(tmp_path)
    assert not first.hand_over(StartRequest())
    socket = QLocalSocket(first)
    with qtbot.waitSignal(socket.disconnected):
        socket.connectToServer(str(tmp_path / "window.socket"))
    first.stop()


def test_names_of_any_bytes_arrive(tmp_path: Path) -> None:
    request = StartRequest((Path("/caf\udce9\n.wav"),), wants_demo=True, activation_token="a-1")
    assert StartRequest.from_line(request.to_line()) == request


# Who is the first


def test_after_the_end_of_the_first_the_next_is_it(first: SingleInstance, tmp_path: Path) -> None:
    first.stop()
    second = SingleInstance(tmp_path)
    assert not second.hand_over(REQUEST)
    assert (tmp_path / "window.socket").exists()
    second.stop()


def test_where_no_folder_can_be_made_each_opens_a_window(app: QApplication, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_each_opens_a_window(tmp_path / "file" / "folder")


def test_where_nobody_can_listen_each_opens_a_window(app: QApplication, tmp_path: Path) -> None:
    # Longer than the name of a socket may be.
    assert_each_opens_a_window(tmp_path / ("a" * 100) / ("b" * 100))


def assert_each_opens_a_window(folder: Path) -> None:
    for _ in range(2):
        instance = SingleInstance(folder)
        assert not instance.hand_over(REQUEST)
        assert "a window of their own (" in instance.problem
