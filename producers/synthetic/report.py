"""What a synthetic run has made: counts for its last line, and who said what where as JSON lines. Pure but for its file."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from producers.synthetic.bot import Said
from schemas.events import AudioChunk, BotEvent, ParticipantEvent, Record
from schemas.timebase import SAMPLES_PER_UNIT, UNIT_MS
from schemas.vocabulary import ChunkKind


class Report:
    """Told of everything sent and said. `script` gets a line for every line that somebody said, as soon as it is over."""

    def __init__(self, script: TextIO | None) -> None:
        self._script = script
        self._records: Counter[type[Record]] = Counter()
        self._units: Counter[ChunkKind] = Counter()
        self._lines = self._words = 0

    def sent(self, record: Record) -> None:
        self._records[type(record)] += 1
        if isinstance(record, AudioChunk):
            self._units[record.kind] += record.units

    def said(self, lines: Iterable[Said]) -> None:
        for said in lines:
            self._lines += 1
            self._words += len(said.line.words) or len(said.line.text.split())
            if self._script:
                self._script.write(json.dumps(_line(said)) + "\n")
                self._script.flush()

    def summary(self) -> dict[str, object]:
        """The counts, by plain names."""
        return {
            "audio_records": self._records[AudioChunk],
            "participant_events": self._records[ParticipantEvent],
            "bot_events": self._records[BotEvent],
            "audio_ms": self._units[ChunkKind.AUDIO] * UNIT_MS,
            "silence_ms": self._units[ChunkKind.SILENCE] * UNIT_MS,
            "lines": self._lines,
            "words": self._words,
        }


def _line(said: Said) -> dict[str, object]:
    """Places in samples of the stream, as in results."""
    line = said.line
    return {
        "bot_id": said.bot_id,
        "stream_id": said.stream_id,
        "epoch": 0,
        "participant_id": said.participant_id,
        "text": line.text,
        "cut": line.cut,
        "from_sample": line.from_unit * SAMPLES_PER_UNIT,
        "to_sample": line.to_unit * SAMPLES_PER_UNIT,
        "words": [
            {
                "text": word.text,
                "from_sample": word.from_unit * SAMPLES_PER_UNIT,
                "to_sample": word.to_unit * SAMPLES_PER_UNIT,
            }
            for word in line.words
        ],
    }
