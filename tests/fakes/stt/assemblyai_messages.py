"""AssemblyAI's streaming messages (v3), as its published specification and its SDK spell them. Pure.

Word times are whole milliseconds since the session's first sample.
"""

from collections.abc import Sequence
from typing import Any

from tests.fakes.stt.ear import HeardWord

EXPIRES_AT = 1_800_000_000


def begin(session_id: str, model: str) -> dict[str, Any]:
    configuration = {"model": model, "api_version": "2025-05-12"}
    return {"type": "Begin", "id": session_id, "expires_at": EXPIRES_AT, "configuration": configuration}


def speech_started(timestamp_ms: int) -> dict[str, Any]:
    return {"type": "SpeechStarted", "timestamp": timestamp_ms, "confidence": 0.98}


def turn(
    order: int,
    words: Sequence[HeardWord],
    rate_hz: int,
    *,
    finals: int,
    end_of_turn: bool = False,
    formatted: bool = False,
    language: str = "",
) -> dict[str, Any]:
    """`Turn`: everything heard in the turn so far, of which the first `finals` words will not change any more."""
    text = " ".join(word.text for word in words)
    transcript = f"{text}." if formatted and text else text
    said: dict[str, Any] = {
        "type": "Turn",
        "turn_order": order,
        "turn_is_formatted": formatted,
        "end_of_turn": end_of_turn,
        "transcript": transcript,
        "end_of_turn_confidence": 0.9 if end_of_turn else 0.1,
        "utterance": transcript if end_of_turn else "",
        "words": [_word(word, rate_hz, final=number < finals) for number, word in enumerate(words)],
    }
    if language:
        said |= {"language_code": language, "language_confidence": 0.99}
    return said


def error(code: int, text: str) -> dict[str, Any]:
    """What comes just before the socket is closed with the same code."""
    return {"type": "Error", "error_code": code, "error": text}


def termination(audio_s: int, session_s: int) -> dict[str, Any]:
    return {"type": "Termination", "audio_duration_seconds": audio_s, "session_duration_seconds": session_s}


def _word(word: HeardWord, rate_hz: int, *, final: bool) -> dict[str, Any]:
    return {
        "start": word.from_sample * 1000 // rate_hz,
        "end": word.to_sample * 1000 // rate_hz,
        "text": word.text,
        "confidence": 0.98,
        "word_is_final": final,
    }
