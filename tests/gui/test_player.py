"""What is heard, with a fake of the sound output: no device, no sound."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from gui.fake_sound import FakeOutput
from numpy.typing import NDArray
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nam_gui.mixer import FADE_SECONDS, Mixer, level_matched
from nam_gui.player import Player
from nam_gui.sound_output import SampleStream, SoundOutput, encoded

RATE_HZ = 48_000
FADE = round(FADE_SECONDS * RATE_HZ)
Samples = NDArray[np.float32]


def tone(seconds: float = 0.5, level: float = 0.3, hz: float = 441.0) -> Samples:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def largest_step(samples: Samples) -> float:
    return float(np.abs(np.diff(samples)).max())


def mixer(*tracks: Samples) -> Mixer:
    mixer = Mixer(RATE_HZ)
    mixer.set_tracks(tracks)
    mixer.begin()
    return mixer


def test_tracks_are_as_loud_as_the_recording() -> None:
    matched = level_matched([tone(level=0.3), tone(level=0.1), tone(level=0.5, hz=800)])
    assert [rms(track) for track in matched] == pytest.approx([rms(tone(level=0.3))] * 3, rel=1e-6)


def test_a_peak_that_would_clip_lowers_all() -> None:
    spiky = 0.5 * tone()
    spiky[100] = 0.5
    recording, model = level_matched([tone(level=0.9), spiky])
    assert np.abs(model).max() == pytest.approx(1)
    assert rms(recording) == pytest.approx(rms(model))
    assert rms(recording) < rms(tone(level=0.9))


def test_what_plays_nothing_or_no_numbers_is_quiet() -> None:
    hiss = tone(level=1e-6)
    broken = tone()
    broken[5:9] = np.nan
    _, silent, quiet, healed = level_matched([tone(), np.zeros_like(hiss), hiss, broken])
    assert not silent.any()
    assert np.abs(quiet).max() < 1e-4
    assert np.isfinite(healed).all()


def test_it_loops_without_a_click() -> None:
    track = tone(0.5 + 0.0007)  # the end does not meet the beginning
    heard = np.concatenate([mixer(track).read(3 * len(track))])
    assert largest_step(heard) < 1.3 * largest_step(track)
    loop = len(track) - FADE
    np.testing.assert_array_equal(heard[loop + FADE : 2 * loop], heard[2 * loop + FADE : 3 * loop])


@pytest.mark.parametrize("block", [64, 1000, 10_000])
def test_switching_keeps_the_place_and_clicks_nowhere(block: int) -> None:
    first, second = tone(), np.roll(tone(), 7)
    playing = mixer(first, second)
    blocks = [playing.read(block)]
    while sum(map(len, blocks)) < 20_000:
        playing.choose(len(blocks) % 2)
        blocks.append(playing.read(block))
    heard = np.concatenate(blocks)
    assert largest_step(heard) < 1.3 * largest_step(first)
    playing.choose(1)
    rest = playing.read(2000)
    at = (len(heard) + np.arange(2000)) % (len(first) - FADE)
    is_steady = (np.arange(2000) > FADE) & (at > FADE)
    np.testing.assert_allclose(rest[is_steady], second[at[is_steady]], atol=1e-7)


def test_nearly_the_same_tracks_keep_their_level_while_they_fade() -> None:
    playing = mixer(tone(), 1.001 * tone())
    playing.read(1000)
    playing.choose(1)
    place = round(playing.seconds() * RATE_HZ)
    np.testing.assert_allclose(playing.read(FADE), tone()[place : place + FADE], atol=1e-3)


def test_new_tracks_go_on_where_the_old_ones_were() -> None:
    playing = mixer(tone())
    before = playing.read(4000)
    playing.set_tracks([np.roll(tone(), 5)])
    after = playing.read(4000)
    assert largest_step(np.concatenate([before, after])) < 1.3 * largest_step(tone())
    np.testing.assert_allclose(after[FADE:], np.roll(tone(), 5)[4000 + FADE : 8000], atol=1e-7)


def test_it_begins_and_ends_softly_and_goes_on_from_there() -> None:
    playing = mixer(tone())
    heard = playing.read(4000)
    playing.end()
    heard = np.concatenate([heard, playing.read(4000)])
    assert heard[0] == pytest.approx(0, abs=1e-3)
    assert largest_step(heard) < 1.3 * largest_step(tone())
    assert not heard[4000 + FADE :].any()
    assert not len(playing.read(100))
    playing.begin()
    np.testing.assert_allclose(playing.read(4000)[FADE:], tone()[8000 + FADE : 12_000], atol=1e-7)


def test_tracks_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Mixer(RATE_HZ).set_tracks([tone(0.1), tone(0.2)])


def test_samples_are_encoded_as_the_device_wants_them() -> None:
    samples = np.array([0.0, 0.5, -1.0, 1.5], np.float32)
    as_float = np.frombuffer(encoded(samples, 2, is_float=True), np.float32)
    np.testing.assert_array_equal(as_float, np.repeat(samples, 2))
    as_int = np.frombuffer(encoded(samples, 1, is_float=False), np.int16)
    np.testing.assert_array_equal(as_int, [0, 16384, -32767, 32767])


@pytest.mark.parametrize(("channels", "kind"), [(1, np.float32), (2, np.int16)])
def test_silence_goes_before_and_after(
    app: QApplication, channels: int, kind: type[np.generic]
) -> None:
    parts = [np.full(300, 0.5, np.float32)]
    stream = SampleStream(
        lambda _: parts.pop() if parts else np.empty(0, np.float32),
        channels,
        kind is np.float32,
        100,
        app,
    )
    frame, loud = channels * np.dtype(kind).itemsize, []
    while not stream.is_over:
        pulled = np.frombuffer(stream.readData(300 * frame), kind)[::channels]
        loud += list(pulled != 0)
    assert loud == [False] * 100 + [True] * 300 + [False] * 100
    assert not stream.readData(300 * frame)
    parts.append(np.full(300, 0.5, np.float32))
    assert len(stream.readData(300 * frame)) == 300 * frame
    assert not stream.is_over
    stream.close()


# The player


@pytest.fixture
def output() -> FakeOutput:
    return FakeOutput()


@pytest.fixture
def player(qtbot: QtBot, output: FakeOutput) -> Player:
    player = Player(output)
    player.set_tracks([tone(), tone(hz=882)], RATE_HZ)
    return player


def test_plays_the_chosen_track_and_stops(player: Player, output: FakeOutput, qtbot: QtBot) -> None:
    player.choose(1)
    with qtbot.waitSignal(player.playing_changed, check_params_cb=bool):
        player.play()
    heard = output.pull(4000)
    np.testing.assert_allclose(heard[2 * FADE :], tone(hz=882)[2 * FADE : 4000], atol=1e-3)
    with qtbot.waitSignal(player.playing_changed, check_params_cb=lambda on: not on):
        player.stop()
    assert len(output.pull(4000))
    assert not len(output.pull(4000))
    assert not output.is_open


def test_says_where_it_is(player: Player, output: FakeOutput, qtbot: QtBot) -> None:
    player.play()
    output.pull(RATE_HZ // 4)
    with qtbot.waitSignal(player.moved) as moved:
        pass
    assert moved.args == [pytest.approx(0.25, abs=0.001)]


def test_better_models_are_heard_at_once(player: Player, output: FakeOutput) -> None:
    player.choose(1)
    player.play()
    before = output.pull(4000)
    player.set_tracks([tone(), np.roll(tone(hz=882), 3)], RATE_HZ)
    after = output.pull(4000)
    assert output.opened == [RATE_HZ]
    assert largest_step(np.concatenate([before, after])) < 1.3 * largest_step(tone(hz=882))
    np.testing.assert_allclose(
        after[FADE:], np.roll(tone(hz=882), 3)[4000 + FADE : 8000], atol=1e-3
    )


def test_plays_at_the_rate_of_the_output(player: Player, output: FakeOutput) -> None:
    output.only_rate_hz = 44_100
    player.play()
    heard = output.pull(4410)
    time = np.arange(4410) / 44_100
    expected = 0.3 * np.sin(2 * np.pi * 441 * time)
    np.testing.assert_allclose(heard[1000:], expected[1000:], atol=2e-3)


def test_without_output_it_says_why(player: Player, output: FakeOutput, qtbot: QtBot) -> None:
    output.only_rate_hz = 0
    with qtbot.waitSignal(player.reason_changed) as reason:
        player.play()
    assert reason.args == ["nothing to hear with"]
    assert not player.is_playing


def test_without_tracks_it_plays_nothing(player: Player, output: FakeOutput) -> None:
    player.play()
    player.clear()
    assert not player.is_playing
    assert not output.is_open
    player.play()
    assert not player.is_playing


def test_another_output_goes_on_in_the_middle(player: Player, output: FakeOutput) -> None:
    player.play()
    output.pull(12_000)
    output.only_rate_hz = 44_100
    output.close()
    output.changed.emit()
    assert player.is_playing
    assert output.opened == [RATE_HZ, 44_100]
    output.only_rate_hz = 0
    output.close()
    output.changed.emit()
    assert not player.is_playing


def test_an_output_that_fails_ends_the_playing(player: Player, output: FakeOutput) -> None:
    player.play()
    output.close()
    output.ended.emit()
    assert not player.is_playing


def test_a_missing_library_is_told(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    assert "Sound cannot be played here" in SoundOutput().find()


def test_looking_for_the_real_output_warns_of_nothing(qtbot: QtBot) -> None:
    """Whether there is one or not; the fixture fails on what Qt says."""
    output = SoundOutput()
    reason = output.find()
    assert bool(reason) == (output.rate_for(RATE_HZ) == 0)
