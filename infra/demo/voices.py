"""Recordings for the talkers' microphones: flite speaks the script, or one's own files are taken. 48 kHz mono WAV."""

import hashlib
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.demo.score import words_of
from infra.demo.script import Layout, Part, layout, own_parts
from schemas.errors import UsageError
from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

FORMAT = ("-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-")


@dataclass(frozen=True)
class Recording:
    """What one talker's microphone plays."""

    part: Part
    wav: Path
    layout: Layout


def flite_recordings(parts: Sequence[Part], folder: Path) -> tuple[Recording, ...]:
    """Synthesise every part; a recording that is there already is kept."""
    _demand("flite", "ffmpeg")
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_recorded(part, [_spoken(part, line.text, folder) for line in part.lines], folder) for part in parts)


def own_recordings(talkers: Path, folder: Path) -> tuple[Recording, ...]:
    """Take `talkers`/NAME.wav with NAME.txt beside it; raises UsageError that names the file and the remedy."""
    _demand("ffmpeg")
    folder.mkdir(parents=True, exist_ok=True)
    wavs = sorted(talkers.glob("*.wav"))
    if not wavs:
        raise UsageError(
            f"--talkers: no NAME.wav in {talkers}", remedy="put NAME.wav and NAME.txt there, one pair a talker"
        )
    pcm = {wav.stem: _own_pcm(wav) for wav in wavs}
    parts = own_parts([(wav.stem, _own_text(wav), _seconds(pcm[wav.stem])) for wav in wavs])
    return tuple(_recorded(part, [pcm[part.name]], folder) for part in parts)


def _recorded(part: Part, spoken: Sequence[bytes], folder: Path) -> Recording:
    placed = layout(part.lines, [_seconds(pcm) for pcm in spoken])
    silences = [_silence(line.pause_s) for line in part.lines]
    sound = b"".join(piece for pair in zip(silences, spoken, strict=True) for piece in pair)
    wav = folder / f"{part.name}-{hashlib.sha256(sound).hexdigest()[:12]}.wav"
    if not wav.exists():
        _write(wav, sound)
    return Recording(part, wav, placed)


def _spoken(part: Part, text: str, folder: Path) -> bytes:
    """One line in flite's voice, kept by what was asked for."""
    key = hashlib.sha256(f"{part.voice}\n{text}".encode()).hexdigest()[:16]
    kept = folder / f"line-{key}.pcm"
    if not kept.exists():
        spoken = kept.with_suffix(".wav")
        subprocess.run(["flite", "-voice", str(part.voice), "-t", text, "-o", str(spoken)], check=True)
        kept.write_bytes(_converted(spoken))
        spoken.unlink()
    return kept.read_bytes()


def _converted(sound: Path) -> bytes:
    """Any sound file as 48 kHz mono samples; raises CalledProcessError for what ffmpeg cannot read."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(sound), *FORMAT]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _own_pcm(wav: Path) -> bytes:
    if not (wav.stem.isascii() and wav.stem.isalnum()):
        raise UsageError(
            f"--talkers: {wav.name}: a talker's name has letters and digits only", remedy="rename the file"
        )
    try:
        pcm = _converted(wav)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UsageError(
            f"--talkers: {wav.name} is not a sound file: {''.join(said)}", remedy="record it again"
        ) from error
    if not any(pcm):
        raise UsageError(f"--talkers: {wav.name} holds no sound", remedy="record it again")
    return pcm


def _own_text(wav: Path) -> str:
    text = wav.with_suffix(".txt")
    if not text.is_file():
        raise UsageError(f"--talkers: {text.name} is missing", remedy=f"write what is said in {wav.name} into it")
    said = text.read_text("utf-8", errors="replace").strip()
    if not words_of(said):
        raise UsageError(f"--talkers: {text.name} holds no words", remedy=f"write what is said in {wav.name} into it")
    return said


def _demand(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} missing on this machine", remedy="`earshot doctor` says how to get it"
        )


def _seconds(pcm: bytes) -> float:
    return len(pcm) / (SAMPLE_RATE_HZ * BYTES_PER_SAMPLE)


def _silence(seconds: float) -> bytes:
    return bytes(round(seconds * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE)


def _write(path: Path, pcm: bytes) -> None:
    unfinished = path.with_suffix(".part")
    with wave.open(str(unfinished), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(BYTES_PER_SAMPLE)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(pcm)
    unfinished.rename(path)
