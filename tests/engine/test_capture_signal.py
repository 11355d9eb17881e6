from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from support import RATE_HZ, recording

from nam_engine.audio import Recording, read_recording
from nam_engine.capture_signal import capture_signal, write_capture_signal
from nam_engine.errors import AudioError
from nam_engine.signals import OWN, Match, find_blips, recognise

Audio = NDArray[np.float32]


@pytest.fixture(scope="module")
def signal() -> Audio:
    return capture_signal()


@pytest.fixture(scope="module")
def short() -> Audio:
    return capture_signal(60)


def seconds(audio: Audio, start: float, stop: float, rate_hz: int = RATE_HZ) -> Audio:
    """A passage; negative times count from the end."""
    return audio[round(start * rate_hz) : round(stop * rate_hz) or None]


def playing(audio: Audio, rate_hz: int = RATE_HZ) -> Audio:
    return seconds(audio, 20, -12, rate_hz)


def levels_db(audio: Audio, frame: int) -> NDArray[np.float64]:
    frames = audio[: len(audio) // frame * frame].reshape(-1, frame).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    return levels


def test_the_signal_is_repeatable_and_a_longer_one_begins_the_same(
    signal: Audio, short: Audio
) -> None:
    assert (len(signal), len(short)) == (190 * RATE_HZ, 60 * RATE_HZ)
    np.testing.assert_array_equal(capture_signal(60), short)
    np.testing.assert_array_equal(seconds(signal, 0, 47), seconds(short, 0, 47))


def test_both_validation_passages_are_equal_and_begin_and_end_in_silence(signal: Audio) -> None:
    first = seconds(signal, 0, 9)
    np.testing.assert_array_equal(first, seconds(signal, -9, 0))
    assert first[0] == 0
    assert abs(first[-1]) < 1e-9


@pytest.mark.parametrize("span", [(9, 10.25), (11.1, 11.5), (-12, -11), (-10.9, -10.25)])
def test_silence_surrounds_the_blips(signal: Audio, span: tuple[float, float]) -> None:
    assert not seconds(signal, *span).any()
    assert not seconds(signal, -10.2, -9).any()


def test_nothing_clips(signal: Audio) -> None:
    assert np.abs(signal).max() == pytest.approx(10 ** (-0.5 / 20))


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 44_100, 45_001])
def test_blips_are_single_samples_where_the_layout_has_them(rate_hz: int) -> None:
    audio = capture_signal(61.3, rate_hz)
    blips = [round(t * rate_hz) for t in OWN.blips]
    blips += [len(audio) + round(t * rate_hz) for t in OWN.end_blips]
    assert find_blips(Recording(audio, rate_hz, Path("take.wav"))) == blips
    np.testing.assert_array_equal(audio[blips], np.float32(0.9))
    for blip in blips:
        assert np.count_nonzero(audio[blip - rate_hz // 5 : blip + rate_hz // 5]) == 1


def test_sweeps_ramp_and_noise_are_at_their_levels(signal: Audio) -> None:
    peaks = [np.abs(seconds(signal, t, t + 2.25)).max() for t in (11.5, 13.75)]
    np.testing.assert_allclose(20 * np.log10(peaks), [-3, -26], atol=0.1)
    assert (np.diff(levels_db(seconds(signal, 16, 17), RATE_HZ // 10)[:-1]) > 5).all()
    noise_dbfs = levels_db(seconds(signal, 17, 20), RATE_HZ // 2)
    np.testing.assert_allclose(noise_dbfs, [-40, -40, -25, -25, -12, -12], atol=0.5)


def test_playing_covers_registers_and_dynamics(signal: Audio, short: Audio) -> None:
    for audio in (playing(signal), playing(short)):
        power = np.abs(np.fft.rfft(audio)) ** 2
        hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
        for low, high in ((30, 60), (60, 250), (250, 1_000), (1_000, 4_000), (4_000, 12_000)):
            share_db = 10 * np.log10(power[(low < hz) & (hz < high)].sum() / power.sum())
            assert share_db > -27, (low, high)
        levels = levels_db(audio, 2 * RATE_HZ // 5)
        assert np.ptp(levels) > 40
        assert 10 * np.log10(np.mean(10 ** (levels / 10))) == pytest.approx(-20, abs=1)
        assert abs(audio.mean(dtype=np.float64)) < 1e-4


def test_playing_is_seldom_silent(signal: Audio) -> None:
    assert np.mean(levels_db(playing(signal), RATE_HZ // 10) < -70) < 0.05
    assert levels_db(seconds(signal, 0, 9), RATE_HZ // 2).min() > -60


@pytest.mark.parametrize("rate_hz", [44_100, 96_000])
def test_another_rate_has_the_same_music(short: Audio, rate_hz: int) -> None:
    ours = levels_db(playing(short), RATE_HZ // 20)
    theirs = levels_db(playing(capture_signal(60, rate_hz), rate_hz), rate_hz // 20)
    audible = ours > -60
    np.testing.assert_allclose(theirs[audible], ours[audible], atol=0.5)


def test_recognised_at_every_length_and_rate(signal: Audio) -> None:
    for audio, rate_hz in (
        (signal, RATE_HZ),
        (capture_signal(60, 96_000), 96_000),
        (capture_signal(75.5, 44_100), 44_100),
    ):
        found = recognise(Recording(audio, rate_hz, Path("take.wav")))
        assert found is not None
        assert (found.known, found.match) == (OWN, Match.STRUCTURE)
        assert (found.missing_samples, found.nominal_samples) == (0, len(audio))


def test_recognised_quieter_trimmed_and_at_16_bits(signal: Audio) -> None:
    dither = np.random.default_rng(0).uniform(-0.5, 0.5, (2, len(signal))).sum(axis=0)
    cut = RATE_HZ // 2
    for audio, missing in (
        (0.3 * signal, 0),
        (np.round(2**15 * signal + dither) / 2**15, 0),
        (signal[cut:-cut], cut),
        (np.round(2**15 * 0.3 * signal + dither)[cut:-cut] / 2**15, cut),
    ):
        found = recognise(recording(audio))
        assert found is not None
        assert (found.known, found.match) == (OWN, Match.STRUCTURE)
        assert (found.missing_samples, found.nominal_samples) == (missing, len(signal))
        assert found.replicates is not None
        assert [len(span) for span in found.replicates] == [9 * RATE_HZ - 2 * missing] * 2


def test_written_as_24_bit_mono_without_overwriting(tmp_path: Path, short: Audio) -> None:
    path = tmp_path / "signal.WAV"
    write_capture_signal(path, 60, RATE_HZ)
    info = soundfile.info(path)
    assert (info.format, info.subtype, info.channels) == ("WAV", "PCM_24", 1)
    assert info.samplerate == RATE_HZ
    np.testing.assert_allclose(read_recording(path).samples, short, rtol=0, atol=2**-23)
    with pytest.raises(AudioError, match="exists already"):
        write_capture_signal(path)
    assert [p.name for p in tmp_path.iterdir()] == ["signal.WAV"]


@pytest.mark.parametrize(
    ("name", "length", "rate_hz", "expected"),
    [
        ("signal.flac", 190, RATE_HZ, "does not end in .wav"),
        ("signal.wav", 59.9, RATE_HZ, "59.9 seconds"),
        ("signal.wav", 601, RATE_HZ, "601 seconds"),
        ("signal.wav", float("nan"), RATE_HZ, "nan seconds"),
        ("signal.wav", 190, 22_050, "22050 samples per second"),
        ("signal.wav", 190, 384_000, "384000 samples per second"),
        ("missing/signal.wav", 60, RATE_HZ, "cannot be written"),
        ("x" * 300 + ".wav", 60, RATE_HZ, "cannot be written"),
    ],
)
def test_unusable_requests_are_refused_in_words(
    tmp_path: Path, name: str, length: float, rate_hz: int, expected: str
) -> None:
    with pytest.raises(AudioError, match=expected) as caught:
        write_capture_signal(tmp_path / name, length, rate_hz)
    assert caught.value.remedy
    assert not list(tmp_path.iterdir())
