"""Deepgram's streaming messages (v1), as its published specification spells them. Pure.

Source: the AsyncAPI description in deepgram/deepgram-api-specs. Times are seconds since the connection's first sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fakes.stt.ear import HeardWord

MODEL_UUID = "00000000-0000-4000-8000-00000000face"


@dataclass(frozen=True)
class Wording:
    """What the messages of one connection have in common."""

    request_id: str
    rate_hz: int
    model: str
    language: str
    punctuate: bool
    single_precision: bool = False

    def seconds(self, samples: int) -> float:
        """Exact, or rounded as a server does that counts in single precision."""
        exact = samples / self.rate_hz
        return float(np.float32(exact)) if self.single_precision else exact


def results(
    wording: Wording,
    span: tuple[int, int],
    words: Sequence[HeardWord],
    *,
    is_final: bool,
    speech_final: bool = False,
    from_finalize: bool = False,
) -> dict[str, Any]:
    """`Results` over the samples of `span`."""
    spoken = [_word(wording, word) for word in words]
    alternative = {
        "transcript": " ".join(word["word"] for word in spoken),
        "confidence": 0.99 if spoken else 0.0,
        "words": spoken,
    }
    if wording.language == "multi" and spoken:
        alternative["languages"] = ["en"]
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": wording.seconds(span[1]) - wording.seconds(span[0]),
        "start": wording.seconds(span[0]),
        "is_final": is_final,
        "speech_final": speech_final,
        "channel": {"alternatives": [alternative]},
        "metadata": {
            "request_id": wording.request_id,
            "model_info": {"name": wording.model, "version": "2026-01-01.0", "arch": "nova-3"},
            "model_uuid": MODEL_UUID,
        },
        "from_finalize": from_finalize,
    }


def speech_started(wording: Wording, sample: int) -> dict[str, Any]:
    return {"type": "SpeechStarted", "channel": [0, 1], "timestamp": wording.seconds(sample)}


def utterance_end(wording: Wording, last_word_end: int) -> dict[str, Any]:
    return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": wording.seconds(last_word_end)}


def metadata(wording: Wording, samples: int) -> dict[str, Any]:
    """What follows the last `Results` after CloseStream."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": wording.request_id,
        "sha256": "0" * 64,
        "created": "2026-01-01T00:00:00.000Z",
        "duration": wording.seconds(samples),
        "channels": 1,
    }


def _word(wording: Wording, word: HeardWord) -> dict[str, Any]:
    spoken: dict[str, Any] = {
        "word": word.text,
        "start": wording.seconds(word.from_sample),
        "end": wording.seconds(word.to_sample),
        "confidence": 0.99,
    }
    if wording.punctuate:
        spoken["punctuated_word"] = word.text
    if wording.language == "multi":
        spoken["language"] = "en"
    return spoken
