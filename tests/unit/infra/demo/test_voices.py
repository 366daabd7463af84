"""Recordings for the talkers: made by flite, or one's own with every fault named."""

import subprocess
import wave
from pathlib import Path

import pytest

from infra.demo.script import PAUSE_S, Line, Part
from infra.demo.voices import flite_recordings, own_recordings
from schemas.errors import UsageError

SHORT = Part(name="Ann", voice="slt", lines=(Line("Good morning.", pause_s=1.0), Line("Thank you.")))


@pytest.fixture
def talkers(tmp_path: Path) -> Path:
    """A folder with one good pair, at another sample rate."""
    folder = tmp_path / "talkers"
    folder.mkdir()
    subprocess.run(["flite", "-voice", "slt", "-t", "Good morning.", "-o", folder / "Ann.wav"], check=True)
    (folder / "Ann.txt").write_text("Good morning.\n")
    return folder


def test_flite_speaks_the_script_at_48_khz_with_the_pauses(tmp_path: Path) -> None:
    """The file starts with the first line's silence and is as long as its layout says."""
    (recording,) = flite_recordings([SHORT], tmp_path)
    with wave.open(str(recording.wav)) as sound:
        samples = sound.readframes(sound.getnframes())
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (48000, 1, 2)
    assert not any(samples[: 48000 * 2])
    assert any(samples[48000 * 2 :])
    first, second = recording.layout.speech
    assert second.from_s - first.to_s == pytest.approx(PAUSE_S)
    assert len(samples) / 96000 == pytest.approx(second.to_s, abs=0.001)


def test_a_recording_that_is_there_is_kept(tmp_path: Path) -> None:
    """The second run of the demo does not speak it all again."""
    (made,) = flite_recordings([SHORT], tmp_path)
    made_at = made.wav.stat().st_mtime_ns
    (kept,) = flite_recordings([SHORT], tmp_path)
    assert kept.wav == made.wav
    assert kept.wav.stat().st_mtime_ns == made_at


def test_own_recordings_are_converted(talkers: Path, tmp_path: Path) -> None:
    """Any rate and format ffmpeg reads becomes 48 kHz mono; the words are the text's."""
    (recording,) = own_recordings(talkers, tmp_path / "out")
    with wave.open(str(recording.wav)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (48000, 1)
    assert recording.part.said == "Good morning."


def faulty(talkers: Path, tmp_path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        own_recordings(talkers, tmp_path / "out")
    assert caught.value.remedy
    return caught.value


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """No pair, no meeting."""
    assert "no NAME.wav" in faulty(tmp_path, tmp_path).message


def test_a_name_the_meeting_page_refuses_is_refused(talkers: Path, tmp_path: Path) -> None:
    """The page takes letters and digits only."""
    (talkers / "Ann.wav").rename(talkers / "Ann Lee.wav")
    assert "Ann Lee.wav" in faulty(talkers, tmp_path).message


def test_a_missing_text_is_named(talkers: Path, tmp_path: Path) -> None:
    """Without it nothing could be scored."""
    (talkers / "Ann.txt").unlink()
    assert "Ann.txt is missing" in faulty(talkers, tmp_path).message


def test_a_text_without_words_is_named(talkers: Path, tmp_path: Path) -> None:
    """Punctuation is nothing to say."""
    (talkers / "Ann.txt").write_text(" ... \n")
    assert "Ann.txt holds no words" in faulty(talkers, tmp_path).message


def test_a_file_that_is_no_sound_is_named(talkers: Path, tmp_path: Path) -> None:
    """A text under a sound's name is found before anything starts."""
    (talkers / "Ann.wav").write_text("not a sound")
    assert "Ann.wav is not a sound file" in faulty(talkers, tmp_path).message


def test_a_silent_recording_is_named(talkers: Path, tmp_path: Path) -> None:
    """Digital silence is a recording that failed."""
    with wave.open(str(talkers / "Ann.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48000)
        sound.writeframes(bytes(96000))
    assert "Ann.wav holds no sound" in faulty(talkers, tmp_path).message
