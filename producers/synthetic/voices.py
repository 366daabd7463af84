"""SHELL: recorded lines for speakers, from flite or from a folder of sound files. 48 kHz mono, kept between runs."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from producers.synthetic.sentences import SENTENCES, VOICES
from producers.synthetic.speech import Line, whole_units
from schemas.errors import UsageError
from schemas.timebase import SAMPLE_RATE_HZ

FORMAT = ("-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-")


def flite_lines(folder: Path, speakers: int) -> list[list[Line]]:
    """The sentences in as many of flite's voices as `speakers` need; what was synthesised before is kept in `folder`."""
    _demand("flite", "ffmpeg", option="without --wav-dir")
    folder.mkdir(parents=True, exist_ok=True)
    return [
        [Line(text, whole_units(_spoken(voice, text, folder))) for text in SENTENCES] for voice in VOICES[:speakers]
    ]


def own_lines(wav_dir: Path) -> list[list[Line]]:
    """One speaker for each NAME.wav, who says it over and over; NAME.txt beside it, if there is one, is what is said."""
    _demand("ffmpeg", option="for --wav-dir")
    found = [[line] for line in _own(wav_dir)]
    if not found:
        raise UsageError(f"--wav-dir: no NAME.wav in {wav_dir}", remedy="put sound files there, one for each speaker")
    return found


def _own(wav_dir: Path) -> Iterator[Line]:
    for wav in sorted(wav_dir.glob("*.wav")):
        text = wav.with_suffix(".txt")
        try:
            pcm = _converted(wav)
        except subprocess.CalledProcessError as error:
            raise UsageError(f"--wav-dir: {wav.name} is not a sound file", remedy="record it again") from error
        if not any(pcm):
            raise UsageError(f"--wav-dir: {wav.name} holds no sound", remedy="record it again")
        yield Line(text.read_text("utf-8", "replace").strip() if text.is_file() else "", whole_units(pcm))


def _spoken(voice: str, text: str, folder: Path) -> bytes:
    kept = folder / f"{hashlib.sha256(f'{voice} {text}'.encode()).hexdigest()[:16]}.pcm"
    if not kept.exists():
        wav, unfinished = kept.with_suffix(".wav"), kept.with_suffix(".part")
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(wav)], check=True)
        unfinished.write_bytes(_converted(wav))
        unfinished.rename(kept)
        wav.unlink()
    return kept.read_bytes()


def _converted(sound: Path) -> bytes:
    """Any sound file as 48 kHz mono samples; raises CalledProcessError for what ffmpeg cannot read."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(sound), *FORMAT]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _demand(*tools: str, option: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} is needed {option}",
            remedy="`earshot doctor` says how to get it, or use --numbers",
        )
